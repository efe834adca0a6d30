export type {
  AcmeAuthority,
  AcmeConfig,
  ApiConfig,
  ApiSource,
  AuthConfig,
  CallerAssurance,
  CallerConfig,
  GivenReply,
  CertificateConfig,
  Config,
  FileCertificateConfig,
  OperationConfig,
  PolicyMode,
  PolicyUse,
  RoleConfig,
  ServerConfig,
  TestConfig,
  TargetConfig,
  UpstreamConfig,
  ValidateConfig,
} from './config.ts';
export type { ChangeEffect, ConfigChange } from './config-change.ts';
export { fixedEgress } from './diff-egress.ts';
export { fixedServer } from './client-changes.ts';
export { authorityOf } from './authority.ts';
export type { DescribedInputs } from './described-inputs.ts';
export type { CheckConfig } from './health-config.ts';
export { lookAtLists } from './client-lists.ts';
export { revocationEnds } from './client-trust.ts';
export { readAuthorityName } from './clients.ts';
export { isAttributeName } from './claims.ts';
export type { AttributeValue } from '../policy/index.ts';
export { everyTarget } from './beside-targets.ts';
export { diffConfigurations } from './diff.ts';
export { hasOwnCertificate } from './own-certificate.ts';
export { gather } from './gather.ts';
export { readList } from './list-reading.ts';
export { listsIn } from '../lists/index.ts';
export type { Gathered } from './gathered.ts';
export type { GatherOptions } from './gather-work.ts';
export { type GatheredParcel, packGathered } from './parcel.ts';
export { CONFIG_LIMIT_BYTES, parseConfig, type ParsedConfig, type ParseOptions } from './parse.ts';
export { referencePage } from './reference-page.ts';
export type { Route } from './routes.ts';
export { jsonSchema } from './schema.ts';
export {
  LOCAL_ROLE,
  type StarterApi,
  starterConfig,
  type StarterOptions,
  type StarterPermissions,
  type StarterSignIn,
} from './starter.ts';
export { resolvePath } from './path.ts';
export { parseSecretReference } from './secret-reference.ts';
export { readTargetFile } from './target-file.ts';
export { readInstant } from './request-tests.ts';
