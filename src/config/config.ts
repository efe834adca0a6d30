import type { GeoFiles, ListPair } from '../lists/index.ts';
import type { ApiKeyField, ApiKeysConfig } from './api-key-config.ts';
import type { CacheConfig } from './cache-config.ts';
import type { EgressConfig, PartyConfig } from './egress-config.ts';
import type {
  AssuranceRules,
  AttributeValue,
  CertificateClients,
  ClaimValue,
  ConditionRule,
  CorsRules,
  GraphqlRulesConfig,
  IssuerConfig,
  LimitRule,
  MaintenanceRules,
  RedirectRules,
  ReplyLeaks,
  RespondRules,
  RewriteRules,
  ValuesSource,
  UpstreamErrors,
} from '../policy/index.ts';
import type { ModedRule, OperationAccess } from './access-config.ts';
import type { PolicyMode } from './policy-mode.ts';
import type { HttpsConfig } from './https-config.ts';
import type { FilesRules } from './file-rules.ts';
import type { OutputConfig } from './output-config.ts';
import type { Priority } from './priority.ts';
import type { ScannerConfig } from './scanners.ts';
import type { ReplyKeys } from './reply-keys.ts';
import type { Route } from './routes.ts';
import type { SanitizeUse } from './sanitize-rules.ts';
import type { SecretsConfig } from './secrets-config.ts';
import type { UpstreamConfig } from './upstream-config.ts';

export type { CacheConfig } from './cache-config.ts';
export type { PolicyMode } from './policy-mode.ts';
export type {
  AcmeAuthority,
  AcmeConfig,
  CertificateConfig,
  ClientTrustConfig,
  FileCertificateConfig,
  HttpsConfig,
  HttpsHostConfig,
} from './https-config.ts';
export type {
  BalanceConfig,
  CanaryConfig,
  DiscoverConfig,
  HashSource,
  MirrorConfig,
  TargetConfig,
  UpstreamConfig,
} from './upstream-config.ts';
import type { ZeroTrustPreset } from './preset.ts';
import type { MetadataConfig } from './metadata.ts';

/** The whole configuration, with every default filled in, paths absolute, durations in milliseconds and sizes in bytes. */
export interface Config {
  readonly version: 1;
  /** What all of it is held to; null for nothing. */
  readonly preset: ZeroTrustPreset | null;
  readonly server: ServerConfig;
  readonly admin: {
    readonly host: string;
    readonly port: number;
    /** A reference to the key of those who may only ask for decisions; null where nobody may but by the admin key. */
    readonly decisions: { readonly key: string } | null;
  };
  readonly dataFolder: string;
  /** Null where no proxy's word on the client is taken. */
  readonly trustedProxies: TrustedProxiesConfig | null;
  /** Who is let in at all; null where nobody is kept out. */
  readonly lists: ListPair | null;
  /** What nobody may do, by rules. */
  readonly denials: readonly ModedRule[];
  readonly geo: GeoFiles;
  readonly secrets: SecretsConfig;
  /** In the order of the file, as the next two. */
  readonly issuers: readonly IssuerConfig[];
  readonly roles: readonly RoleConfig[];
  /** Who calls by a certificate. */
  readonly clients: CertificateClients;
  /** What holds of the API keys that this gateway gives out. */
  readonly apiKeys: ApiKeysConfig;
  readonly sessions: SessionsConfig;
  /** `required`: a request that can't be recorded is refused. */
  readonly audit: 'required' | 'off';
  /** Where alerts are sent besides the log; `secret` is a reference. */
  readonly alerts: { readonly webhook: { readonly url: string; readonly secret: string } | null };
  /** What the replies that are stored may hold together, over all threads. */
  readonly cache: { readonly memoryBytes: number };
  /** By name, for the conditions of all APIs. */
  readonly values: Readonly<Record<string, ValuesSource>>;
  readonly scanners: readonly ScannerConfig[];
  readonly tests: readonly TestConfig[];
  /** Null where there is no listener for what APIs call. */
  readonly egress: EgressConfig | null;
  /** In the order of the file; the third parties, which are APIs of the listener `egress`, behind all others. */
  readonly apis: readonly ApiConfig[];
}

/** HTTP proxies before the gateway, by blocks of addresses, and the one field in which they name the client. */
export interface TrustedProxiesConfig {
  readonly addresses: readonly string[];
  readonly field: 'x-forwarded-for' | 'forwarded';
}

/** How long people stay signed in, and with whom they sign in, in the order of the file. */
export interface SessionsConfig {
  /** One that is not used for so long ends. */
  readonly idleMs: number;
  /** One ends so long after it has begun in any case. */
  readonly absoluteMs: number;
  /** Where browsers go after they have signed out, on the same host. */
  readonly afterLogout: string;
  /** How pages show that a request is theirs: by the session's own token in a field, or by their origin alone. */
  readonly csrf: 'token' | 'origin';
  readonly providers: readonly LoginConfig[];
}

/** An issuer that people sign in with in their browsers. */
export interface LoginConfig {
  readonly issuer: IssuerConfig;
  /** What people read where they choose. */
  readonly label: string;
  readonly clientId: string;
  /** What the gateway shows to the issuer; `reference` is one to a secret. */
  readonly proof:
    | { readonly kind: 'secret'; readonly reference: string }
    | { readonly kind: 'private-key'; readonly reference: string; readonly kid: string | null };
  /** `openid` stands first. */
  readonly scopes: readonly string[];
  readonly prompt: 'login' | 'consent' | 'select_account' | null;
  /** Of these every sign-in must be one; null where any will do. */
  readonly acrValues: readonly string[] | null;
  readonly par: 'auto' | 'required' | 'off';
  readonly userinfo: boolean;
  readonly path: string;
}

/** A role: the permissions it grants, and the roles whose permissions it grants too. */
export interface RoleConfig {
  readonly name: string;
  readonly can: readonly string[];
  readonly includes: readonly string[];
  readonly path: string;
}

/** Who calls in a test or a question. What is left out of it is empty; `scopes` null means that they narrow nothing. */
export type CallerConfig =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'known';
      readonly subject: string;
      readonly roles: readonly string[];
      readonly permissions: readonly string[];
      readonly scopes: readonly string[] | null;
      readonly tenant: string | null;
      readonly clientId: string | null;
      readonly claims: Readonly<Record<string, ClaimValue>>;
      readonly assurance: CallerAssurance;
      /** Not there where none are given. */
      readonly attributes?: Readonly<Record<string, AttributeValue>>;
    };

/** How a caller in a test or a question signed in, and how long ago; what their credential is bound to, and was proved with. */
export interface CallerAssurance {
  readonly acr: string | null;
  readonly amr: readonly string[];
  readonly authAgeMs: number | null;
  readonly proof: 'dpop' | 'mtls' | null;
}

/** One of the configuration's own tests: a request, who sends it, and what must become of it. */
export interface TestConfig {
  readonly method: string;
  /** A request target such as `/v1/orders/7?full=true`, or a whole URL. */
  readonly target: string;
  /** The client's address; null where it does not matter. */
  readonly from: string | null;
  readonly caller: CallerConfig;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined for none. */
  readonly body: unknown;
  /** Wall time at which it comes; null for when it is asked. */
  readonly atMs: number | null;
  /** What its upstream answers; null where nobody says, and then it is judged no further than that. */
  readonly given: GivenReply | null;
  /** What the owner service says of the object: null for that there is none, undefined where nobody says. */
  readonly owner: unknown;
  /** `pass`: it goes upstream. A number is the status, a text the code, of the refusal. */
  readonly expect: string | number;
  /** The JSON, or text, that the caller must get of the reply; undefined where nothing is said. */
  readonly returns: unknown;
  /** The rule or the code that it must be refused for; null for any. */
  readonly because: string | null;
  /** The rule or the code for which who only observes must have refused it; null where nothing is said. */
  readonly observed: string | null;
  readonly path: string;
}

/** What an upstream answers in a test or a question. */
export interface GivenReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes, and a text whose media type is not JSON, are sent as they are, all else as JSON; undefined for none. */
  readonly body: unknown;
}

/** Whether proofs of possession need a nonce of the gateway's (RFC 9449 §9). */
export interface DpopConfig {
  readonly nonce: 'off' | 'required';
}

/** Who may call: everybody, or whoever bears a token of one of these issuers, by name. */
export type AuthConfig = 'public' | readonly string[];

/** What is held against the description: requests alone, `strict` replies too; `observe`: both, and what differs is only recorded. */
export type ValidateConfig = 'requests' | 'strict' | 'observe';

/** What the gateway listens on for clients. A port of 0 is any free one; `http` is null where it is off. */
export interface ServerConfig {
  readonly host: string;
  /** `auto`: as many as this machine has cores, where they can share a port. */
  readonly threads: number | 'auto';
  readonly https: HttpsConfig;
  readonly http: { readonly port: number; readonly mode: 'redirect' | 'refuse' } | null;
  /** How many connections a network may have, over all threads. */
  readonly connectionsPerAddress: number;
  /** Blocks of addresses whose connections begin with a PROXY header. */
  readonly proxyProtocol: readonly string[];
}

/**
 * Where an API's operations come from: a description (an absolute path or a URL), routes written by hand, or the
 * descriptor set of its gRPC services (an absolute path).
 */
export type ApiSource =
  | { readonly kind: 'openapi'; readonly location: string }
  | { readonly kind: 'routes'; readonly routes: readonly Route[] }
  | { readonly kind: 'descriptors'; readonly file: string };

/** One API. `basePath` is empty or like `/v1`; `path` is its key path (`apis.orders`). */
export interface ApiConfig {
  readonly name: string;
  readonly host: string | null;
  readonly basePath: string;
  readonly upstream: UpstreamConfig;
  readonly auth: AuthConfig;
  /** How sure it must be who calls; null where nothing is asked. */
  readonly assurance: AssuranceRules | null;
  /** Where it takes API keys, if it does. */
  readonly apiKey: ApiKeyField;
  /** How callers prove that they have the key of their tokens. */
  readonly dpop: DpopConfig;
  /** What is told of where tokens for it are had; null for nothing. */
  readonly metadata: MetadataConfig | null;
  /** What becomes of requests whose query bears a token. */
  readonly tokensInQuery: 'refuse' | 'pass';
  /** The largest request body; over gRPC the largest message, either way. */
  readonly bodyLimitBytes: number;
  readonly priority: Priority;
  readonly limits: readonly LimitRule[];
  /** Who is let in to it, of those that the gateway lets in; null where nobody is kept out. */
  readonly lists: ListPair | null;
  /** What nobody may do by any of its operations. */
  readonly denials: readonly ModedRule[];
  readonly validate: ValidateConfig;
  readonly replies: ReplyKeys;
  /** Whether clients are told what is wrong with a request. */
  readonly errors: 'plain' | 'helpful';
  /** What of its requests is cleaned; null for nothing. */
  readonly sanitize: SanitizeUse | null;
  /** By name, for its conditions; they stand before those of the gateway. */
  readonly values: Readonly<Record<string, ValuesSource>>;
  /** What becomes of errors of the upstream. */
  readonly upstreamErrors: UpstreamErrors;
  /** What must not leave in replies; null where nothing is looked for. */
  readonly leaks: ReplyLeaks | null;
  /** What files are held to; null where nothing is said. */
  readonly files: FilesRules | null;
  /** Whether the credential that was used goes on to the upstream. */
  readonly credentials: 'remove' | 'pass';
  /** What its replies are cleaned of. */
  readonly output: OutputConfig;
  /** How replies are stored; null where none is. */
  readonly cache: CacheConfig | null;
  /** Which pages of other origins may call it; `off`: none, and null: as the upstream says. */
  readonly cors: CorsRules | 'off' | null;
  readonly source: ApiSource;
  /** How its operations of GraphQL are judged; null where it speaks something else. */
  readonly graphql: GraphqlRulesConfig | null;
  /** What of all its requests and replies is changed on the way; null for nothing. */
  readonly rewrite: RewriteRules | null;
  /** Null where it is open. */
  readonly maintenance: MaintenanceRules | null;
  /** By operation name. Names are the author's: look them up with `Object.hasOwn`. */
  readonly operations: Readonly<Record<string, OperationConfig>>;
  readonly policies: readonly PolicyUse[];
  /** What holds of a third party, which our own APIs call over the listener `egress`; null for an API of ours. */
  readonly party: PartyConfig | null;
  readonly path: string;
}

/** What one operation has of its own; null means as the API says. */
export interface OperationConfig {
  readonly auth: AuthConfig | null;
  /** In the place of that of the API; `off`: nothing is asked. */
  readonly assurance: AssuranceRules | 'off' | null;
  readonly bodyLimitBytes: number | null;
  readonly priority: Priority | null;
  /** The permissions needed, all of them; null means as the OpenAPI document says. */
  readonly needs: readonly string[] | null;
  /** Who may do what by it besides. */
  readonly access: OperationAccess;
  /** Limits of this operation alone, besides those of the API. */
  readonly limits: readonly LimitRule[];
  /** The same of this operation alone, besides. */
  readonly lists: ListPair | null;
  readonly validate: ValidateConfig | null;
  readonly replies: ReplyKeys;
  /** What is cleaned besides; `off`: nothing is. */
  readonly sanitize: SanitizeUse | 'off' | null;
  /** What must hold of its requests; none where nothing is said. */
  readonly rules: readonly ConditionRule[];
  readonly upstreamErrors: UpstreamErrors | null;
  readonly leaks: ReplyLeaks | 'off' | null;
  readonly files: FilesRules | null;
  /** What holds of WebSocket connections; null where none is offered. */
  readonly websocket: WebSocketConfig | null;
  /** How long the head of its reply may take, in place of the upstream's. */
  readonly timeoutMs: number | null;
  readonly deadlineMs: number | null;
  readonly rewrite: RewriteRules | null;
  /** Where its requests are sent on to; null where they go upstream, as with `respond`, what they are answered with. */
  readonly redirect: RedirectRules | null;
  readonly respond: RespondRules | null;
  /** `off`: it stays open while its API is closed. */
  readonly maintenance: MaintenanceRules | 'off' | null;
  /** How its replies are stored, where that differs from the API. */
  readonly cache: CacheConfig | 'off' | null;
  readonly path: string;
}

/** WebSocket connections of an operation. */
export interface WebSocketConfig {
  /** Serialized origins (RFC 6454 §6.2); `own`: that of the host which the request names. */
  readonly origins: 'own' | 'any' | readonly string[];
  /** The largest message, either way. */
  readonly messageBytes: number;
  /** Frames of a client: so many in a period, and as many at once. */
  readonly rate: { readonly count: number; readonly periodMs: number };
  /** One over which nothing comes for so long is closed. */
  readonly idleMs: number;
  /** What clients may ask for; null: whatever they do. */
  readonly subprotocols: readonly string[] | null;
}

/**
 * A policy as an API uses it: `name` is `API/KIND`. `config` is what the kind's own schema made of it, or what the keys
 * that stand for this kind say.
 */
export interface PolicyUse {
  readonly kind: string;
  readonly name: string;
  readonly config: unknown;
  readonly mode: PolicyMode;
  /** By operation name, where it differs. */
  readonly modes: Readonly<Record<string, PolicyMode>>;
  readonly path: string;
}
