export { type Item, type Order, type OrderBook, openOrderBook } from './demo/order-book.ts';
export { createDiskFiles } from './embedded/disk-files.ts';
export { createDnsHook } from './embedded/dns-hook.ts';
export { openFileKeyring } from './embedded/file-keyring.ts';
export { type FolderLock, lockFolder } from './embedded/folder-lock.ts';
export { createHostSecrets, createOwnSecrets } from './embedded/host-secrets.ts';
export { createLedgerSegments } from './embedded/ledger-segments.ts';
export { createLineLog } from './embedded/line-log.ts';
export { createLimiterMemory, LEASE_HOLDERS, type LimiterMemory } from './embedded/limiter-memory.ts';
export { createMemoryLedger, type MemoryLedger } from './embedded/memory-ledger.ts';
export { createMemoryLimiter } from './embedded/memory-limiter.ts';
export { createMemoryTables } from './embedded/memory-tables.ts';
export { type AttachedMeter, createMeterReader, type SharedMeterReader } from './embedded/meter-reader.ts';
export { createOutboundEgress } from './embedded/outbound-egress.ts';
export { createSeededRandom } from './embedded/seeded-random.ts';
export { createSharedLeases, freeLeases } from './embedded/shared-leases.ts';
export { createSharedLimiter } from './embedded/shared-limiter.ts';
export { createSharedMeter, type MeterSeries, type SharedMeter } from './embedded/shared-meter.ts';
export { createSocketDnsTransport } from './embedded/socket-dns-transport.ts';
export { openSqliteStore } from './embedded/sqlite/open-store.ts';
export { openStoredDocuments, type StoredDocuments } from './embedded/sqlite/stored-documents.ts';
export { createStoreAlerts } from './embedded/store-alerts.ts';
export { createSystemClock } from './embedded/system-clock.ts';
export { createSystemRandom } from './embedded/system-random.ts';
export { createSystemResolver } from './embedded/system-resolver.ts';
export { createSystemReverseResolver } from './embedded/system-reverse-resolver.ts';
export { createUnrecordedLedger } from './embedded/unrecorded-ledger.ts';
export { createVirtualClock, type VirtualClock } from './embedded/virtual-clock.ts';
export {
  createWebhookAlerts,
  type WebhookAlerts,
  type WebhookAlertsOptions,
  type WebhookTarget,
} from './embedded/webhook-alerts.ts';
export { createVaultSecrets } from './embedded/vault-secrets.ts';
