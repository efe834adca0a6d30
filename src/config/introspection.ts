import { z } from 'zod';
import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import {
  type AskedIssuer,
  type AskingClient,
  type IntrospectionConfig,
  isAsked,
  type IssuerConfig,
} from '../policy/index.ts';
import { absolute } from './path.ts';
import { placeAt } from './place-at.ts';
import { keyReference, privateKey } from './private-key.ts';
import { duration, parsed, path } from './scalars.ts';
import { readSecretText } from './secret-text.ts';
import { readWebUrl } from './web-url.ts';
import { words } from './words.ts';

/** A request waits for its turn and for the answer, and a step may take 10 s. */
const LONGEST_TIMEOUT = '4s';

const client = z
  .strictObject({
    id: parsed(readClientId).meta({ title: 'text', description: 'The name that the issuer knows the gateway by.' }),
    secret: z.string().transform(readSecretText).optional().meta({
      title: 'reference',
      description: 'Its secret: `${env:NAME}`, `${file:PATH}` or `${vault:PATH#FIELD}`.',
    }),
    method: z.enum(['basic', 'post'], { error: 'must be basic or post' }).optional().meta({
      description:
        'Where the secret is sent: in the field Authorization (`basic`, the default) or in the body (`post`).',
    }),
    key: privateKey(
      'Its private key, PEM: a file, or `${file:PATH}` or `${env:NAME}`. Alone it signs assertions (`private_key_jwt`).',
    ).optional(),
    kid: parsed(readClientId).optional().meta({ title: 'text', description: 'The name of that key at the issuer.' }),
    cert: path('The certificate that the issuer is shown, PEM, with those above it; `key` is its key.').optional(),
  })
  .superRefine(tellOfProofs)
  .meta({ description: 'How the gateway shows who it is: by a secret, a key, or a certificate and its key.' });

/** The key `introspection` of an issuer. */
export const introspectionSchema = z
  .strictObject({
    endpoint: parsed(readEndpoint).prefault('discovery').meta({
      title: '`discovery` or URL',
      description: 'Where it is asked: where its metadata says, or at a URL.',
    }),
    client,
    for: z.enum(['opaque', 'all'], { error: 'must be opaque or all' }).prefault('opaque').meta({
      description:
        '`opaque`: it is asked about tokens that are no JWTs. `all`: about its JWTs too, which are not verified here then.',
    }),
    prefix: parsed(readPrefix).optional().meta({
      title: 'text',
      description:
        'What its opaque tokens begin with. It is needed where another issuer is asked about such tokens too.',
    }),
    cache: duration('30s', { from: '0s', to: '5m' }, 'How long what it said of a token counts.'),
    timeout: duration('2s', { from: '100ms', to: LONGEST_TIMEOUT }, 'How long one answer may take.'),
    jwt: z.boolean({ error: 'must be true or false' }).prefault(false).meta({
      description: 'Whether it answers with JWTs that it has signed (RFC 9701). Others are not taken then.',
    }),
    ca: path(
      'The CAs that vouch for its certificate, PEM, instead of those of the system, or of `ca` of the issuer.',
    ).optional(),
  })
  .optional()
  .meta({ description: 'How it is asked what a token is worth (RFC 7662).' });

type Raw = NonNullable<z.output<typeof introspectionSchema>>;

/** Makes paths absolute; `file` is the configuration file, `ca` what holds of the whole issuer. */
export function toIntrospection(
  raw: Raw | undefined,
  path: string,
  { file, ca }: { readonly file: string; readonly ca: string | undefined },
): IntrospectionConfig | null {
  if (raw === undefined) return null;
  const authority = raw.ca ?? ca;
  return {
    url: raw.endpoint,
    clientId: raw.client.id,
    client: toClient(raw.client, file),
    tokens: raw.for,
    prefix: raw.prefix ?? null,
    cacheMs: raw.cache,
    timeoutMs: raw.timeout,
    signed: raw.jwt,
    caFile: authority === undefined ? null : absolute(authority, file),
    path: `${path}.introspection`,
  };
}

function toClient({ secret, method, key, kid, cert }: Raw['client'], file: string): AskingClient {
  if (secret !== undefined) return { kind: 'secret', secret, place: method === 'post' ? 'body' : 'header' };
  const reference = keyReference(key ?? '', file);
  return cert === undefined
    ? { kind: 'key', key: reference, kid: kid ?? null }
    : { kind: 'certificate', certificate: absolute(cert, file), key: reference };
}

interface Proofs {
  readonly secret?: string | undefined;
  readonly method?: string | undefined;
  readonly key?: string | undefined;
  readonly kid?: string | undefined;
  readonly cert?: string | undefined;
}

function tellOfProofs({ secret, method, key, kid, cert }: Proofs, context: z.RefinementCtx): void {
  const tell = (at: string, message: string): void =>
    context.addIssue({ code: 'custom', path: at === '' ? [] : [at], message });
  const fix = 'give a `secret`, or a `key`, or a `cert` with its `key`';
  if (secret === undefined && key === undefined) tell('', words('nothing says how the gateway shows who it is', fix));
  if (secret !== undefined && key !== undefined) tell('key', words('a client has one way to show who it is', fix));
  if (secret === undefined && method !== undefined) tell('method', words('this is about a `secret`', fix));
  if (cert !== undefined && (key === undefined || secret !== undefined)) {
    tell('cert', words('a certificate is shown with its key alone', fix));
  }
  if (kid !== undefined && (key === undefined || cert !== undefined)) {
    tell('kid', words('this is the name of a key that signs', 'take it away'));
  }
}

function readClientId(value: string): Result<string, string> {
  // RFC 6749 §A.1.
  return /^[\x20-\x7e]{1,256}$/.test(value) ? ok(value) : err('is 1 to 256 characters of plain ASCII');
}

function readEndpoint(value: string): Result<string | null, string> {
  return value === 'discovery' ? ok(null) : readWebUrl(value, { query: true });
}

function readPrefix(value: string): Result<string, string> {
  if (/^e[w-z0-9_-]/.test(value))
    return err(words('this is how JWTs begin', 'write what only opaque tokens begin with'));
  if (/^[A-Za-z0-9._~+/-]{3,64}$/.test(value)) return ok(value);
  return err(words('a prefix is 3 to 64 characters of a token', 'such as acme_at_'));
}

/** What can not be asked about. */
export function introspectionIssues(
  issuers: readonly IssuerConfig[],
  places: Readonly<Record<string, Place>>,
): Issue[] {
  return issuers.filter(isAsked).flatMap(({ tenants, introspection }) => {
    if (tenants === null) return [];
    const message = 'tokens of an issuer with many tenants are not asked about: it is one server for all of them';
    return [issueAt(introspection.path, message, { places, fix: 'take `introspection` or `tenants` away' })];
  });
}

/** Of those who are asked about opaque tokens in one place, each must be told by a prefix that no other's begins with. */
export function sharedTokenIssues(
  named: readonly IssuerConfig[],
  owner: string,
  places: Readonly<Record<string, Place>>,
): Issue[] {
  const asked = named.filter(isAsked);
  if (asked.length < 2) return [];
  const clash = clashIn(asked);
  if (clash === null) return [];
  const message = `${clash[0]} and ${clash[1]} are both asked about opaque tokens here, and a token is nobody’s to see but its issuer’s`;
  return [issueAt(`${owner}.auth`, message, { places, fix: 'give each a `prefix` of its own below `introspection`' })];
}

function clashIn(asked: readonly AskedIssuer[]): readonly [string, string] | null {
  for (const [at, one] of asked.entries()) {
    for (const other of asked.slice(at + 1)) {
      const [short, long] = [one.introspection.prefix ?? '', other.introspection.prefix ?? ''];
      if (short.startsWith(long) || long.startsWith(short)) return [one.name, other.name];
    }
  }
  return null;
}

function issueAt(
  path: string,
  message: string,
  { places, fix }: { readonly places: Readonly<Record<string, Place>>; readonly fix: string },
): Issue {
  return errorIssue(path, message, { place: placeAt(places, path), fix });
}
