import { isIP } from 'node:net';
import { z } from 'zod';
import { canonicalAddress, err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import type { ClientTrustConfig, Config, HttpsHostConfig } from './config.ts';
import { readHost } from './host-name.ts';
import { formatKeyPath } from './key-path.ts';
import { absolute } from './path.ts';
import { parsed, path, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** More names than anybody keeps in a file by hand. */
const NAME_LIMIT = 1_000;
const NAME_LIMIT_CHARACTERS = 1_024;
/** Each trust costs a TLS context for every certificate that it is used with. */
const HOST_LIMIT = 500;

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
    'What these CAs have revoked, PEM or DER: then each of them must have a list that is not past its end.',
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

const host = z.strictObject({ ...trustKeys }).superRefine((value, context) => tellOfStrays(value, context));

/** The key `server.https.hosts`. */
export const httpsHosts = z
  .record(parsed(readNamedHost), host)
  .refine((hosts) => Object.keys(hosts).length <= HOST_LIMIT, { error: `at most ${HOST_LIMIT} hosts can be named` })
  .optional()
  .meta({ description: 'What single hosts have of their own, by the name that clients ask for.' });

/** Clients name no address in the handshake (RFC 6066 §3): what is said of one would be asked of nobody. */
function readNamedHost(value: string): Result<string, string> {
  const read = readHost(value);
  if (!read.ok || (isIP(read.value) === 0 && !read.value.startsWith('['))) return read;
  return err(words('clients name no address in the handshake', 'name a host, or say it of all at `server.https`'));
}

/** What is written of clients. */
interface RawTrust {
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

/** The hosts; where one says nothing of clients, it is as for all. */
export function toHosts(
  raw: NonNullable<z.output<typeof httpsHosts>>,
  standard: ClientTrustConfig | null,
  file: string,
): readonly HttpsHostConfig[] {
  return Object.entries(raw).map(([name, said]) => {
    const at = formatKeyPath(['server', 'https', 'hosts', name]);
    return { name, clients: said.clientCa === undefined ? standard : toClients(said, at, file) };
  });
}

/** Every trust of a configuration, each once. */
export function clientTrusts({ server }: Config): readonly ClientTrustConfig[] {
  const { clients, hosts } = server.https;
  const all = [clients, ...hosts.map((one) => one.clients)].filter((trust) => trust !== null);
  return [...new Map(all.map((trust) => [trust.path, trust])).values()];
}

/**
 * A host that no API names is mostly a slip, and its clients are judged as those of all others. An API without a host
 * answers for all: what one host asks of clients, nobody needs to show who asks for another.
 */
export function hostWarnings({ server, apis }: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const { clients, hosts } = server.https;
  const warn = (path: string, message: string, fix: string): Issue => {
    const place = (Object.hasOwn(places, path) ? places[path] : undefined) ?? null;
    return { ...errorIssue(path, message, { place, fix }), severity: 'warning' };
  };
  const open = apis.filter(({ host }) => host === null);
  if (open.length === 0) {
    const known = new Set(apis.map(({ host }) => host));
    return hosts
      .filter(({ name }) => !known.has(name))
      .map(({ name }) =>
        warn(
          formatKeyPath(['server', 'https', 'hosts', name]),
          'no API answers for this host',
          'name a `host` of an API',
        ),
      );
  }
  const all = [clients, ...hosts.map((one) => one.clients)];
  if (all.every((trust) => trust === null) || all.every((trust) => trust !== null)) return [];
  const fix = 'give the API its `host`';
  return open.map(({ path }) =>
    warn(path, 'answers for every host, so also where clients are asked for no certificate', fix),
  );
}

/** One name of a client's certificate, with its kind first, in the form in which names are compared. */
function readClientName(value: string): Result<string, string> {
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
