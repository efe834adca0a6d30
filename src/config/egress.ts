import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import { accessPolicies } from './policy-uses.ts';
import { apiName, type ApiPlace, apiSchema, type RawApi, toApiConfig } from './api.ts';
import { authorityOf } from './authority.ts';
import type { ApiConfig, PolicyUse } from './config.ts';
import { readResolver } from './discover.ts';
import {
  type EgressCaller,
  type EgressConfig,
  LARGEST_REPLY_BYTES,
  type PartyConfig,
  type PartySecret,
  USUAL_TYPES,
} from './egress-config.ts';
import { failingKeys } from './failing.ts';
import { headerName } from './header-name.ts';
import { formatKeyPath } from './key-path.ts';
import { leakKeys } from './leaks.ts';
import { limitSchema } from './limits.ts';
import { replyKeys, validateSchema } from './reply-validation.ts';
import { parseRoute } from './routes.ts';
import { duration, listenHost, parsed, path, port, size, uniqueList } from './scalars.ts';
import { SIGN_IN_KINDS } from './sign-in.ts';
import { secretTemplate } from './secret-template.ts';
import { readSecretText } from './secret-text.ts';
import { addressBlocks } from './trusted-proxies.ts';
import { upstreamErrorKeys } from './upstream-errors.ts';
import { tellOfHalves, upstreamTlsKeys } from './upstream-tls.ts';
import { parseUpstreamUrl, type UpstreamUrl } from './upstream-url.ts';
import { words } from './words.ts';
import { fieldNameFault } from './written-text.ts';

const PARTY_LIMIT = 200;
const CALLER_LIMIT = 200;
const ROUTE_LIMIT = 1_000;
const HOST_LIMIT = 20;
const SECRET_LIMIT = 4;
const TYPE_LIMIT = 50;
const TIME_BOUNDS = { from: '10ms', to: '1h' };
const SIZE_BOUNDS = { from: '0B', to: '1GiB' };
const LARGEST_BODY_BYTES = 1024 * 1024;

const url = parsed(readUrl).meta({ title: 'https URL' });
const host = parsed(readHostUrl).meta({ title: 'https URL' });

/** Besides what no policy may write: replies are asked for without a coding. */
const OF_GATEWAY: ReadonlySet<string> = new Set(['accept-encoding']);

const secret = z
  .strictObject({
    header: headerName('The header field that it is written into; what a caller says there is taken out.')
      .refine((name) => !OF_GATEWAY.has(name) && fieldNameFault(name, 'requests') === null, {
        error: words(
          'only the gateway itself writes this field',
          'name the one that the third party reads its key from',
        ),
      })
      .optional(),
    query: parsed(readParameter).optional().meta({ title: 'name', description: 'The same for a query parameter.' }),
    value: secretTemplate,
  })
  .refine((said) => (said.header === undefined) !== (said.query === undefined), {
    error: words('a secret is written into one place', 'write either `header` or `query`'),
  });

const party = z.strictObject({
  url: url.meta({ description: 'Where it is: https in every case.' }),
  openapi: path(
    'The OpenAPI document of the third party, a file. Requests and replies are held against it.',
  ).optional(),
  allow: uniqueList(parsed(parseRoute).meta({ title: 'METHOD /template' }), {
    least: 1,
    most: ROUTE_LIMIT,
    what: 'operation',
    nameOf: ({ method, template }) => `${method} ${template}`,
  })
    .optional()
    .meta({ description: 'What may be called of it. With `openapi` all that is described if nothing is said.' }),
  validate: validateSchema.optional().meta({
    description: 'As `validate` of APIs, with `openapi`. `strict` if nothing is said: replies are judged too.',
  }),
  ...replyKeys,
  ...upstreamErrorKeys,
  ...leakKeys,
  from: uniqueList(apiName, { least: 1, most: CALLER_LIMIT, what: 'caller' })
    .optional()
    .meta({ description: 'The callers that may call it; all if nothing is said.' }),
  secret: z
    .union([secret, uniqueList(secret, { least: 1, most: SECRET_LIMIT, what: 'secret', nameOf: placeOf })], {
      error: words(
        'expected where a secret is written',
        "such as { header: authorization, value: 'Bearer ${env:KEY}' }",
      ),
    })
    .optional()
    .meta({ description: 'What the gateway writes into requests, and callers never see.' }),
  limit: limitSchema('How many calls pass, such as `100/min per app`, which counts each caller.').optional(),
  body: size(SIZE_BOUNDS, 'The largest request body, 1MiB if nothing is said.').optional(),
  size: size(SIZE_BOUNDS, 'The largest reply, 5MiB if nothing is said; a longer one is cut.').optional(),
  types: uniqueList(parsed(readType).meta({ title: 'content type' }), { least: 1, most: TYPE_LIMIT, what: 'type' })
    .optional()
    .meta({
      description:
        'Content types that its replies may have, such as `application/pdf` or `image/*`. If nothing is said JSON and plain text, and with `validate: strict` what the document says.',
    }),
  timeout: duration('10s', TIME_BOUNDS, 'How long it may take for the head of its reply.'),
  connectTimeout: duration('3s', { from: '10ms', to: '1m' }, 'How long connecting may take.'),
  idleTimeout: duration(
    '10s',
    { from: '100ms', to: '1h' },
    'How long nothing may come between the bytes of its reply.',
  ),
  total: duration('1m', { from: '10ms', to: '24h' }, 'How long a call may take to the end of its reply.'),
  breaker: failingKeys.breaker,
  redirects: z
    .int({ error: 'a number of redirects is from 0 to 5' })
    .min(0, { error: 'a number of redirects is from 0 to 5' })
    .max(5, { error: 'a number of redirects is from 0 to 5' })
    .prefault(0)
    .meta({ description: 'How many redirects are followed. With 0 a redirect is the reply.' }),
  hosts: uniqueList(host, { least: 1, most: HOST_LIMIT, what: 'host', nameOf: (each) => authorityOf('https', each) })
    .optional()
    .meta({
      description:
        'Where its redirects may lead besides to itself. Secrets, `cert` and `serverName` are not for there.',
    }),
  private: addressBlocks().optional().meta({
    description:
      'Addresses and blocks that its name may stand for although they are not of the open internet. Without it such a name is refused.',
  }),
  resolver: parsed(readResolver).optional().meta({
    title: 'ADDRESS:PORT',
    description: 'The server that its name is asked of, instead of the system’s.',
  }),
  ...upstreamTlsKeys,
});

const caller = z.strictObject({
  key: z.string().transform(readSecretText).meta({
    title: 'reference',
    description:
      'The key that it shows in the field `x-portcullis-key`: `${env:NAME}`, `${file:PATH}` or `${vault:PATH#FIELD}`.',
  }),
});

const parties = z
  .record(
    apiName,
    party.superRefine((value, context) => {
      tellOfRoutes(value, context);
      tellOfHalves(value, context);
    }),
  )
  .refine((all) => Object.keys(all).length > 0, { error: 'at least one third party is needed' })
  .refine((all) => Object.keys(all).length <= PARTY_LIMIT, { error: `at most ${PARTY_LIMIT} third parties are read` });

/** The key `egress`. */
export const egressSchema = z
  .strictObject({
    host: listenHost('The address that the APIs call. Anything but loopback needs `tls` and callers with keys.'),
    port: port(8081, 'The port; 0 is any free one.'),
    tls: z
      .boolean({ error: words('must be true or false') })
      .prefault(false)
      .meta({ description: 'Whether callers come over TLS, with the certificate of the https port.' }),
    callers: z
      .union([z.literal('any'), z.record(apiName, caller)], {
        error: ({ input }) =>
          input === undefined
            ? words(
                '`egress` needs its `callers`: without it nobody has said who may spend the secrets',
                'write callers: { orders: { key: ${env:ORDERS_EGRESS_KEY} } }, or `any` for whatever runs on this machine',
              )
            : words('expected `any`, or callers by name', 'such as { orders: { key: ${env:ORDERS_EGRESS_KEY} } }'),
      })
      .refine((all) => all === 'any' || Object.keys(all).length > 0, { error: 'at least one caller is needed' })
      .refine((all) => all === 'any' || Object.keys(all).length <= CALLER_LIMIT, {
        error: `at most ${CALLER_LIMIT} callers are read`,
      })
      .meta({ description: 'Who may call: each with a key of its own, or `any`, which is whatever runs here.' }),
    parties: parties.meta({ description: 'The APIs of others, by the name that paths begin with.' }),
  })
  .optional()
  .meta({ description: 'A listener for your own APIs, over which they call the APIs of others.' });

type RawEgress = NonNullable<z.output<typeof egressSchema>>;
type RawParty = z.output<typeof party>;

/** The listener; null where there is none. */
export function toEgress(raw: z.output<typeof egressSchema>): EgressConfig | null {
  if (raw === undefined) return null;
  return { host: raw.host, port: raw.port, tls: raw.tls, callers: callersOf(raw) };
}

function callersOf({ callers }: RawEgress): 'any' | readonly EgressCaller[] {
  if (callers === 'any') return 'any';
  const path = (name: string): string => formatKeyPath(['egress', 'callers', name]);
  return Object.entries(callers).map(([name, { key }]) => ({ name, key, path: path(name) }));
}

/** The third parties as APIs of the listener `egress`. */
export function toParties(raw: z.output<typeof egressSchema>, place: ApiPlace): readonly ApiConfig[] {
  if (raw === undefined) return [];
  const callers = callersOf(raw);
  return Object.entries(raw.parties).map(([name, said]) => toParty({ name, said, callers }, place));
}

interface Named {
  readonly name: string;
  readonly said: RawParty;
  readonly callers: 'any' | readonly EgressCaller[];
}

function toParty({ name, said, callers }: Named, place: ApiPlace): ApiConfig {
  const path = formatKeyPath(['egress', 'parties', name]);
  const made = toApiConfig(name, rawApi(name, said), place);
  const auth = callers === 'any' ? 'public' : (said.from ?? callers.map((each) => each.name));
  const api: ApiConfig = {
    ...made,
    path,
    auth,
    upstream: { ...made.upstream, allowedAddresses: said.private ?? [] },
    party: toPartyConfig(said, path),
  };
  // What the gateway denies is about clients. Whoever calls here is no user of an issuer, and what its document says of sign-in is between it and the gateway.
  const usual = accessPolicies(api, { ...place, denials: [] }).filter(({ kind }) => !SIGN_IN_KINDS.includes(kind));
  return { ...api, policies: [...callerPolicy(api, callers), ...usual] };
}

function callerPolicy(api: ApiConfig, callers: Named['callers']): readonly PolicyUse[] {
  if (callers === 'any') return [];
  const config = { callers: callers.map(({ name, key }) => ({ name, key })), from: api.party?.from ?? null };
  const path = 'egress.callers';
  return [{ kind: 'callers', name: `${api.name}/callers`, config, mode: 'enforce', modes: {}, path }];
}

/** An API that says nothing but what it must. */
let usualApi: RawApi | null = null;

/** What an API of ours would say to be treated as a third party is. */
function rawApi(name: string, said: RawParty): RawApi {
  usualApi ??= apiSchema([]).parse({ routes: ['GET /'], auth: 'public', upstream: { targets: ['https://a.invalid'] } });
  const usual = usualApi;
  const { upstream } = usual;
  if ('scheme' in upstream) throw new Error('an upstream with settings became a URL');
  const { timeout, connectTimeout, idleTimeout, breaker, total, ca, cert, key, serverName, pins } = said;
  const times = { timeout, connectTimeout, idleTimeout, streamTimeout: Math.min(idleTimeout, total) };
  const proof = { ca, cert, key, serverName, pins };
  const { routes: _unused, ...rest } = usual;
  const described = said.openapi !== undefined;
  return {
    ...rest,
    ...(described ? { openapi: said.openapi } : { routes: said.allow ?? [] }),
    basePath: `/${name}`,
    upstream: { ...upstream, ...times, ...definedOf(proof), breaker, targets: [{ ...said.url, weight: 1 }] },
    validate: said.validate ?? (described ? 'strict' : usual.validate),
    undescribed: said.undescribed,
    responseHeaders: said.responseHeaders,
    errors: 'helpful',
    upstreamErrors: said.upstreamErrors,
    leaks: said.leaks,
    limit: said.limit,
    body: said.body ?? LARGEST_BODY_BYTES,
    // Whoever calls is no browser.
    securityHeaders: 'off',
    cookies: 'pass',
    encode: 'off',
    locations: { allow: (said.hosts ?? []).map((each) => `https://${authorityOf('https', each)}`) },
  } as RawApi;
}

function definedOf(keys: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}

function toPartyConfig(said: RawParty, path: string): PartyConfig {
  const described = said.openapi !== undefined;
  const judged = described && (said.validate ?? 'strict') === 'strict';
  return {
    from: said.from ?? null,
    allow: described ? (said.allow ?? null) : null,
    secrets: secretsOf(said, path),
    replyLimitBytes: said.size ?? LARGEST_REPLY_BYTES,
    totalMs: said.total,
    types: said.types ?? (judged ? null : USUAL_TYPES),
    redirects: said.redirects,
    hosts: (said.hosts ?? []).map((each) => ({ host: each.host, port: each.port, weight: 1 })),
    resolver: said.resolver ?? null,
  };
}

function secretsOf({ secret: said }: RawParty, path: string): readonly PartySecret[] {
  if (said === undefined) return [];
  const all = Array.isArray(said) ? said : [said];
  return all.map(({ header, query, value }, index) => {
    const at = Array.isArray(said) ? `${path}.secret[${index}]` : `${path}.secret`;
    return { place: header === undefined ? 'query' : 'header', name: header ?? query ?? '', ...value, path: at };
  });
}

function placeOf({ header, query }: z.output<typeof secret>): string {
  return header === undefined ? `query ${query}` : `header ${header}`;
}

function tellOfRoutes({ openapi, allow, hosts, redirects }: RawParty, context: z.RefinementCtx): void {
  const tell = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (openapi === undefined && allow === undefined)
    tell('allow', words('nobody has said what may be called', "write allow: ['POST /charges'], or name its `openapi`"));
  if (hosts !== undefined && redirects === 0)
    tell(
      'hosts',
      words('redirects are not followed, so none leads there', 'write redirects: 1, or take this key away'),
    );
}

/** Over http anybody on the way reads the secrets, and answers in its place. */
function readUrl(text: string): Result<UpstreamUrl, string> {
  const read = parseUpstreamUrl(text);
  if (!read.ok || read.value.scheme === 'https') return read;
  return err(words('a third party is reached over https only', 'write its https URL'));
}

function readHostUrl(text: string): Result<UpstreamUrl, string> {
  const read = readUrl(text);
  if (!read.ok || read.value.pathPrefix === '') return read;
  return err(words('a host here has no path', 'write it like https://files.example'));
}

function readParameter(text: string): Result<string, string> {
  return /^[A-Za-z0-9._~-]{1,128}$/.test(text)
    ? ok(text)
    : err(words('this is no plain name of a query parameter', 'such as api_key'));
}

const TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/(?:\*|\*\+[a-z0-9]{1,40}|[a-z0-9][a-z0-9!#$&^_.+-]{0,126})$/;

function readType(text: string): Result<string, string> {
  const lower = text.toLowerCase();
  return lower === '*/*' || TYPE.test(lower)
    ? ok(lower)
    : err(words('this is no content type', 'such as application/pdf, image/* or application/*+json'));
}
