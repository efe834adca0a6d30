import {
  type Carriers,
  type CertificateClients,
  type CredentialsConfig,
  type IntrospectingConfig,
  isAsked,
  type IssuerConfig,
  type JwtConfig,
  type OverlayConfig,
  type RevocationConfig,
} from '../policy/index.ts';
import type { ApiKeysConfig } from './api-key-config.ts';
import { apiKeyConfig, apiKeyFields } from './api-keys.ts';
import { possessionConfig } from './proof.ts';
import { mtlsConfig } from './clients.ts';
import type { ApiConfig, AuthConfig, OperationConfig, PolicyUse, SessionsConfig } from './config.ts';
import { sessionConfig, sessionCookies } from './session-sign-in.ts';
import { MTLS } from './sign-in-ways.ts';

type Operations = readonly (readonly [name: string, operation: OperationConfig])[];

/** The kinds that say who calls and what they may do, which stand for `auth`. */
export const SIGN_IN_KINDS: readonly string[] = [
  'credentials',
  'mtls',
  'api-key',
  'session',
  'jwt',
  'introspection',
  'possession',
  'revocation',
  'groups',
  'overlay',
  'permission',
];

/** What the policies of a sign-in are made with; `path` is the key that asks for it. */
interface SignIn {
  readonly issuers: readonly IssuerConfig[];
  readonly apiKeys: ApiKeysConfig;
  readonly clients: CertificateClients;
  readonly sessions: SessionsConfig;
  readonly path: string;
}

/** The key that says that somebody must sign in; null where nobody must. */
export function signInPath(api: ApiConfig, operations: Operations): string | null {
  if (api.auth !== 'public') return `${api.path}.auth`;
  const own = operations.find(([, { auth }]) => auth !== null && auth !== 'public');
  return own === undefined ? null : `${own[1].path}.auth`;
}

/**
 * The policies that say who calls, in the order in which a request meets them: first what the head bears is counted, then
 * each kind looks for its own, then what is known of the caller besides is judged.
 */
export function signInPolicies(
  api: ApiConfig,
  operations: Operations,
  { issuers, apiKeys, clients, sessions, path }: SignIn,
): readonly PolicyUse[] {
  const use = (kind: string, config: unknown): PolicyUse => ({
    ...{ kind, name: `${api.name}/${kind}`, config },
    ...{ mode: 'enforce', modes: {}, path },
  });
  const certificates = mtlsConfig(api, operations, { clients, carriers: (auth) => carriersOf(auth, api) });
  const keys = apiKeyConfig(api, operations, apiKeys);
  const session = sessionConfig(api, operations, sessions);
  const jwt = jwtConfig(api, operations, issuers);
  const asked = introspectingConfig(jwt);
  return [
    use('credentials', credentialsConfig(api, operations)),
    ...(certificates === null ? [] : [use('mtls', certificates)]),
    ...(keys === null ? [] : [use('api-key', keys)]),
    ...(session === null ? [] : [use('session', session)]),
    use('jwt', jwt),
    ...(asked === null ? [] : [use('introspection', asked)]),
    // Behind all that know tokens, which tell what each is bound to and do not judge it.
    use('possession', possessionConfig(api, operations)),
    use('revocation', revocationConfig(api, operations)),
    ...(issuers.some(({ claims }) => claims.groups !== undefined)
      ? [use('groups', overlayConfig(api, operations))]
      : []),
    use('overlay', overlayConfig(api, operations)),
  ];
}

/** What is known of callers besides is asked wherever they sign in, by whichever way. */
function overlayConfig(api: ApiConfig, operations: Operations): OverlayConfig {
  const signIn = (auth: AuthConfig): boolean => auth !== 'public';
  return { signIn: signIn(api.auth), operations: byOperation(operations, signIn) };
}

/** By operation name, for those that say themselves who may call. */
function byOperation<T>(operations: Operations, made: (auth: AuthConfig) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(operations.flatMap(([name, { auth }]) => (auth === null ? [] : [[name, made(auth)]])));
}

function credentialsConfig(api: ApiConfig, operations: Operations): CredentialsConfig {
  const carriers = (auth: AuthConfig): Carriers => carriersOf(auth, api);
  return { api: carriers(api.auth), operations: byOperation(operations, carriers) };
}

/** Where credentials of these ways stand in a head; none where anybody may call. */
function carriersOf(auth: AuthConfig, { apiKey, tokensInQuery }: ApiConfig): Carriers {
  const names = auth === 'public' ? [] : auth;
  return {
    // No session stands there, yet beside one a field Authorization would name another caller to the upstream.
    authorization: names.some((name) => name !== MTLS),
    fields: apiKeyFields(auth, apiKey),
    cookies: sessionCookies(auth),
    query: tokensInQuery,
  };
}

function revocationConfig(api: ApiConfig, operations: Operations): RevocationConfig {
  return { api: api.auth !== 'public', operations: byOperation(operations, (auth) => auth !== 'public') };
}

function jwtConfig(api: ApiConfig, operations: Operations, issuers: readonly IssuerConfig[]): JwtConfig {
  const named = (auth: AuthConfig): readonly IssuerConfig[] =>
    auth === 'public' ? [] : auth.flatMap((name) => issuers.find((issuer) => issuer.name === name) ?? []);
  return { issuers: named(api.auth), operations: byOperation(operations, named), credentials: api.credentials };
}

/** The issuers among them that are asked about tokens; null where none is. */
function introspectingConfig({ issuers, operations, credentials }: JwtConfig): IntrospectingConfig | null {
  const all = [issuers, ...Object.values(operations)].flat();
  if (!all.some(isAsked)) return null;
  const own = Object.entries(operations).map(([name, named]) => [name, named.filter(isAsked)] as const);
  return { issuers: issuers.filter(isAsked), operations: Object.fromEntries(own), credentials };
}
