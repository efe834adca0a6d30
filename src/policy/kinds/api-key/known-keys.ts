import { AddressSet, parseAddress } from '../../../base/index.ts';
import {
  API_KEY_HASH_ROW,
  API_KEY_HASH_TABLE,
  API_KEY_TABLES,
  type ApiKeyFault,
  type ApiKeyHash,
  type ApiKeyHashRow,
  type ApiKeyRow,
  apiKeyTableOf,
  createApiKeyHash,
  readApiKey,
} from '../../../credential/index.ts';
import type { TableVersion } from '../../../ports/index.ts';
import type { RoleTable, Sources } from '../../kind.ts';
import { Notes } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';

/** Who calls by an API key, as `issuer` of a Principal: no issuer of tokens may be called so. */
const API_KEY_ISSUER = 'api-key';

/** Why a key opens nothing. Only the record says it. */
export type ApiKeyRefusal =
  | ApiKeyFault
  | 'environment'
  | 'unknown'
  | 'secret'
  | 'revoked'
  | 'disabled'
  | 'expired'
  | 'api'
  | 'address';

/** Where and when a key is shown. */
export interface ShownAt {
  readonly api: string;
  readonly environment: string;
  readonly address: string;
  readonly nowMs: number;
}

/** A key that is in the table, as this Snapshot sees it. */
export interface KnownKey {
  readonly id: string;
  readonly verdict: AuthenticateVerdict;
  readonly addresses: AddressSet | null;
  /** The minute of the wall clock at which its use was told last. */
  toldMinute: number;
}

/** What is said of a text that is shown as a key. */
export type KeyJudgement = KnownKey | ApiKeyRefusal;

const NO_TEXTS: readonly string[] = Object.freeze([]);

/** The API keys of a node, as one Snapshot judges them: by the live table alone, so that nothing outlives it. */
export class KnownKeys {
  readonly #roles: RoleTable;
  readonly #tables: ReadonlyMap<string, () => TableVersion<ApiKeyRow>>;
  readonly #hashTable: () => TableVersion<ApiKeyHashRow>;
  readonly #known = new WeakMap<ApiKeyRow, KnownKey>();
  #hashVersion: TableVersion<ApiKeyHashRow> | null = null;
  #hash: ApiKeyHash | null = null;

  constructor(roles: RoleTable, got: Pick<Sources, 'table'>) {
    this.#roles = roles;
    this.#tables = new Map(API_KEY_TABLES.map(({ name }) => [name, got.table<ApiKeyRow>(name)]));
    this.#hashTable = got.table<ApiKeyHashRow>(API_KEY_HASH_TABLE.name);
  }

  /**
   * Judges a text. Whatever is wrong with it, it is hashed once and looked up once: how long that takes tells nothing.
   * What has another form than a key names no row.
   */
  judge(text: string, at: ShownAt): KeyJudgement {
    const shown = this.#hashed(text);
    const parts = readApiKey(text);
    const row = this.#row(parts.ok ? parts.value.id : NOBODY);
    if (!parts.ok) return parts.error;
    if (parts.value.environment !== at.environment) return 'environment';
    if (row === undefined) return 'unknown';
    // Both are hashes under a key that nobody outside knows: what comes first of them tells nothing of the key.
    if (row.hash !== shown) return 'secret';
    return refusalOf(row, at) ?? this.#open(parts.value.id, row, at);
  }

  /** Whether a text is a key that was given out, whatever became of it since: its id, and its hash. */
  recognize(text: string): { readonly id: string; readonly hash: string } | null {
    const parts = readApiKey(text);
    if (!parts.ok) return null;
    const { id } = parts.value;
    const hash = this.#row(id)?.hash;
    return hash !== undefined && hash === this.#hashed(text) ? { id, hash } : null;
  }

  #open(id: string, row: ApiKeyRow, { address }: ShownAt): KeyJudgement {
    const known = this.#known.get(row) ?? this.#learn(id, row);
    return known.addresses === null || isIn(known.addresses, address) ? known : 'address';
  }

  #learn(id: string, row: ApiKeyRow): KnownKey {
    const verdict: AuthenticateVerdict = Object.freeze({
      kind: 'identified',
      principal: principalOf(id, row, this.#roles),
    });
    const addresses = row.addresses === null ? null : AddressSet.of(row.addresses);
    const known = { id, verdict, addresses, toldMinute: 0 };
    this.#known.set(row, known);
    return known;
  }

  #row(id: string): ApiKeyRow | undefined {
    return this.#tables.get(apiKeyTableOf(id))?.().rows.get(id);
  }

  #hashed(text: string): string {
    const version = this.#hashTable();
    if (version !== this.#hashVersion || this.#hash === null) {
      const row = version.rows.get(API_KEY_HASH_ROW);
      if (row === undefined) throw new Error('the key of the hashes of API keys is not there');
      this.#hash = createApiKeyHash(Buffer.from(row.hashKey, 'base64'));
      this.#hashVersion = version;
    }
    return this.#hash(text);
  }
}

/** No key has this id, and a table is asked for it all the same. */
const NOBODY = '0';

/** Why a key opens nothing whose secret is right. */
function refusalOf({ state, expiresAtMs, apis }: ApiKeyRow, { api, nowMs }: ShownAt): ApiKeyRefusal | null {
  if (state !== 'active') return state;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return 'expired';
  return apis === null || apis.includes(api) ? null : 'api';
}

function isIn(addresses: AddressSet, address: string): boolean {
  const zone = address.indexOf('%');
  const parsed = parseAddress(zone < 0 ? address : address.slice(0, zone));
  return parsed.ok && addresses.has(parsed.value);
}

/** Whom a key stands for. What a scope says takes away from what its roles permit, and adds nothing. */
function principalOf(id: string, row: ApiKeyRow, roles: RoleTable): Principal {
  const granted = roles.permissionsOf(row.roles);
  const { name, owner } = row;
  return Object.freeze({
    kind: 'key',
    issuer: API_KEY_ISSUER,
    subject: row.subject,
    clientId: row.subject,
    credentialId: id,
    sessionId: null,
    tenant: row.tenant,
    roles: row.roles,
    scopes: row.scopes,
    permissions: row.scopes === null ? granted : granted.intersect(roles.named(row.scopes)),
    claims: Object.freeze(owner === null ? { name } : { name, owner }),
    assurance: Object.freeze({ acr: null, amr: NO_TEXTS, authTimeMs: null }),
    confirmation: null,
    expiresAtMs: row.expiresAtMs ?? Number.POSITIVE_INFINITY,
    notes: new Notes(),
  } satisfies Principal);
}
