import { z } from 'zod';
import { didYouMean, err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import {
  CERTIFICATE_SUBJECTS,
  type Carriers,
  type CertificateClients,
  type CertificateEntry,
  type CertificateUse,
  type MtlsConfig,
} from '../policy/index.ts';
import { readClientName } from './client-trust.ts';
import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import type { ApiConfig, AuthConfig, ClientTrustConfig, Config, OperationConfig } from './config.ts';
import { placeAt } from './place-at.ts';
import { parsePermission } from './roles.ts';
import { parsed, uniqueList } from './scalars.ts';
import { API_KEY, MTLS, SESSION_WAY } from './sign-in-ways.ts';
import { words } from './words.ts';

type Places = Readonly<Record<string, Place>>;

/** Words of `auth` for what is never bound to a certificate. */
const UNBOUND: ReadonlySet<string> = new Set([API_KEY, SESSION_WAY]);

/** As many as a file holds that people keep by hand. */
const CERTIFICATE_LIMIT = 2_000;
const LIST_LIMIT = 100;
const TEXT_LIMIT = 1_024;

const name = (description: string) => parsed(readText).optional().meta({ title: 'text', description });

const certificate = z.strictObject({
  match: parsed(readMatch).meta({
    title: 'name or fingerprint',
    description:
      'Which certificate it is: `uri:spiffe://acme/billing`, `dns:*.partner.example`, `email:`, `ip:`, `subject:O=Partner,CN=batch`, or `sha256:` and its fingerprint.',
  }),
  issuer: parsed(readAuthorityName).optional().meta({
    title: 'subject',
    description:
      'The subject of the CA of `clientCa` that vouches for it, such as CN=Partners; any of them if left out.',
  }),
  subject: name('What the caller is called, where the certificate itself does not say it.'),
  roles: uniqueList(parsed(readText).meta({ title: 'role' }), { least: 0, most: LIST_LIMIT, what: 'role' })
    .prefault([])
    .meta({ description: 'The roles of the caller.' }),
  scopes: uniqueList(parsed(parsePermission).meta({ title: 'scope' }), { least: 0, most: LIST_LIMIT, what: 'scope' })
    .optional()
    .meta({ description: 'What its roles are narrowed to.' }),
  tenant: name('The tenant of the caller.'),
});

/** The key `clients`. */
export const clientsSchema = z
  .strictObject({
    subject: z.enum(CERTIFICATE_SUBJECTS).prefault('dn').meta({
      description:
        'What of a certificate says who calls: its whole subject (`dn`), its common name (`cn`), or its only name of a kind.',
    }),
    unlisted: z.enum(['refuse', 'identify']).optional().meta({
      description:
        'A certificate that is not listed is refused, or identifies a caller without roles. `refuse` where any is listed, unless said otherwise.',
    }),
    certificates: uniqueList(certificate, {
      least: 0,
      most: CERTIFICATE_LIMIT,
      what: 'certificate',
      nameOf: ({ match, issuer }) => `${match}\n${issuer ?? ''}`,
    })
      .prefault([])
      .meta({ description: 'What the callers of single certificates may do.' }),
  })
  .prefault({})
  .meta({ description: 'Who calls by a certificate, where `auth` has the word `mtls`.' });

/** The clients, with the defaults that hang together. */
export function toCertificateClients(raw: z.output<typeof clientsSchema>): CertificateClients {
  const { subject, unlisted, certificates } = raw;
  return {
    subject,
    unlisted: unlisted ?? (certificates.length === 0 ? 'identify' : 'refuse'),
    certificates: certificates.map(
      (one, index): CertificateEntry => ({
        match: one.match,
        issuer: one.issuer ?? null,
        subject: one.subject ?? null,
        roles: one.roles,
        scopes: one.scopes ?? null,
        tenant: one.tenant ?? null,
        path: `clients.certificates[${index}]`,
      }),
    ),
  };
}

function readText(value: string): Result<string, string> {
  return value !== '' && value.length <= TEXT_LIMIT && !/[\x00-\x1f\x7f]/.test(value)
    ? ok(value)
    : err(`must be text of 1 to ${TEXT_LIMIT} characters, without control characters`);
}

function readMatch(value: string): Result<string, string> {
  if (!value.startsWith('sha256:')) return readClientName(value);
  const digits = value.slice('sha256:'.length).replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return ok(`sha256:${digits}`);
  const fix = 'openssl x509 -in client.pem -noout -fingerprint -sha256';
  return err(words('a fingerprint has 64 hexadecimal digits, with or without colons', fix));
}

/** Reads the subject of a CA, in the spelling that certificates which it signed have. An error is in `words`. */
export function readAuthorityName(value: string): Result<string, string> {
  const read = readClientName(`subject:${value}`);
  return read.ok ? ok(read.value.slice('subject:'.length)) : read;
}

type Operations = readonly (readonly [name: string, operation: Pick<OperationConfig, 'auth'>])[];

/** Whether a certificate lets callers in. */
function takesCertificates(auth: AuthConfig): auth is readonly string[] {
  return auth !== 'public' && auth.includes(MTLS);
}

/** Null where no operation takes certificates. `carriers` tells where credentials of an `auth` stand in a head. */
export function mtlsConfig(
  api: Pick<ApiConfig, 'auth'>,
  operations: Operations,
  { clients, carriers }: { readonly clients: CertificateClients; readonly carriers: (auth: AuthConfig) => Carriers },
): MtlsConfig | null {
  const useOf = (auth: AuthConfig): CertificateUse | null =>
    takesCertificates(auth) ? { others: carriers(auth), alone: auth.length === 1 } : null;
  const own = operations.flatMap(([operation, { auth }]) => (auth === null ? [] : [[operation, useOf(auth)] as const]));
  const all = useOf(api.auth);
  if (all === null && own.every(([, use]) => use === null)) return null;
  return { clients, api: all, operations: Object.fromEntries(own) };
}

/** What can not be kept of what is said of certificates. */
export function certificateClientIssues(config: Config, places: Places): readonly Issue[] {
  const issue = (path: string, message: string, fix: string): Issue =>
    errorIssue(path, message, { place: placeAt(places, path), fix });
  const takers = takersOf(config);
  const unasked = takers
    .filter(({ host }) => trustsAt(config, host).includes(null))
    .map(({ path, host }) =>
      issue(
        path,
        host === null
          ? 'clients of some hosts are asked for no certificate, and this API answers for every host'
          : `clients of ${host} are asked for no certificate`,
        'name a `clientCa` for it below `server.https`, or take mtls away',
      ),
    );
  // Every client there shows a certificate, and only a token can be bound to it.
  const besides = config.apis.flatMap(({ auth, path, operations }) =>
    [{ auth, path }, ...Object.values(operations)].flatMap((one) => {
      const others =
        one.auth === null || !takesCertificates(one.auth) ? [] : one.auth.filter((word) => UNBOUND.has(word));
      const message = `every client shows a certificate here, and ${others[0]} would name a second caller beside it`;
      return others.length === 0
        ? []
        : [issue(`${one.path}.auth`, message, 'let operations take the one or the other')];
    }),
  );
  const isIdle = takers.length === 0 && Object.hasOwn(places, 'clients');
  const idle = isIdle
    ? [issue('clients', 'no API takes certificates', 'write mtls into `auth`, or take this key away')]
    : [];
  return [...unasked, ...besides, ...idle, ...entryIssues(config, issue)];
}

/** What lets callers in by certificates: its host, and the key that says so. */
function takersOf({ apis }: Config): readonly { readonly host: string | null; readonly path: string }[] {
  return apis.flatMap(({ auth, host, path, operations }) =>
    [{ auth, path }, ...Object.values(operations)].flatMap((one) =>
      one.auth !== null && takesCertificates(one.auth) ? [{ host, path: `${one.path}.auth` }] : [],
    ),
  );
}

/** Who judges the clients of sessions in which such a host can be asked for; null where nobody does. */
function trustsAt({ server: { https } }: Config, host: string | null): readonly (ClientTrustConfig | null)[] {
  if (host !== null) return [(https.hosts.find((one) => one.name === host) ?? https).clients];
  const named = https.hosts.filter((one) => !one.name.startsWith('*.'));
  return [https.clients, ...named.map(({ clients }) => clients)];
}

/** The key paths of all whose word says who calls. */
export function callerTrusts(config: Config): ReadonlySet<string> {
  const hosts = new Set(takersOf(config).map(({ host }) => host));
  return new Set([...hosts].flatMap((host) => trustsAt(config, host).flatMap((trust) => trust?.path ?? [])));
}

function entryIssues(
  { clients: { certificates }, roles }: Config,
  issue: (path: string, message: string, fix: string) => Issue,
): readonly Issue[] {
  const known = roles.map((role) => role.name);
  const strange = certificates.flatMap((one) =>
    one.roles.flatMap((role, index) =>
      known.includes(role)
        ? []
        : [
            issue(
              `${one.path}.roles[${index}]`,
              `there is no role ${JSON.stringify(role)}`,
              didYouMean(role, known) ?? 'define it below `roles`',
            ),
          ],
    ),
  );
  const byMatch = Map.groupBy(certificates, ({ match }) => match);
  const twice = certificates.flatMap((one) => {
    const others = [...(byMatch.get(one.match) ?? []), ...(byMatch.get(wildcardOf(one.match)) ?? [])];
    const other = others.find(
      (each) => each !== one && (each.issuer === null || one.issuer === null || each.issuer === one.issuer),
    );
    // Of two alike the later is told.
    const isTold =
      other !== undefined && (other.match !== one.match || certificates.indexOf(other) < certificates.indexOf(one));
    if (!isTold) return [];
    const message = `a certificate of this name fits ${other.path} too, and whose rights it has could not be told`;
    return [issue(`${one.path}.match`, message, 'keep one of them, or name the `issuer` of each')];
  });
  return [...strange, ...twice];
}

/** The pattern that stands for a host name; a name of another kind has none. */
function wildcardOf(match: string): string {
  const isName = match.startsWith('dns:') && !match.startsWith('dns:*.');
  return isName ? `dns:*${match.slice(match.indexOf('.'))}` : '';
}

/** What differs in who calls by a certificate. */
export function certificateClientChanges(
  before: CertificateClients,
  after: CertificateClients,
): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  const add = (about: 'authentication' | 'authorization', effect: ChangeEffect, message: string): void => {
    changes.push({ api: null, operation: null, about, effect, message });
  };
  if (before.subject !== after.subject)
    add(
      'authentication',
      'loosens',
      `certificates say by \`${after.subject}\` instead of \`${before.subject}\` who calls`,
    );
  if (before.unlisted !== after.unlisted) {
    const opens = after.unlisted === 'identify';
    add(
      'authentication',
      opens ? 'loosens' : 'tightens',
      `certificates that are not listed ${opens ? 'let callers in' : 'are refused'}`,
    );
  }
  const nameOf = ({ match, issuer }: CertificateEntry): string => (issuer === null ? match : `${match} of ${issuer}`);
  const old = new Map(before.certificates.map((one) => [nameOf(one), one]));
  const next = new Map(after.certificates.map((one) => [nameOf(one), one]));
  for (const [name, one] of next) {
    const was = old.get(name);
    if (was === undefined) add('authentication', 'loosens', `the certificate ${name} is listed`);
    else if (!sameData(rightsOf(was), rightsOf(one)))
      add('authorization', 'loosens', `the certificate ${name} has other rights, or is another’s`);
  }
  for (const name of old.keys())
    if (!next.has(name)) add('authentication', 'tightens', `the certificate ${name} is no longer listed`);
  return changes;
}

function rightsOf({ subject, roles, scopes, tenant }: CertificateEntry): unknown {
  return { subject, roles, scopes, tenant };
}
