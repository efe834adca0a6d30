export {
  type BodyUse,
  type BodyViews,
  createSlot,
  type Exchange,
  type Outcome,
  type ReplyView,
  type RequestEditor,
  type ResponseEditor,
  type Slot,
} from './exchange.ts';
export {
  type CompileAt,
  type IssuerTable,
  type PolicyKind,
  REQUEST_STAGES,
  type RoleTable,
  type Source,
  type Sources,
  type Stage,
  STAGES,
  type Stages,
  type Step,
  type Steps,
} from './kind.ts';
export type { KeyRequests, KindPorts } from './kind-ports.ts';
export type { ClaimMapping, ClaimPath, IssuerConfig, JwtConfig, KeyOrigin } from './kinds/jwt/config.ts';
export type { OpenapiRequestConfig } from './kinds/openapi-request/config.ts';
export type { PermissionConfig } from './kinds/permission/config.ts';
export type { LimitRule, LimitSubject, RateConfig } from './kinds/rate/config.ts';
export type { Match, Operation, OperationId } from './operation.ts';
export type { Assurance, ClaimValue, Principal } from './principal.ts';
export { ABSTAIN, type AuthenticateVerdict, deny, type OwnReply, PASS, type Verdict } from './verdict.ts';
