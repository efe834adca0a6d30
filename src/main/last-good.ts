import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { type Gathered, parseSecretReference } from '../config/index.ts';
import { type HeldKeys, SIGNATURE_ALGORITHMS } from '../credential/index.ts';
import type { HeldTargets } from '../discovery/index.ts';
import {
  type Alerts,
  type Files,
  type Keyring,
  type Log,
  type SecretReference,
  TARGET_LIMIT,
  UPSTREAM_TARGETS,
} from '../ports/index.ts';
import { packPieces, unpackPieces } from './sealed-pieces.ts';

/** What a configuration had from outside: documents by URL, secrets by `secretName`. Files of this machine are not in it. */
export interface Outside {
  readonly documents: ReadonlyMap<string, Uint8Array>;
  readonly secrets: ReadonlyMap<string, Uint8Array>;
}

/** What keeping takes. */
export interface LastGoodOptions {
  /** The data folder. */
  readonly folder: string;
  readonly files: Pick<Files, 'read' | 'replace'>;
  readonly keyring: Pick<Keyring, 'seal' | 'open'>;
  readonly alerts: Pick<Alerts, 'raise'>;
  readonly log: Log;
}

const PURPOSE = 'last-good';
/** Bound to what is sealed: a file of another format, or one file in the place of the other, does not open. */
const CONTEXT = { outside: 'outside 1', keys: 'keys 1', targets: 'targets 1' } as const;
const NAME = { outside: 'last-good', keys: 'last-good-keys', targets: 'last-good-targets' } as const;
/** The file of what came from outside. */
const LAST_GOOD_FILE = NAME.outside;
const MODE = 0o600;
/** Sealed at once and held in memory for that; a configuration with more documents behind URLs than this is not kept. */
const LIMIT_BYTES = { outside: 64 * 1024 * 1024, keys: 16 * 1024 * 1024, targets: 64 * 1024 * 1024 } as const;

type Kind = keyof typeof NAME;

/**
 * Keeps what the configuration in force had from outside, the keys of its issuers and the targets of its upstreams,
 * sealed in the data folder, so that the gateway starts also while all that is down. What is damaged, cut short, sealed
 * under another key or of another format is an alert and counts as absent. Nothing here rejects.
 */
export class LastGood {
  readonly #options: LastGoodOptions;
  /** The hash of what is kept, so that it is not written again. */
  #kept = '';

  constructor(options: LastGoodOptions) {
    this.#options = options;
  }

  /** Keeps what this configuration had from outside, in place of what was kept before. */
  async keep(gathered: Gathered): Promise<void> {
    if (gathered.hash === this.#kept) return;
    const { documents, secrets } = outsideOf(gathered);
    const plain = packPieces([
      ['text', Buffer.from(textHash(gathered.text))],
      ...[...documents].map(([url, bytes]) => [`document ${url}`, bytes] as const),
      ...[...secrets].map(([name, bytes]) => [`secret ${name}`, bytes] as const),
    ]);
    if (await this.#write('outside', plain)) this.#kept = gathered.hash;
  }

  /** What was kept of a configuration with exactly this text, or null. */
  async find(text: string): Promise<Outside | null> {
    const plain = await this.#read('outside');
    if (plain === null) return null;
    const pieces = unpackPieces(plain);
    if (!pieces.ok) return this.#damaged('outside', pieces.error);
    const hash = Buffer.from(pieces.value.get('text') ?? []).toString();
    if (hash !== textHash(text)) return null;
    const of = (kind: string): ReadonlyMap<string, Uint8Array> =>
      new Map(
        [...pieces.value].flatMap(([name, bytes]) =>
          name.startsWith(`${kind} `) ? [[name.slice(kind.length + 1), bytes] as const] : [],
        ),
      );
    return { documents: of('document'), secrets: of('secret') };
  }

  /** Keeps the keys of issuers, in place of those kept before. */
  async keepKeys(held: readonly HeldKeys[]): Promise<void> {
    await this.#write('keys', Buffer.from(JSON.stringify(held)));
  }

  /** The keys that were kept; none where there are none to be had. */
  async findKeys(): Promise<readonly HeldKeys[]> {
    return await this.#readList('keys', HELD_KEYS);
  }

  /** Keeps the targets that were found, in place of those kept before. */
  async keepTargets(held: readonly HeldTargets[]): Promise<void> {
    await this.#write('targets', Buffer.from(JSON.stringify(held)));
  }

  /** The targets that were kept; none where there are none to be had. */
  async findTargets(): Promise<readonly HeldTargets[]> {
    return await this.#readList('targets', HELD_TARGETS);
  }

  async #readList<T>(kind: Kind, schema: z.ZodType<readonly T[]>): Promise<readonly T[]> {
    const plain = await this.#read(kind);
    if (plain === null) return [];
    try {
      const parsed = schema.safeParse(JSON.parse(Buffer.from(plain).toString('utf8')));
      return parsed.success ? parsed.data : (this.#damaged(kind, 'holds something else') ?? []);
    } catch {
      return this.#damaged(kind, 'is no JSON') ?? [];
    }
  }

  async #write(kind: Kind, plain: Uint8Array): Promise<boolean> {
    const { folder, files, keyring, alerts, log } = this.#options;
    const path = join(folder, NAME[kind]);
    if (plain.byteLength > LIMIT_BYTES[kind]) {
      log.write(
        'warn',
        'last-good.too-large',
        'what came from outside is too large to be kept for a start without it',
        {
          bytes: plain.byteLength,
        },
      );
      return false;
    }
    const written = await files.replace(path, keyring.seal(PURPOSE, plain, CONTEXT[kind]), MODE);
    if (written.ok) return true;
    const message = 'what a start without the outside needs could not be kept';
    alerts.raise({
      kind: 'data-folder.fault',
      key: NAME[kind],
      severity: 'medium',
      message,
      fields: { detail: written.error.detail },
    });
    return false;
  }

  async #read(kind: Kind): Promise<Uint8Array | null> {
    const { folder, files, keyring } = this.#options;
    const read = await files.read(join(folder, NAME[kind]), LIMIT_BYTES[kind] + 1_024);
    if (!read.ok) return read.error.reason === 'missing' ? null : this.#damaged(kind, 'can not be read');
    const opened = keyring.open(PURPOSE, read.value, CONTEXT[kind]);
    return opened.ok ? opened.value : this.#damaged(kind, opened.error);
  }

  #damaged(kind: Kind, detail: string): null {
    this.#options.alerts.raise({
      kind: 'data-folder.fault',
      key: NAME[kind],
      severity: 'high',
      message: `the file ${NAME[kind]} of the data folder ${detail}, and is not used`,
      fields: { file: NAME[kind] },
    });
    return null;
  }
}

/** Whether an earlier run has kept anything in this data folder. */
export async function hasLastGood(
  { files }: { readonly files: Pick<Files, 'facts'> },
  folder: string,
): Promise<boolean> {
  return (await files.facts(join(folder, LAST_GOOD_FILE))).ok;
}

/** How a resolved reference is called among what is kept. */
export function secretName(reference: SecretReference): string {
  switch (reference.scheme) {
    case 'env':
      return `env:${reference.name}`;
    case 'file':
      return `file:${reference.path}`;
    case 'vault':
      return `vault:${reference.path}#${reference.field}`;
  }
}

function textHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function outsideOf({ config, documents, secrets, file }: Gathered): Outside {
  const byUrl = config.apis.flatMap(({ name, source }) => {
    const bytes = Object.hasOwn(documents, name) ? documents[name] : undefined;
    const isOutside = source.kind === 'openapi' && source.location.includes('://') && bytes !== undefined;
    return isOutside ? [[source.location, new Uint8Array(bytes)] as const] : [];
  });
  const folder = file.slice(0, file.lastIndexOf('/')) || '/';
  const byName = Object.entries(secrets).flatMap(([written, bytes]) => {
    const reference = parseSecretReference(written, folder);
    return reference.ok ? [[secretName(reference.value), bytes] as const] : [];
  });
  return { documents: new Map(byUrl), secrets: new Map(byName) };
}

const HELD_TARGETS = z
  .array(
    z.strictObject({
      key: z.string(),
      atMs: z.number(),
      targets: z
        .array(
          z.strictObject({
            host: z.string().min(1).max(253),
            port: z.int().min(1).max(65_535),
            weight: z.int().min(1).max(1_000),
          }),
        )
        .max(TARGET_LIMIT),
    }),
  )
  .max(UPSTREAM_TARGETS.rowLimit);

const HELD_KEYS = z
  .array(
    z.strictObject({
      table: z.string(),
      url: z.string(),
      atMs: z.number(),
      rows: z.array(
        z.strictObject({
          thumbprint: z.string(),
          kid: z.string().nullable(),
          algorithms: z.array(z.enum(SIGNATURE_ALGORITHMS)).min(1),
          issuer: z.exactOptional(z.string()),
          jwk: z.record(z.string(), z.string()),
        }),
      ),
    }),
  )
  .max(10_000);
