export { OwnerPlaces } from './owner-places.ts';
export { OwnerService, type OwnerOutcome, type OwnerTold } from './owner-service.ts';
export type { AdminRequest } from './admin-operation.ts';
export {
  ADMIN_OPERATIONS,
  type AdminBackend,
  type AdminOperation,
  type AdminStatus,
  type AlertSummary,
  type CertificateReport,
  type IssuerReport,
  type SourceReport,
  type TargetStatus,
  type LedgerReport,
  type ListReport,
  type RevocationReport,
  type ThreadReport,
} from './admin-operations.ts';
export type { ApiKeyReport } from './api-key-documents.ts';
export type { AdminApiKeys } from './api-key-operations.ts';
export { readApiKeyRotation, readApiKeyWish } from './api-key-wish.ts';
export type { ApiKeyRows } from './api-key-tables.ts';
export { type ApiKeyChange, ApiKeys } from './api-keys.ts';
export { createAdminServer, type AdminServerOptions } from './admin-server.ts';
export { type AdminAddress, type AdminClient, createAdminClient } from './client.ts';
export { GraphGroups, type GraphSource } from './graph-groups.ts';
export type { GrantReport } from './grant-operations.ts';
export { Conductor } from './conductor.ts';
export type {
  ConductorOptions,
  GatewayThreads,
  Installed,
  Readiness,
  RefusedReload,
  Verifier,
  RecordedChange,
} from './conductor-options.ts';
export type { ConfigurationFile, StagedText } from './configuration-file.ts';
export { type Answer, Desks } from './desks.ts';
export type { DecisionAnswer, DecisionsBackend } from './decision-operations.ts';
export type { DecisionScene } from './decision-point.ts';
export { createDecisions } from './decisions.ts';
export { CSP_REPORTS, CSP_SUM_LIFE_MS, CSP_SUM_LIMIT, CspReports, type CspSum } from './csp-reports.ts';
export { ORIGINAL_LIFE_MS, ORIGINAL_LIMIT, Originals, ORIGINALS } from './originals.ts';
export { type KnownNames, type OverlayDraft, overlayOf } from './overlay-draft.ts';
export { type Overlay, type OverlayChange, Overlays } from './overlays.ts';
export {
  type Revocation,
  REVOCATION_ENTRIES,
  type RevocationEntry,
  type RevocationWish,
} from './revocation-entries.ts';
export { Revocations, type RevocationsOptions, type Revoked } from './revocations.ts';
export { ADMIN_KEYS, type AdminKey, type Revision, revisionId, REVISIONS } from './revisions.ts';
