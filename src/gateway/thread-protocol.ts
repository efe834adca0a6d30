import type { CspReport, Issue, LedgerRecord, OriginalEntry } from '../base/index.ts';
import type { GatheredParcel } from '../config/compiled.ts';
import type { Told } from '../policy/index.ts';
import type { UpstreamReport } from './target-health-watch.ts';
import type { Alert, CertificateMaterial, LogFields, LogLevel, SharedTable } from '../ports/index.ts';

/** Where a gateway thread listens. */
export interface ListenPlan {
  readonly host: string;
  readonly httpsPort: number;
  readonly http: { readonly port: number; readonly mode: 'redirect' | 'refuse' } | null;
  readonly reusePort: boolean;
  readonly maxConnections: number;
  /** Of one network over all threads; how fast they come is bounded by it too. */
  readonly connectionsPerAddress: number;
  /** Blocks of addresses whose connections begin with a PROXY header; none for none. */
  readonly proxyProtocol: readonly string[];
  /** Where our own APIs call third parties; null where they don't. */
  readonly egress: { readonly host: string; readonly port: number; readonly tls: boolean } | null;
}

/** The ports a thread got. */
export interface OpenPorts {
  readonly https: number;
  readonly http: number | null;
  /** It is there only where third parties are called. */
  readonly egress?: number;
}

/** How a gateway thread is doing. */
export interface ThreadStatus {
  readonly revision: number | null;
  readonly connections: number;
  readonly inFlight: number;
  readonly livingSnapshots: number;
  readonly newestRecords: readonly LedgerRecord[];
  readonly upstreams: readonly UpstreamReport[];
}

/** What the control side tells a gateway thread. A swap has two steps: all have prepared, then all install. */
export type ToThread =
  | {
      readonly kind: 'certificates';
      readonly materials: readonly CertificateMaterial[];
      readonly ticketKeys: Uint8Array;
    }
  | { readonly kind: 'ticketKeys'; readonly ticketKeys: Uint8Array }
  | { readonly kind: 'table'; readonly table: SharedTable }
  | { readonly kind: 'keysAnswered'; readonly ask: number }
  | { readonly kind: 'deskAnswered'; readonly ask: number; readonly answer: Told }
  | { readonly kind: 'deskNotice'; readonly subject: string; readonly notice: Told }
  /** The names of an address that lead back to it, for so long; null where nobody could find out. */
  | {
      readonly kind: 'namesAnswered';
      readonly address: string;
      readonly names: readonly string[] | null;
      readonly holdMs: number;
    }
  | { readonly kind: 'prepare'; readonly parcel: GatheredParcel }
  | { readonly kind: 'install'; readonly revision: number }
  | { readonly kind: 'listen'; readonly plan: ListenPlan }
  | { readonly kind: 'status'; readonly ask: number; readonly records: number }
  | { readonly kind: 'drain'; readonly graceMs: number };

/** What a gateway thread tells the control side. */
export type FromThread =
  /** From now on this thread judges by this version of a table, or by a later one. */
  | { readonly kind: 'tableTaken'; readonly name: string; readonly version: number }
  | { readonly kind: 'prepared'; readonly revision: number; readonly issues: readonly Issue[] }
  | { readonly kind: 'installed'; readonly revision: number; readonly ok: boolean }
  | { readonly kind: 'listening'; readonly ports: OpenPorts }
  | { readonly kind: 'listenFailed'; readonly port: number; readonly code: string }
  | { readonly kind: 'status'; readonly ask: number; readonly status: ThreadStatus }
  | { readonly kind: 'drained' }
  | { readonly kind: 'namesWanted'; readonly address: string }
  | { readonly kind: 'keysWanted'; readonly ask: number; readonly issuer: string; readonly source: string }
  | { readonly kind: 'deskAsked'; readonly ask: number; readonly subject: string; readonly question: Told }
  | { readonly kind: 'deskTold'; readonly subject: string; readonly notice: Told }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly event: string;
      readonly message: string;
      readonly fields: LogFields;
    }
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'cspReports'; readonly reports: readonly CspReport[] }
  /** A reply of an upstream's was replaced. */
  | { readonly kind: 'original'; readonly original: OriginalEntry };
