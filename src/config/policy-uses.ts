import type { GeoFiles, ListPair } from '../lists/index.ts';
import type {
  CertificateClients,
  ConditionsConfig,
  CorsConfig,
  IssuerConfig,
  LimitRule,
  ListsConfig,
  OpenapiRequestConfig,
  PermissionConfig,
  RateConfig,
} from '../policy/index.ts';
import type { ModedRule } from './access-config.ts';
import { accessRulesPolicies, fieldPolicy, objectPolicy, observedModes } from './access-uses.ts';
import { assurancePolicy } from './assurance.ts';
import type { ApiKeysConfig } from './api-key-config.ts';
import { graphqlPolicy } from './graphql.ts';
import { leaksPolicy } from './leak-rules.ts';
import { messagesPolicy, replyPolicy } from './reply-rules.ts';
import type { ApiConfig, OperationConfig, PolicyMode, PolicyUse, SessionsConfig } from './config.ts';
import { sanitizePolicy } from './sanitize.ts';
import { signInPath, signInPolicies } from './sign-in.ts';
import { filesConfig } from './files.ts';
import type { ScannerConfig } from './scanners.ts';
import type { ZeroTrustPreset } from './preset.ts';
import { zeroTrustPolicy } from './zero-trust-use.ts';
import { upstreamErrorsConfig } from './upstream-errors.ts';

type Operations = readonly (readonly [name: string, operation: OperationConfig])[];

/** What stands beside the APIs. */
interface Beside {
  readonly issuers: readonly IssuerConfig[];
  readonly lists: ListPair | null;
  readonly denials: readonly ModedRule[];
  readonly geo: GeoFiles;
  readonly values: ApiConfig['values'];
  readonly scanners: readonly ScannerConfig[];
  readonly apiKeys: ApiKeysConfig;
  readonly clients: CertificateClients;
  readonly sessions: SessionsConfig;
  readonly preset: ZeroTrustPreset | null;
}

/**
 * The policies that stand for an API's keys `deny` and `allow`, `maintenance`, `descriptors`, `auth`, `needs`, `assurance`, `when`,
 * `upstreamErrors`, `object`, `limit`,
 * `sanitize`, `validate`, `files`, `graphql`, `rules`, `accepts`, `redirect`, `respond`, `fields`, `leaks`, `encode`, `rewrite` and `cors`, in the order in which a request meets them.
 * Issuers are those of the list itself, never copies. Names that no issuer has are left out: they are issues already.
 */
export function accessPolicies(
  api: ApiConfig,
  { issuers, lists, denials, geo, values, scanners, apiKeys, clients, sessions, preset }: Beside,
): readonly PolicyUse[] {
  const operations = Object.entries(api.operations);
  const signIn = signInPath(api, operations);
  return [
    ...zeroTrustPolicy(api, operations, preset),
    ...listsPolicy(api, operations, { lists, geo }),
    ...handlingPolicy(api, operations, 'maintenance'),
    ...(api.source.kind === 'descriptors' ? [use(api, 'grpc', {}, `${api.path}.descriptors`)] : []),
    ...(signIn === null ? [] : signInPolicies(api, operations, { issuers, apiKeys, clients, sessions, path: signIn })),
    ...(signIn === null ? [] : [permissionPolicy(api, operations, signIn)]),
    ...askedAssurance(api, operations),
    ...accessRulesPolicies(api, operations, { values, denials }),
    // Ahead of rules on objects, which see what stays of errors.
    ...errorsPolicy(api, operations),
    ...objectPolicy(api, operations, values),
    ...ratePolicy(api, operations),
    ...cleaningPolicy(api, operations),
    ...requestPolicy(api, operations),
    ...messagesPolicy(api),
    ...filesPolicy(api, operations, scanners),
    ...conditionsPolicy(api, operations, values),
    ...fieldPolicy(api, operations, 'accepts'),
    ...handlingPolicy(api, operations, 'redirect'),
    ...handlingPolicy(api, operations, 'respond'),
    // Behind what keeps and replaces errors as they came.
    ...graphqlPolicy(api),
    ...replyPolicy(api),
    // Behind what holds replies against their description, where nothing that a caller may not see is missing yet.
    ...fieldPolicy(api, operations, 'fields'),
    ...leaksPolicy(api),
    ...encodingPolicy(api),
    ...handlingPolicy(api, operations, 'rewrite'),
    ...corsPolicy(api),
  ];
}

/** A call of gRPC is nothing that a browser renders. */
function encodingPolicy(api: ApiConfig): readonly PolicyUse[] {
  const stands = api.output.encode && api.source.kind !== 'descriptors';
  return stands ? [use(api, 'output-encoding', {}, `${api.path}.encode`)] : [];
}

/** What is replaced of the upstream's errors; before all that reads or changes replies. */
function errorsPolicy(api: ApiConfig, operations: Operations): readonly PolicyUse[] {
  const config = upstreamErrorsConfig(api, operations);
  return config === null ? [] : [use(api, 'upstream-errors', config, `${api.path}.upstreamErrors`)];
}

/** What is done with requests that may pass, or must not for a while; nothing where nobody says anything. */
function handlingPolicy(
  api: ApiConfig,
  operations: Operations,
  kind: 'maintenance' | 'redirect' | 'respond' | 'rewrite',
): readonly PolicyUse[] {
  const whole = kind === 'maintenance' || kind === 'rewrite' ? api[kind] : null;
  const said = operations.flatMap(([name, own]) => (own[kind] === null ? [] : [[name, own[kind]] as const]));
  const first = operations.find(([, own]) => own[kind] !== null);
  if (whole === null && first === undefined) return [];
  const owner = whole === null ? (first?.[1].path ?? api.path) : api.path;
  const config = kind === 'maintenance' || kind === 'rewrite' ? { api: whole } : {};
  return [use(api, kind, { ...config, operations: Object.fromEntries(said) }, `${owner}.${kind}`)];
}

function use(api: ApiConfig, kind: string, config: unknown, path: string): PolicyUse {
  return { kind, name: `${api.name}/${kind}`, config, mode: 'enforce', modes: {}, path };
}

function permissionPolicy(api: ApiConfig, operations: Operations, path: string): PolicyUse {
  const made = use(api, 'permission', permissionConfig(api, operations), path);
  return { ...made, modes: observedModes(operations, 'needs') };
}

function permissionConfig(api: ApiConfig, operations: Operations): PermissionConfig {
  const needs = operations.flatMap(([name, own]) => (own.needs === null ? [] : [[name, own.needs] as const]));
  return {
    operations: Object.fromEntries(needs),
    open: operations.flatMap(([name, { auth }]) => (auth === 'public' ? [name] : [])),
    closed: operations.flatMap(([name, { auth }]) => (auth === null || auth === 'public' ? [] : [name])),
    openByDefault: api.auth === 'public',
  };
}

/** How sure it must be who calls. */
function askedAssurance(api: ApiConfig, operations: Operations): readonly PolicyUse[] {
  const asked = assurancePolicy(api);
  const modes = observedModes(operations, 'assurance');
  return asked === null ? [] : [{ ...use(api, 'assurance', asked.config, asked.path), modes }];
}

/** Of the gateway's lists only those that ask who has signed in are judged here. */
function listsPolicy(
  api: ApiConfig,
  operations: Operations,
  { lists, geo }: Pick<Beside, 'lists' | 'geo'>,
): readonly PolicyUse[] {
  const asksForMail = [lists?.deny, lists?.allow].some((rules) => (rules?.mailDomains ?? null) !== null);
  const own = operations.flatMap(([name, each]) => (each.lists === null ? [] : [[name, each.lists] as const]));
  const node = asksForMail ? lists : null;
  const first = [api.lists, ...own.map(([, pair]) => pair), node].find((pair) => pair !== null);
  if (first === undefined) return [];
  const config: ListsConfig = { node, own: api.lists, operations: Object.fromEntries(own), geo };
  return [use(api, 'lists', config, (first.deny ?? first.allow)?.path ?? api.path)];
}

function ratePolicy(api: ApiConfig, operations: Operations): readonly PolicyUse[] {
  const limited = operations.filter(([, { limits }]) => limits.length > 0);
  if (api.limits.length === 0 && limited.length === 0) return [];
  const config: RateConfig = {
    rules: api.limits,
    operations: Object.fromEntries(limited.map(([name, { limits }]): [string, readonly LimitRule[]] => [name, limits])),
    open: operations.flatMap(([name, { auth }]) => (auth === 'public' ? [name] : [])),
  };
  const owner = api.limits.length > 0 ? api.path : (limited[0]?.[1].path ?? api.path);
  return [use(api, 'rate', config, `${owner}.limit`)];
}

/** The last to see a reply: nobody behind it says otherwise. */
function corsPolicy(api: ApiConfig): readonly PolicyUse[] {
  if (api.cors === null) return [];
  const config: CorsConfig = { rules: api.cors };
  return [use(api, 'cors', config, `${api.path}.cors`)];
}

/** Before all that reads requests. */
function cleaningPolicy(api: ApiConfig, operations: Operations): readonly PolicyUse[] {
  const said = sanitizePolicy(api, operations);
  if (said === null) return [];
  const { config, mode, modes, path } = said;
  return [{ ...use(api, 'sanitize', config, path), mode, modes }];
}

/** Where nobody says anything of files, what is done with them is done as far as requests are validated. */
function filesPolicy(api: ApiConfig, operations: Operations, scanners: readonly ScannerConfig[]): readonly PolicyUse[] {
  const config = filesConfig(api, operations, scanners);
  if (config === null) return [];
  const first = [api, ...operations.map(([, own]) => own)].find(({ files }) => files !== null);
  const made = use(api, 'files', config, first?.files?.path ?? `${api.path}.openapi`);
  const modeOf = (own: OperationConfig | null): PolicyMode => {
    if (api.files !== null || (own?.files ?? null) !== null) return 'enforce';
    return (own?.validate ?? api.validate) === 'observe' ? 'observe' : 'enforce';
  };
  const modes = operations.flatMap(([name, own]) =>
    modeOf(own) === modeOf(null) ? [] : [[name, modeOf(own)] as const],
  );
  return [{ ...made, mode: modeOf(null), modes: Object.fromEntries(modes) }];
}

/** Without a document there is nothing to hold requests against. */
function requestPolicy(api: ApiConfig, operations: Operations): readonly PolicyUse[] {
  if (api.source.kind !== 'openapi') return [];
  const modeOf = (validate: ApiConfig['validate']): PolicyMode => (validate === 'observe' ? 'observe' : 'enforce');
  const config: OpenapiRequestConfig = { errors: api.errors };
  const modes = operations.flatMap(([name, { validate }]) =>
    validate === null ? [] : [[name, modeOf(validate)] as const],
  );
  return [
    {
      ...use(api, 'openapi-request', config, `${api.path}.openapi`),
      mode: modeOf(api.validate),
      modes: Object.fromEntries(modes),
    },
  ];
}

/** Named values come along only where a condition may ask for them. */
function conditionsPolicy(api: ApiConfig, operations: Operations, values: ApiConfig['values']): readonly PolicyUse[] {
  const said = operations.flatMap(([name, { rules }]) => (rules.length === 0 ? [] : [[name, rules] as const]));
  const first = operations.find(([, { rules }]) => rules.length > 0);
  if (first === undefined) return [];
  const config: ConditionsConfig = {
    errors: api.errors,
    operations: Object.fromEntries(said),
    values: { ...values, ...api.values },
  };
  return [use(api, 'conditions', config, `${first[1].path}.rules`)];
}
