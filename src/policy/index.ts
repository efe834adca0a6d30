export type { AccessRule } from './access-rule.ts';
export type { FieldEntry, FieldRules } from './field-rules.ts';
export { ACR_LENGTH_LIMIT, ACR_VALUES_LIMIT } from './step-up.ts';
export { issuerNames, SIGNATURE_ALGORITHMS, TENANT_PLACE } from '../credential/index.ts';
export {
  type BodyUse,
  type BodyViews,
  createSlot,
  type Exchange,
  type Outcome,
  type RepliedHead,
  type ReplyView,
  type RequestEditor,
  type ResponseEditor,
  type Slot,
} from './exchange.ts';
export { type Desk, EMPTY_DESK, type Told } from './desk.ts';
export {
  type Cleaning,
  type CompileAt,
  type IssuerTable,
  type PolicyKind,
  READS_NOTHING,
  REQUEST_STAGES,
  type RoleTable,
  type Source,
  type Sources,
  type Stage,
  STAGES,
  type Stages,
  type Step,
  type Steps,
  type Unseen,
} from './kind.ts';
export type { KeyRequests, KindPorts } from './kind-ports.ts';
export { claimAt } from './claims/claim-texts.ts';
export { type ToldCaller, toldCaller } from './claims/told-caller.ts';
export type { ClaimMapping, ClaimPath, ClaimRules, GraphAccess, GroupMapping, RoleMap } from './claims/config.ts';
export type { IssuerConfig, JwtConfig, KeyOrigin } from './kinds/jwt/config.ts';
export type { Carriers, CredentialsConfig } from './kinds/credentials/config.ts';
export { createCredentialsKind } from './kinds/credentials/kind.ts';
export type { AssuranceConfig, AssuranceRules } from './kinds/assurance/config.ts';
export { createAssuranceKind } from './kinds/assurance/kind.ts';
export {
  OVERLAY_TABLE,
  type OverlayConfig,
  overlayKey,
  type OverlayRow,
  type OverlayRule,
  type OverlayTarget,
} from './kinds/overlay/config.ts';
export { GROUPS_SUBJECT, type GroupsConfig, graphSource } from './kinds/groups/config.ts';
export { createGroupsKind } from './kinds/groups/kind.ts';
export { createOverlayKind } from './kinds/overlay/kind.ts';
export { overlaid, type OverlayInForce } from './kinds/overlay/overlaid.ts';
export type { CorsConfig, CorsRules } from './kinds/cors/config.ts';
export { CrossOrigin, type ReplyField } from './kinds/cors/cross-origin.ts';
export { createCorsKind } from './kinds/cors/kind.ts';
export { preflightMethod, preflightStep } from './kinds/cors/preflight.ts';
export { LEAKED_API_KEYS, LEAKS_PATH } from './kinds/api-key/leak-reports.ts';
export { type ApiKeyConfig, isApiKeyEnvironment, type LeakReporters } from './kinds/api-key/config.ts';
export { API_KEY_USES, createApiKeyKind } from './kinds/api-key/kind.ts';
export type { SessionConfig, SessionRules, SessionSiteConfig, SignInIssuer } from './kinds/session/config.ts';
export { SESSION_COOKIE } from './kinds/session/cookies.ts';
export { sessionChallenge } from './kinds/session/sign-in-path.ts';
export { createSessionKind } from './kinds/session/kind.ts';
export { createJwtKind } from './kinds/jwt/kind.ts';
export type { RevocationConfig } from './kinds/revocation/config.ts';
export { createRevocationKind } from './kinds/revocation/kind.ts';
export {
  type Revocable,
  REVOCABLE,
  REVOCATION_LIMIT,
  revocationKey,
  type RevocationRow,
  REVOCATIONS,
  tokenName,
} from './revocations.ts';
export {
  type CertificateClients,
  type CertificateEntry,
  CERTIFICATE_SUBJECTS,
  type CertificateUse,
  type MtlsConfig,
} from './kinds/mtls/config.ts';
export { createMtlsKind } from './kinds/mtls/kind.ts';
export type { AskingClient, IntrospectionConfig } from './kinds/introspection/config.ts';
export {
  type AskedIssuer,
  askedServer,
  INTROSPECTION,
  type IntrospectingConfig,
  isAsked,
  needsKeys,
  NOT_TAKEN,
} from './kinds/introspection/asked-issuer.ts';
export { readAnswer } from './kinds/introspection/answer.ts';
export { createIntrospectionKind } from './kinds/introspection/kind.ts';
export type { ConditionRule, ConditionsConfig, ValuesSource } from './kinds/conditions/config.ts';
export { createConditionsKind } from './kinds/conditions/kind.ts';
export { ASKED_OPERATIONS, type AskedOperation } from './asked-operations.ts';
export type { GraphqlConfig, GraphqlRulesConfig } from './kinds/graphql/config.ts';
export { createGraphqlKind } from './kinds/graphql/kind.ts';
export { graphqlJudge } from './kinds/graphql/prepared.ts';
export type { FileRules, FilesConfig, FileScanner } from './kinds/files/config.ts';
export { createFilesKind, UNSAID_ARCHIVES } from './kinds/files/kind.ts';
export { createFileScans } from './kinds/files/scanning.ts';
export { isTakenByNameAlone } from './kinds/files/taken-by-name.ts';
export type { GrpcConfig } from './kinds/grpc/config.ts';
export { createGrpcKind } from './kinds/grpc/kind.ts';
export type { LeaksConfig, ReplyLeaks } from './kinds/leaks/config.ts';
export { createLeaksKind } from './kinds/leaks/kind.ts';
export type { AccessRulesConfig } from './kinds/access-rules/config.ts';
export { needsCaller } from './kinds/access-rules/asks-caller.ts';
export { createAccessRulesKind } from './kinds/access-rules/kind.ts';
export type { ObjectConfig, ObjectList, ObjectRule } from './kinds/object/config.ts';
export { createObjectKind } from './kinds/object/kind.ts';
export {
  NONE_LIFE_MS,
  OWNER_LIMIT_BYTES,
  type OwnerLookup,
  type OwnerPlace,
  OWNERS,
  ownerService,
} from './kinds/object/owner-lookup.ts';
export { GIVEN_OWNER, type GivenOwner } from './kinds/object/given-owner.ts';
export { KeptAnswers } from './kinds/introspection/kept-answers.ts';
export type { FieldsConfig } from './kinds/fields/config.ts';
export { createFieldsKind } from './kinds/fields/kind.ts';
export type { AcceptsConfig } from './kinds/accepts/config.ts';
export { createAcceptsKind } from './kinds/accepts/kind.ts';
export type { ZeroTrustConfig, ZeroTrustOperation } from './kinds/zero-trust/config.ts';
export { createZeroTrustKind } from './kinds/zero-trust/kind.ts';
export type { CallerKey, CallersConfig } from './kinds/callers/config.ts';
export { createCallersKind } from './kinds/callers/kind.ts';
export type { GrpcMessagesConfig } from './kinds/grpc-messages/config.ts';
export { createGrpcMessagesKind } from './kinds/grpc-messages/kind.ts';
export type { ListsConfig } from './kinds/lists/config.ts';
export { createListsKind, listRefusal } from './kinds/lists/kind.ts';
export type { OpenapiRequestConfig } from './kinds/openapi-request/config.ts';
export { createOpenapiRequestKind } from './kinds/openapi-request/kind.ts';
export type { OpenapiResponseConfig, ReplyRules } from './kinds/openapi-response/config.ts';
export { createOpenapiResponseKind } from './kinds/openapi-response/kind.ts';
export type { OutputEncodingConfig } from './kinds/output-encoding/config.ts';
export { createOutputEncodingKind } from './kinds/output-encoding/kind.ts';
export type { PermissionConfig } from './kinds/permission/config.ts';
export type { PossessionConfig } from './kinds/possession/config.ts';
export { createPossessionKind } from './kinds/possession/kind.ts';
export { createPermissionKind, neededBy } from './kinds/permission/kind.ts';
export type { LimitRule, LimitSubject, RateConfig } from './kinds/rate/config.ts';
export { createRateKind } from './kinds/rate/kind.ts';
export type { MaintenanceConfig, MaintenanceRules } from './kinds/maintenance/config.ts';
export { createMaintenanceKind } from './kinds/maintenance/kind.ts';
export type { RedirectConfig, RedirectRules } from './kinds/redirect/config.ts';
export { createRedirectKind } from './kinds/redirect/kind.ts';
export type { RespondConfig, RespondRules } from './kinds/respond/config.ts';
export { createRespondKind } from './kinds/respond/kind.ts';
export type { FieldEdits, NamedText, QueryEdits, RewriteConfig, RewriteRules } from './kinds/rewrite/config.ts';
export { createRewriteKind } from './kinds/rewrite/kind.ts';
export {
  type HtmlProfile,
  PLAIN_ACTIONS,
  type PlainAction,
  type SanitizeConfig,
  type SanitizeRules,
  type TextAction,
} from './kinds/sanitize/config.ts';
export { ALLOWABLE_ATTRIBUTES, ALLOWABLE_TAGS, keptByHtml } from './kinds/sanitize/html-names.ts';
export { createSanitizeKind } from './kinds/sanitize/kind.ts';
export type { UpstreamErrors, UpstreamErrorsConfig } from './kinds/upstream-errors/config.ts';
export { createUpstreamErrorsKind } from './kinds/upstream-errors/kind.ts';
export { keptText } from './kinds/upstream-errors/kept-text.ts';
export type { OriginalKeeper, OriginalReply } from './kinds/upstream-errors/original.ts';
export { Notebook, Notes } from './notes.ts';
export type { Match, Operation, OperationId } from './operation.ts';
export type { OwnPage, PageRequest, PageVerdict } from './own-page.ts';
export type { PathText } from './path-text.ts';
export { percentEncoded, plainCharacters } from './percent-encoding.ts';
export type { Assurance, AttributeValue, ClaimValue, Principal } from './principal.ts';
export { createRoleTable, type RoleGrants } from './role-table.ts';
export { usedCredential, type UsedCredential } from './used-credential.ts';
export {
  ABSTAIN,
  type AuthenticateVerdict,
  type CleaningVerdict,
  deny,
  type MessageVerdict,
  type OwnReply,
  PASS,
  type ReplyVerdict,
  type Verdict,
} from './verdict.ts';
export { IDENTITY_FIELDS, isFieldName, isFieldValue, RESERVED_FIELDS } from './written-fields.ts';
export type { Reference, WrittenText } from './written-text.ts';
