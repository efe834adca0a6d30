import type { LogFields } from './log.ts';

/** What must not pass unnoticed; a closed list, so that each has a page in the docs. */
export type AlertKind =
  | 'credential-over-plain-http'
  | 'gateway.fault'
  | 'snapshot.refused'
  | 'configuration.last-good'
  | 'configuration.unwatched'
  | 'thread.lost'
  | 'connections.exhausted'
  | 'attack.bounded'
  | 'overload.shedding'
  | 'http2.flood'
  | 'scanner.unavailable'
  | 'table.refused'
  | 'certificate.expiring'
  | 'certificate.missing'
  | 'certificate.contested'
  | 'crl.expiring'
  | 'list.refused'
  | 'upstream.untrusted'
  | 'upstream.circuit-open'
  | 'upstream.address-refused'
  | 'party.redirect-refused'
  | 'party.secret-echoed'
  | 'secret.unreadable'
  | 'upstream.targets-unavailable'
  | 'upstream.targets-lost'
  | 'data-folder.fault'
  | 'ledger.fault'
  | 'issuer.keys-unavailable'
  | 'issuer.login-failing'
  | 'issuer.introspection-unavailable'
  | 'groups.unavailable'
  | 'owners.unavailable'
  | 'api-key.tried'
  | 'api-key.leaked'
  | 'node.below-security-floor';

/** Something the operator must hear of. `key` names the occasion: the same kind and key within the hush time count as one, with a count. */
export interface Alert {
  readonly kind: AlertKind;
  readonly key: string;
  readonly severity: 'critical' | 'high' | 'medium' | 'low';
  readonly message: string;
  readonly fields?: LogFields;
}

/** An alert as it is kept. */
export interface AlertRecord extends Alert {
  readonly id: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

/** Raising never throws and never waits; what is raised is kept, bounded, and put in the log. */
export interface Alerts {
  raise(alert: Alert): void;
  /** Newest first. */
  list(limit: number): Promise<readonly AlertRecord[]>;
}
