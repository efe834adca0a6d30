import { isIP } from 'node:net';
import { z } from 'zod';
import { canonicalAddress, err, ok, type Result } from '../base/index.ts';
import type { ClientTrustConfig, Config } from './config.ts';
import { absolute } from './path.ts';
import { parsed, path, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** More names than anybody keeps in a file by hand. */
const NAME_LIMIT = 1_000;
const NAME_LIMIT_CHARACTERS = 1_024;

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DNS_NAME = new RegExp(`^(?:\\*\\.${LABEL}|${LABEL})(?:\\.${LABEL})+$`);

/** What stands beside `clientCa`, for all hosts and for one. */
export const trustKeys = {
  clientCa: z
    .union([z.literal('off').meta({ description: 'Clients are asked for no certificate.' }), path('CAs, PEM.')])
    .optional()
    .meta({
      description:
        'Clients must show a certificate that one of these CAs vouches for; `off` asks for none. For a single host: as for all hosts if left out.',
    }),
  clientCrl: path(
    'What these CAs have revoked, PEM or DER: then each of them must have a list, and one that is past its end lets nobody in.',
  ).optional(),
  clientNames: uniqueList(parsed(readClientName).meta({ title: 'name' }), {
    least: 1,
    most: NAME_LIMIT,
    what: 'name',
  })
    .optional()
    .meta({
      description:
        'Whose certificates count of those that the CAs vouch for, such as `dns:*.partner.example`, `uri:spiffe://acme/billing`, `email:`, `ip:` or `subject:O=Partner,CN=batch`; all if left out.',
    }),
};

/** What is written of clients. */
export interface RawTrust {
  readonly clientCa?: string | undefined;
  readonly clientCrl?: string | undefined;
  readonly clientNames?: readonly string[] | undefined;
}

/** Keys that would hold for nobody: what they say of certificates, nobody is asked for. */
export function tellOfStrays(value: RawTrust, context: z.RefinementCtx): void {
  if (value.clientCa !== undefined && value.clientCa !== 'off') return;
  for (const key of ['clientCrl', 'clientNames'] as const) {
    if (value[key] === undefined) continue;
    const message = words('this says nothing without a `clientCa` beside it', 'name the CAs that it is about');
    context.addIssue({ code: 'custom', path: [key], message });
  }
}

/** Fills in what depends on where the configuration file lies; `at` is the key path of what was written. */
export function toClients(raw: RawTrust, at: string, file: string): ClientTrustConfig | null {
  const { clientCa, clientCrl, clientNames } = raw;
  if (clientCa === undefined || clientCa === 'off') return null;
  return {
    caFile: absolute(clientCa, file),
    crlFile: clientCrl === undefined ? null : absolute(clientCrl, file),
    names: clientNames ?? null,
    path: at,
  };
}

/** Every trust of a configuration, each once. */
export function clientTrusts({ server }: Config): readonly ClientTrustConfig[] {
  const { clients, hosts } = server.https;
  const all = [clients, ...hosts.map((one) => one.clients)].filter((trust) => trust !== null);
  return [...new Map(all.map((trust) => [trust.path, trust])).values()];
}

/** One name of a client's certificate, with its kind first, in the form in which names are compared. */
export function readClientName(value: string): Result<string, string> {
  const colon = value.indexOf(':');
  const [kind, name] = [value.slice(0, colon), value.slice(colon + 1)];
  if (colon < 1 || name === '' || value.length > NAME_LIMIT_CHARACTERS || /[\x00-\x1f\x7f]/.test(value)) return UNKNOWN;
  switch (kind) {
    case 'dns': {
      const lower = name.toLowerCase();
      return DNS_NAME.test(lower)
        ? ok(`dns:${lower}`)
        : err(words('this is no host name', 'such as dns:a.partner.example, or dns:*.partner.example'));
    }
    case 'uri':
      return /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/.test(name) ? ok(value) : err('this is no URI');
    case 'email':
      return /^[\x21-\x7e]+@[\x21-\x7e]+$/.test(name) ? ok(value) : err('this is no e-mail address');
    case 'ip': {
      const address = isIP(name) === 0 ? null : canonicalAddress(name);
      return address === null ? err('this is no IP address') : ok(`ip:${address}`);
    }
    case 'subject':
      return readSubject(name);
    default:
      return UNKNOWN;
  }
}

const UNKNOWN = err(
  words(
    'a name of a certificate begins with its kind: dns:, uri:, email:, ip: or subject:',
    'such as dns:batch.partner.example',
  ),
);

/** Spaces behind the commas between parts, and around a plus, are left out, as some programs write them; escaped ones belong to a value. */
function readSubject(text: string): Result<string, string> {
  let subject = '';
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith(' + ', at)) at++;
    subject += text[at];
    if (text[at] === '\\') subject += text[++at] ?? '';
    else if (text[at] === ',' || text[at] === '+') while (text[at + 1] === ' ') at++;
  }
  const parts = /^(?:[A-Za-z0-9.-]+=(?:[^\\,]|\\.)*(?:,|$))+$/;
  return parts.test(subject) && !subject.endsWith(',')
    ? ok(`subject:${subject}`)
    : err(words('this is no subject', 'such as subject:O=Partner,CN=batch, in the order of the certificate'));
}

/** When the first list of each file of them ends, by the file's path; none where no list is named. */
export async function revocationEnds({
  config,
  files,
}: {
  readonly config: Config;
  readonly files: Readonly<Record<string, Uint8Array>>;
}): Promise<ReadonlyMap<string, number>> {
  const named = new Set(clientTrusts(config).flatMap(({ crlFile }) => crlFile ?? []));
  if (named.size === 0) return new Map();
  const { endOfLists } = await import('./revocation-lists.ts');
  return new Map(
    [...named].flatMap((file) => {
      const bytes = Object.hasOwn(files, file) ? files[file] : undefined;
      return bytes === undefined ? [] : [[file, endOfLists(bytes)] as const];
    }),
  );
}
