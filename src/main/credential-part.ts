import type { Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { ConductorOptions, Desks } from '../control/index.ts';
import type { Alerts, Keyring, Store, Tables } from '../ports/index.ts';
import type { ControlMetrics } from './control-metrics.ts';
import type { HostPorts } from './host-ports.ts';

/** What it works with. */
export interface NodeCredentialsOptions {
  readonly host: HostPorts;
  readonly alerts: Alerts;
  readonly store: Store;
  readonly keyring: Keyring;
  /** What goes on to every gateway thread. */
  readonly tables: Tables;
  /** Records a change in the ledger before it is made; false when that can't be done, and then it must not be made. */
  readonly record: ConductorOptions['record'];
  readonly metrics: Pick<
    ControlMetrics,
    'introspected' | 'ownerAsked' | 'signIn' | 'sessionRefresh' | 'sessionEnded' | 'providerLogout'
  >;
  /** Newer keys of an issuer, for somebody of this `source`; null where asking is of no use now. */
  readonly wantKeys: (issuer: string, source: string) => Promise<void> | null;
}

/** What each part is made with. */
export interface PartOptions extends NodeCredentialsOptions {
  readonly desks: Desks;
  /** Whether the newest version of a table is in force in all threads; resolves with false where it is not soon. */
  readonly inForce: (table: string) => Promise<boolean>;
}

/** One part of it, such as API keys, or sessions. */
export interface CredentialPart {
  fill?(gathered: Gathered): Promise<readonly Issue[]>;
  retain?(gathered: Gathered): void;
  close?(): Promise<void> | void;
}
