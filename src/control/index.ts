export {
  ADMIN_OPERATIONS,
  type AdminBackend,
  type AdminOperation,
  type AdminStatus,
  type AlertSummary,
  type IssuerReport,
  type LedgerReport,
  type ThreadReport,
} from './admin-operations.ts';
export { createAdminServer, type AdminServerOptions } from './admin-server.ts';
export { type AdminAddress, type AdminClient, createAdminClient } from './client.ts';
export {
  Conductor,
  type ConductorOptions,
  type GatewayThreads,
  type Readiness,
  type RefusedReload,
  type Verifier,
} from './conductor.ts';
export { ADMIN_KEYS, type AdminKey, type Revision, REVISIONS } from './revisions.ts';
