export type { Alert, AlertKind, AlertRecord, Alerts } from './alerts.ts';
export type { CertificateMaterial, Certificates } from './certificates.ts';
export type { Clock, Timer } from './clock.ts';
export type { DnsHook, DnsHookAction, DnsRecord } from './dns-hook.ts';
export type { DnsServer, DnsTransport, DnsWait } from './dns-transport.ts';
export type { Egress, EgressFault, EgressReply, EgressRequest } from './egress.ts';
export type { FileFacts, FileFault, Files } from './files.ts';
export type { Keyring } from './keyring.ts';
export type { Lease, Leases } from './leases.ts';
export type { Ledger } from './ledger.ts';
export type { Limiter, Rate, RateCharge, RateDecision } from './limiter.ts';
export type { Log, LogFields, LogLevel } from './log.ts';
export type { Counter, Gauge, Histogram, Labels, Meter, MeterReader } from './meter.ts';
export type { Random } from './random.ts';
export { REPLAYS_AHEAD_MS, REPLAYS_KEPT_MS, type Replays, type Use, type Used } from './replays.ts';
export type { ResolvedAddress, Resolver, ReverseResolver } from './resolver.ts';
export type { Scanner, ScannerTarget, ScanResult } from './scanner.ts';
export type {
  HostReference,
  SecretReference,
  Secrets,
  VaultAuth,
  VaultReference,
  VaultSource,
} from './secrets.ts';
export type { Segment, Segments } from './segments.ts';
export type { Collection, CollectionDeclaration, Entry, OpenStore, Query, Store, Stored, StoreFault } from './store.ts';
export type { SharedTable, TableDeclaration, Tables, TableVersion, WhenStale } from './tables.ts';
export {
  type AddressFamily,
  type FoundTarget,
  TARGET_LIMIT,
  type TargetRow,
  TARGETS_STALE_AFTER_MS,
  type TargetSource,
  targetKey,
  UPSTREAM_TARGETS,
} from './targets.ts';
