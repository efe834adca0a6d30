/**
 * What a thread needs that compiles a configuration: the narrow door of this room. Nothing behind it reads YAML or
 * checks what was written, so that a thread does not load what only the control side uses.
 */
export type { ModedRule, OperationAccess } from './access-config.ts';
export { assuranceOf, assuranceWords, waysOf } from './assurance-rules.ts';
export { authorityOf } from './authority.ts';
export type {
  ApiConfig,
  AuthConfig,
  BalanceConfig,
  CacheConfig,
  CallerConfig,
  CanaryConfig,
  DiscoverConfig,
  GivenReply,
  ClientTrustConfig,
  HashSource,
  MirrorConfig,
  OperationConfig,
  PolicyUse,
  TargetConfig,
  TestConfig,
  TrustedProxiesConfig,
  UpstreamConfig,
  WebSocketConfig,
} from './config.ts';
export { mayBeCalled } from './allowed-operations.ts';
export { upstreamSaidAt } from './said-at.ts';
export { type EgressConfig, isOfType, type PartyConfig, type PartySecret } from './egress-config.ts';
export type { BreakerConfig, RetryCause, RetryConfig } from './failing-config.ts';
export type { CheckConfig, HealthConfig, StatusRange } from './health-config.ts';
export { type Configured, configuredOf, type ListedOperation } from './configured.ts';
export type { OutputConfig, SecurityHeadersConfig } from './output-config.ts';
export { hasOwnCertificate } from './own-certificate.ts';
export type { Gathered } from './gathered.ts';
export { leaksOf, onlyReports } from './leak-rules.ts';
export { replyRules } from './reply-rules.ts';
export { sanitizeMode, sanitizeRules } from './sanitize-rules.ts';
export type { Priority } from './priority.ts';
export { type GatheredParcel, unpackGathered } from './parcel.ts';
