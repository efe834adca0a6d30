import { isIP } from 'node:net';
import { z } from 'zod';
import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import type { AcmeAuthority, AcmeConfig, Config } from './config.ts';
import { hasOwnCertificate } from './own-certificate.ts';
import { absolute } from './path.ts';
import { placeAt } from './place-at.ts';
import { duration, parsed, path, uniqueList } from './scalars.ts';
import { parseSecretReference } from './secret-reference.ts';
import { readWebUrl } from './web-url.ts';
import { words } from './words.ts';

/** CAs that have a name here, by the URL of their directory. */
const DIRECTORIES = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
  zerossl: 'https://acme.zerossl.com/v2/DV90',
  google: 'https://dv.acme-v02.api.pki.goog/directory',
} as const satisfies Record<string, string>;

/** Each costs an order, and a context in each thread. */
const NAME_LIMIT = 500;
const EMAIL_LIMIT_CHARACTERS = 254;
const HOST = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const CA = `The CA: the URL of its ACME directory, or one of ${Object.keys(DIRECTORIES).join(', ')}.`;
const directory = parsed(readDirectory).meta({ title: 'name or URL' });

const externalAccount = z.strictObject({
  id: parsed(readKeyId).meta({ title: 'text', description: 'The key’s id, as the CA gave it.' }),
  key: z.string().transform(readKeyReference).meta({
    title: 'reference',
    description: 'The HMAC key, base64url as the CA gave it: `${file:PATH}` or `${env:NAME}`.',
  }),
});

const authority = {
  directory: directory.prefault('letsencrypt').meta({ description: CA }),
  eab: externalAccount.optional().meta({
    description: 'What binds us to an account of yours with the CA, where it demands that (RFC 8555 §7.3.4).',
  }),
  ca: path('The CAs that vouch for the directory’s own https, PEM, instead of those of the system.').optional(),
};

const challenge = z.union(
  [
    z.enum(['auto', 'http-01', 'tls-alpn-01']),
    z.strictObject({
      'dns-01': z
        .strictObject({
          hook: path('The program that changes the DNS: `HOOK present|cleanup NAME VALUE`.'),
          settle: duration(
            '30s',
            { from: '0s', to: '5m' },
            'How long the name servers take to tell of what the program has put in.',
          ),
        })
        .meta({ description: 'By a record that a program of yours puts into the DNS (RFC 8555 §8.4).' }),
    }),
  ],
  {
    error: words(
      'expected auto, http-01, tls-alpn-01, or dns-01 with a hook',
      'write auto, or { dns-01: { hook: FILE } }',
    ),
  },
);

/** The keys of `server.https.certificate.acme`. */
export const acmeSchema = z.strictObject({
  email: parsed(readEmail).meta({ title: 'address', description: 'Where the CA writes when something is wrong.' }),
  ...authority,
  fallback: uniqueList(z.strictObject({ ...authority, directory: directory.meta({ description: CA }) }), {
    least: 1,
    most: 4,
    what: 'CA',
    nameOf: (one) => one.directory,
  })
    .optional()
    .meta({ description: 'CAs that are asked, in turn, where the first fails for good or three times in a row.' }),
  challenge: challenge.prefault('auto').meta({
    description:
      'How the CA is shown that a host is ours: on port 80, on port 443, what works of these with port 443 first, or by DNS.',
  }),
  profile: parsed(readProfile).optional().meta({
    title: 'name',
    description: 'The kind of certificate, by the CA’s own name for it, such as `shortlived`.',
  }),
  names: uniqueList(parsed(readHost), { least: 1, most: NAME_LIMIT, what: 'host' })
    .optional()
    .meta({ description: 'The hosts to have certificates for; the `host` of each API if left out.' }),
  folder: path(
    'Where several nodes keep these certificates together; each keeps its own if left out.',
    'FOLDER',
  ).optional(),
});

/** Fills in what depends on where the configuration file lies, and on what is listened on. */
export function toAcmeConfig(
  raw: z.output<typeof acmeSchema>,
  { file, http }: { readonly file: string; readonly http: boolean },
): AcmeConfig {
  const toAuthority = (one: Pick<typeof raw, 'directory' | 'eab' | 'ca'>): AcmeAuthority => ({
    directory: one.directory,
    externalAccount: one.eab ?? null,
    caFile: one.ca === undefined ? null : absolute(one.ca, file),
  });
  return {
    kind: 'acme',
    email: raw.email,
    authorities: [raw, ...(raw.fallback ?? [])].map(toAuthority),
    ...toChallenges(raw.challenge, { file, http }),
    profile: raw.profile ?? null,
    names: raw.names ?? null,
    folder: raw.folder === undefined ? null : absolute(raw.folder, file),
  };
}

function toChallenges(
  raw: z.output<typeof challenge>,
  { file, http }: { readonly file: string; readonly http: boolean },
): Pick<AcmeConfig, 'challenges' | 'dnsHook'> {
  if (typeof raw === 'object') {
    const { hook, settle } = raw['dns-01'];
    return { challenges: ['dns-01'], dnsHook: { path: absolute(hook, file), settleMs: settle } };
  }
  const both = ['tls-alpn-01', ...(http ? (['http-01'] as const) : [])] as const;
  return { challenges: raw === 'auto' ? both : [raw], dnsHook: null };
}

/** What is wrong with certificates by ACME beside the rest of the configuration. */
export function acmeIssues({ server, apis }: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const { certificate } = server.https;
  if (certificate.kind !== 'acme') return [];
  const issues: Issue[] = [];
  const add = (path: string, message: string, fix: string): void => {
    issues.push(errorIssue(path, message, { place: places[path] ?? null, fix }));
  };
  const path = 'server.https.certificate.acme';
  if (server.http === null && certificate.challenges.includes('http-01')) {
    add(
      `${path}.challenge`,
      'http-01 is answered on the http port, which is off',
      'write tls-alpn-01, or open server.http',
    );
  }
  const directories = certificate.authorities.map(({ directory: url }) => url);
  const twice = directories.find((one, at) => directories.indexOf(one) < at);
  if (twice !== undefined) add(`${path}.fallback`, `${twice} is asked first already`, 'name another CA');
  if (certificate.folder !== null && certificate.dnsHook === null) {
    const fix = 'write challenge: { dns-01: { hook: FILE } }, or leave folder out';
    add(`${path}.folder`, 'of several nodes a CA may come to one that has no answer on its ports', fix);
  }
  for (const [at, name] of (certificate.names ?? []).entries()) {
    if (hasOwnCertificate(server.https, name)) {
      const message = `${name} has a certificate of its own under \`server.https.hosts\``;
      add(`${path}.names[${at}]`, message, 'take it away in one of the two places');
    }
    if (!name.startsWith('*.') || certificate.dnsHook !== null) continue;
    add(`${path}.names[${at}]`, 'CAs certify a wildcard by DNS only', 'write challenge: { dns-01: { hook: FILE } }');
  }
  if (certificate.names !== null) return issues;
  const others = apis.filter(({ host }) => host === null || !hasOwnCertificate(server.https, host));
  const hosts = new Set(others.map(({ host }) => host));
  if (hosts.size > NAME_LIMIT) {
    const message = `${hosts.size} hosts are more than the ${NAME_LIMIT} that there may be certificates for`;
    add(path, message, 'list under `names` those that need one');
  }
  for (const api of others) {
    const fix = 'name its host, or list `names` under acme';
    if (api.host === null) add(api.path, 'no CA gives a certificate for an API without a `host`', fix);
    else if (!isCertifiable(api.host)) add(`${api.path}.host`, 'no public CA gives a certificate for this host', fix);
  }
  return issues;
}

/** Hosts of APIs that `names` leaves out: their clients see the local CA's certificate. */
export function acmeWarnings({ server, apis }: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const { certificate } = server.https;
  if (certificate.kind !== 'acme' || certificate.names === null) return [];
  const names = new Set(certificate.names);
  return apis.flatMap(({ path: api, host }) => {
    if (host === null || hasOwnCertificate(server.https, host)) return [];
    if (names.has(host) || names.has(`*${host.slice(host.indexOf('.'))}`)) return [];
    const path = `${api}.host`;
    const place = placeAt(places, path);
    const message = 'no certificate is asked for this host, since `names` does not list it';
    const fix = 'list it under `names` of acme, or leave those out';
    return [{ ...errorIssue(path, message, { place, fix }), severity: 'warning' as const }];
  });
}

function readDirectory(value: string): Result<string, string> {
  if (Object.hasOwn(DIRECTORIES, value)) return ok(DIRECTORIES[value as keyof typeof DIRECTORIES]);
  const url = readWebUrl(value, { query: true });
  // Names of accounts are kept under it.
  if (url.ok && url.value.startsWith('https://') && value.length <= 512) return url;
  const fix = `write an https URL, or one of ${Object.keys(DIRECTORIES).join(', ')}`;
  return err(words('this is no ACME directory', fix));
}

function readEmail(value: string): Result<string, string> {
  // It goes into a mailto URL: what would mean something there is left out, as CAs do (RFC 8555 §7.3).
  const sound =
    value.length <= EMAIL_LIMIT_CHARACTERS && /^[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/.test(value);
  return sound ? ok(value) : err(words('must be one e-mail address', 'such as ops@acme.example'));
}

function readHost(value: string): Result<string, string> {
  const host = value.toLowerCase().replace(/\.$/, '');
  if (isCertifiable(host.replace(/^\*\./, ''))) return ok(host);
  return err(words('must be a host name that a public CA can certify', 'such as api.acme.example'));
}

/** Addresses and names without a dot are nothing that a public CA certifies. */
function isCertifiable(host: string): boolean {
  return HOST.test(host) && isIP(host) === 0;
}

function readProfile(value: string): Result<string, string> {
  return /^[A-Za-z0-9._-]{1,64}$/.test(value) ? ok(value) : err('must be the name of a profile of the CA');
}

function readKeyId(value: string): Result<string, string> {
  return /^[\x21-\x7e]{1,256}$/.test(value) ? ok(value) : err('must be the id that the CA gave');
}

/** Someone may have put the key itself here: nothing of the text is repeated. */
function readKeyReference(value: string, context: z.RefinementCtx<string>): string {
  const reference = parseSecretReference(value, '/');
  if (reference.ok) return value;
  const message = words('a key is never written into the configuration', 'use ${file:PATH} or ${env:NAME}');
  context.issues.push({ code: 'custom', message, input: '' });
  return z.NEVER;
}
