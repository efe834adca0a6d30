import { z } from 'zod';
import { didYouMean, err, ok, type Result } from '../base/index.ts';
import type { CertificateClients, IssuerConfig, PolicyKind } from '../policy/index.ts';
import { assuranceSchema, operationAssuranceSchema, toAssurance, toOwnAssurance } from './assurance.ts';
import type { ModedRule } from './access-config.ts';
import type { ApiKeysConfig } from './api-key-config.ts';
import type { ZeroTrustPreset } from './preset.ts';
import { apiKeySchema, toApiKeyField } from './api-keys.ts';
import { apiCacheSchema, operationCacheSchema, toApiCache, toOperationCache } from './cache.ts';
import { corsSchema, toCors } from './cors.ts';
import type { ApiConfig, ApiSource, OperationConfig, PolicyUse, SessionsConfig } from './config.ts';
import { fileKeys, toFiles } from './files.ts';
import { ownTimeKeys } from './failing.ts';
import { graphqlKeys, toGraphql } from './graphql.ts';
import { readHost } from './host-name.ts';
import { formatKeyPath } from './key-path.ts';
import type { GeoFiles, ListPair } from '../lists/index.ts';
import { leakKeys, operationLeakKeys, toLeaks, toOwnLeaks } from './leaks.ts';
import { limitSchema } from './limits.ts';
import { denialsOf, listKeys, operationListKeys, toLists } from './lists.ts';
import { accessKeys, toOperationAccess } from './operation-access.ts';
import { outputKeys, toOutput } from './output.ts';
import { absolute } from './path.ts';
import { metadataKeys } from './metadata.ts';
import { accessPolicies } from './policy-uses.ts';
import { apiProofKeys } from './proof.ts';
import { prioritySchema } from './priority.ts';
import { replyKeys, toReplyKeys, validateSchema } from './reply-validation.ts';
import { needsSchema, toNeeds } from './roles.ts';
import { parseRoute } from './routes.ts';
import {
  maintenanceSchema,
  redirectSchema,
  respondSchema,
  toMaintenance,
  toRedirect,
  toRespond,
} from './own-replies.ts';
import { apiRewriteSchema, operationRewriteSchema, toRewrite } from './rewrite.ts';
import { rulesSchema, toRules } from './rules.ts';
import { operationSanitizeKeys, sanitizeKeys, toSanitize } from './sanitize.ts';
import { listOf, parsed, path, size, uniqueList } from './scalars.ts';
import type { ScannerConfig } from './scanners.ts';
import { toUpstreamConfig, upstreamSchema } from './upstream.ts';
import { operationErrorKeys, upstreamErrorKeys } from './upstream-errors.ts';
import { isPlainPath } from './upstream-url.ts';
import { toValues, valuesSchema } from './values.ts';
import { toWebSocket, webSocketSchema } from './websocket.ts';
import { words } from './words.ts';

const ROUTE_LIMIT = 10_000;
const BODY_BOUNDS = { from: '0B', to: '1GiB' };
const BODY_DEFAULT_BYTES = 10 * 1024 * 1024;
/** What gRPC's own libraries take. */
const MESSAGE_DEFAULT_BYTES = 4 * 1024 * 1024;

/** An API's name, as keys, logs and reports call it. */
export const apiName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, {
    error: words('an API has a name of a-z, 0-9 and `-`, a letter first, 63 characters at most'),
    abort: true,
  })
  // Names are keys of plain objects, also after a thread has received them.
  .refine((name) => !(name in {}), { error: 'this name cannot be used for an API' });

const operationName = z
  .string()
  .min(1, { error: 'an operation has a name' })
  .max(1024, { error: 'this name is too long for an operation' });

const issuerNames = uniqueList(parsed(readIssuerName, 'an issuer is called by its name').meta({ title: 'issuer' }), {
  least: 1,
  most: 100,
  what: 'issuer',
});

const auth = z.union([z.literal('public'), issuerNames], { error: ({ input }) => authWords(input) });

const operationSchema = z.strictObject({
  auth: auth.optional().meta({ description: 'Who may call this operation, where it differs from the API.' }),
  body: size(
    BODY_BOUNDS,
    'The largest request body of this operation, or its largest gRPC message, where it differs from the API.',
  ).optional(),
  needs: needsSchema.optional(),
  ...accessKeys,
  assurance: operationAssuranceSchema,
  limit: limitSchema('Limits of this operation alone, besides those of the API.').optional(),
  ...operationListKeys,
  priority: prioritySchema.optional().meta({ description: 'As `priority` of the API, where it differs.' }),
  validate: validateSchema.optional().meta({ description: 'As `validate` of the API, where it differs.' }),
  ...replyKeys,
  ...operationSanitizeKeys,
  rules: rulesSchema,
  websocket: webSocketSchema,
  ...operationErrorKeys,
  ...operationLeakKeys,
  ...fileKeys,
  ...ownTimeKeys,
  rewrite: operationRewriteSchema,
  redirect: redirectSchema,
  respond: respondSchema,
  maintenance: maintenanceSchema,
  cache: operationCacheSchema,
});

const apiShape = {
  openapi: parsed(readLocation).optional().meta({
    title: 'FILE or URL',
    description: 'The OpenAPI document (3.0 to 3.2, JSON or YAML); its operations are the routes.',
  }),
  routes: z
    .array(parsed(parseRoute).meta({ title: 'METHOD /template' }))
    .min(1, { error: 'at least one route is needed' })
    .max(ROUTE_LIMIT, { error: `at most ${ROUTE_LIMIT} routes can be written by hand` })
    .optional()
    .meta({
      description:
        'The routes, where there is no OpenAPI document: `GET /orders/{id}`, or `* /{rest...}` for everything.',
    }),
  descriptors: path(
    'The gRPC services of the API: a FileDescriptorSet, as `protoc --include_imports --descriptor_set_out=FILE` writes it. Its methods are the operations.',
  ).optional(),
  ...graphqlKeys,
  host: parsed(readHost).optional().meta({
    title: 'host name',
    description:
      'The host that clients name, without a port. Without it the API answers for every host, or where any API names one, for every host that is named.',
  }),
  basePath: parsed(readBasePath).optional().meta({
    title: 'path',
    description: 'A public prefix such as `/v1`. It is taken off before a request goes upstream.',
  }),
  upstream: upstreamSchema,
  auth: auth.meta({
    description:
      'Who may call: whoever has a token of one of these issuers, or, by the word `api-key`, an API key, or by `mtls` a certificate. `public` opens the API to everybody, and every report says so.',
  }),
  assurance: assuranceSchema,
  apiKey: apiKeySchema,
  ...apiProofKeys,
  ...metadataKeys,
  limit: limitSchema('How many calls pass, such as `100/min per user`; all limits hold together.').optional(),
  ...listKeys,
  validate: validateSchema.prefault('requests').meta({
    description:
      '`requests` refuses requests that are not as the OpenAPI document says, `strict` replies too; `observe` only records what of both would have been refused.',
  }),
  ...replyKeys,
  errors: z.enum(['plain', 'helpful']).prefault('plain').meta({
    description:
      '`helpful` tells clients what of a request is not as the OpenAPI document says; `plain` only that it is not.',
  }),
  ...sanitizeKeys,
  values: valuesSchema,
  ...upstreamErrorKeys,
  ...leakKeys,
  credentials: z.enum(['remove', 'pass']).prefault('remove').meta({
    description: '`remove` keeps the credential that was used from the upstream; `pass` sends it on.',
  }),
  ...outputKeys,
  ...fileKeys,
  body: size(
    BODY_BOUNDS,
    'The largest request body, 10MiB if nothing is said. With `descriptors` the largest message, either way, 4MiB if nothing is said.',
  ).optional(),
  cache: apiCacheSchema,
  priority: prioritySchema.prefault('normal').meta({
    description: 'What is refused first when the gateway can not serve all: `low`, then `normal`, `high` last.',
  }),
  cors: corsSchema,
  rewrite: apiRewriteSchema,
  maintenance: maintenanceSchema,
  operations: z.record(operationName, operationSchema).optional().meta({
    description:
      'What single operations have of their own, by operationId, by `METHOD /template` where there is none, or by `package.Service/Method`; `package.Service/*` is all methods of a service.',
  }),
};

/** The keys of one API; `policies` only where there are kinds of policy to use. */
export function apiSchema(kinds: readonly PolicyKind<unknown>[]) {
  const error = words(
    'an API has either an OpenAPI document, or routes, or gRPC descriptors',
    'write exactly one of `openapi`, `routes` and `descriptors`',
  );
  return z
    .strictObject({ ...apiShape, ...policyShape(kinds) })
    .refine((api) => SOURCES.filter((key) => key in api).length === 1, {
      error,
      // Also beside other issues, so that one run tells all. What is no object has its own issue already.
      when: (payload) => typeof payload.value === 'object' && payload.value !== null,
    })
    .meta({ oneOf: SOURCES.map((key) => ({ required: [key] })) });
}

/** Where operations come from. */
const SOURCES = ['openapi', 'routes', 'descriptors'] as const;

/** An API as the schema leaves it. */
export type RawApi = z.output<ReturnType<typeof apiSchema>>;

function policyShape(kinds: readonly PolicyKind<unknown>[]): {
  policies?: z.ZodOptional<z.ZodType<Record<string, unknown>>>;
} {
  if (kinds.every(({ schema }) => schema === null)) return {};
  const shape = Object.fromEntries(
    kinds.flatMap(({ kind, schema, summary }) =>
      schema === null ? [] : [[kind, schema.optional().meta({ description: summary })]],
    ),
  );
  return { policies: z.strictObject(shape).optional().meta({ description: 'Policies, by kind.' }) };
}

function authWords(input: unknown): string {
  const fix = 'write auth: [ISSUER], or `auth: public`, which opens it to everybody';
  if (input === undefined) return words('an API needs `auth`: without it nobody has said who may call', fix);
  // A name alone is not put into brackets here: whether an issuer bears it is not known yet.
  const meant = typeof input === 'string' ? didYouMean(input, ['public']) : undefined;
  return words('expected `public`, or a list of issuers', meant ?? fix);
}

function readIssuerName(value: string): Result<string, string> {
  if (value !== 'public') return ok(value);
  return err(words('`public` is no member of a list: it stands alone', 'write auth: public'));
}

function readLocation(value: string): Result<string, string> {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(value)) {
    const checked = path('').safeParse(value);
    return checked.success ? ok(value) : err(checked.error.issues[0]?.message ?? 'is no path');
  }
  const url = /[\x00-\x20\x7f\\]/.test(value) ? null : URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return err(words('must be a file or an http or https URL', 'such as ./orders.openapi.yaml'));
  }
  if (/^[^/]*\/\/[^/?#]*@/.test(value)) return err('a URL here can hold no user name or password');
  return value.includes('#') ? err('a URL here can hold no fragment') : ok(value);
}

function readBasePath(value: string): Result<string, string> {
  if (value === '' || value === '/') return err(words('a base path is a prefix such as /v1', 'leave it out for none'));
  return isPlainPath(value)
    ? ok(value)
    : err(words('a base path is plain, such as /v1', 'a slash first, none last, no parameters, nothing encoded'));
}

/** What an API depends on besides its own keys. */
export interface ApiPlace {
  /** The configuration file. */
  readonly file: string;
  readonly issuers: readonly IssuerConfig[];
  /** Those of the gateway, as the next. */
  readonly lists: ListPair | null;
  readonly denials: readonly ModedRule[];
  readonly geo: GeoFiles;
  /** Those of the gateway. */
  readonly values: ApiConfig['values'];
  readonly scanners: readonly ScannerConfig[];
  readonly apiKeys: ApiKeysConfig;
  readonly clients: CertificateClients;
  readonly sessions: SessionsConfig;
  readonly preset: ZeroTrustPreset | null;
}

/** Fills in what depends on the API's name, on where the configuration file lies and on the issuers. */
export function toApiConfig(name: string, raw: RawApi, { file, ...beside }: ApiPlace): ApiConfig {
  const isGrpc = raw.descriptors !== undefined;
  const path = formatKeyPath(['apis', name]);
  const maintenance = toMaintenance(raw.maintenance);
  const api: ApiConfig = {
    name,
    host: raw.host ?? null,
    basePath: raw.basePath ?? '',
    upstream: toUpstreamConfig(raw.upstream, file, isGrpc ? 'h2' : 'http1'),
    auth: raw.auth,
    assurance: toAssurance(raw.assurance),
    apiKey: toApiKeyField(raw.apiKey),
    dpop: raw.dpop,
    metadata: raw.metadata,
    tokensInQuery: raw.tokensInQuery,
    bodyLimitBytes: raw.body ?? (isGrpc ? MESSAGE_DEFAULT_BYTES : BODY_DEFAULT_BYTES),
    priority: raw.priority,
    limits: raw.limit === undefined ? [] : listOf(raw.limit),
    lists: toLists(raw, { file, path }),
    denials: denialsOf(raw.deny, `${path}.deny`),
    validate: raw.validate,
    replies: toReplyKeys(raw),
    errors: raw.errors,
    sanitize: toSanitize(raw.sanitize),
    values: toValues(raw.values, file),
    upstreamErrors: raw.upstreamErrors,
    leaks: toLeaks(raw.leaks),
    credentials: raw.credentials,
    output: toOutput(raw),
    files: toFiles(raw.files, `${path}.files`),
    cache: toApiCache(raw.cache),
    source: toSource(raw, file),
    graphql: toGraphql(raw.graphql, file),
    cors: toCors(raw.cors),
    rewrite: toRewrite(raw.rewrite, `${path}.rewrite`),
    maintenance: maintenance === 'off' ? null : maintenance,
    operations: toOperations(name, raw, file),
    policies: [],
    party: null,
    path,
  };
  return {
    ...api,
    policies: [...accessPolicies(api, beside), ...toPolicies(name, raw.policies)],
  };
}

function toSource({ openapi, routes, descriptors }: RawApi, file: string): ApiSource {
  if (descriptors !== undefined) return { kind: 'descriptors', file: absolute(descriptors, file) };
  if (openapi === undefined) return { kind: 'routes', routes: routes ?? [] };
  return { kind: 'openapi', location: openapi.includes('://') ? openapi : absolute(openapi, file) };
}

function toOperations(api: string, { operations, cache }: RawApi, file: string): Record<string, OperationConfig> {
  return Object.fromEntries(
    Object.entries(operations ?? {}).map(([name, operation]) => {
      const at = formatKeyPath(['apis', api, 'operations', name]);
      return [
        name,
        {
          auth: operation.auth ?? null,
          assurance: toOwnAssurance(operation.assurance),
          bodyLimitBytes: operation.body ?? null,
          priority: operation.priority ?? null,
          needs: toNeeds(operation.needs),
          access: toOperationAccess({ api, name, file }, operation),
          limits: operation.limit === undefined ? [] : listOf(operation.limit),
          lists: toLists(operation, { file, path: at }),
          validate: operation.validate ?? null,
          replies: toReplyKeys(operation),
          sanitize: toSanitize(operation.sanitize),
          rules: toRules(operation.rules, at),
          upstreamErrors: operation.upstreamErrors ?? null,
          leaks: toOwnLeaks(operation.leaks),
          files: toFiles(operation.files, `${at}.files`),
          websocket: toWebSocket(operation.websocket),
          timeoutMs: operation.timeout ?? null,
          deadlineMs: operation.deadline ?? null,
          rewrite: toRewrite(operation.rewrite, `${at}.rewrite`),
          redirect: toRedirect(operation.redirect, `${at}.redirect`),
          respond: toRespond(operation.respond, file),
          maintenance: toMaintenance(operation.maintenance),
          cache: toOperationCache(operation.cache, cache),
          path: at,
        },
      ];
    }),
  );
}

/** Which keys `policies` has depends on the table of kinds, so its type is known at run time only. */
function toPolicies(api: string, raw: unknown): PolicyUse[] {
  if (typeof raw !== 'object' || raw === null) return [];
  return Object.entries(raw as Readonly<Record<string, unknown>>)
    .filter(([, config]) => config !== undefined)
    .map(([kind, config]) => ({
      kind,
      name: `${api}/${kind}`,
      config,
      mode: 'enforce' as const,
      modes: {},
      path: formatKeyPath(['apis', api, 'policies', kind]),
    }));
}
