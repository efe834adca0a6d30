import type { ChangeRecord, Issue, Result } from '../base/index.ts';
import type { Gathered, GatherOptions } from '../config/index.ts';
import type { PolicyKind } from '../policy/index.ts';
import type { Alerts, Clock, Collection, Log } from '../ports/index.ts';
import type { ConfigurationFile } from './configuration-file.ts';
import type { Revision } from './revisions.ts';

/** The gateway threads, as the conductor sees them: all do it, or none. */
export interface GatewayThreads {
  /** Builds routing everywhere; what any thread finds wrong. Nothing is in force yet. */
  prepare(gathered: Gathered): Promise<readonly Issue[]>;
  /** Puts the prepared Snapshot in force everywhere; false when a thread would not. */
  install(revision: number): Promise<boolean>;
}

/** Builds everything of a configuration once, in a thread of its own, and reports all issues. */
export interface Verifier {
  verify(gathered: Gathered): Promise<readonly Issue[]>;
}

/** Whether the gateway should get traffic, and why not. */
export type Readiness =
  | { readonly state: 'starting' | 'verifying' | 'draining' }
  | { readonly state: 'ready' }
  /** Ready, with what was kept of things outside that could not be had at the start; these are named in words. */
  | { readonly state: 'last-good'; readonly lacking: readonly string[] }
  | { readonly state: 'faulty'; readonly issues: readonly Issue[] };

/** A change as the ledger records it; `before` and `after` are the hashes of configurations. */
export type RecordedChange = Pick<ChangeRecord, 'author' | 'action' | 'target' | 'before' | 'after'>;

/** A reload that was refused: when, in wall time, how much is wrong, and the first of it in words. */
export interface RefusedReload {
  readonly at: number;
  readonly issues: number;
  readonly first: string;
}

/** A revision that is in force now. */
export type Installed = Result<{ readonly revision: number }, readonly Issue[]>;

/** What the conductor works with. */
export interface ConductorOptions {
  readonly file: string;
  readonly readText: () => Promise<Result<Uint8Array, string>>;
  /** How the file is written; null where the configuration has no file, and then it can't be replaced. */
  readonly store: ConfigurationFile | null;
  readonly kinds: readonly PolicyKind<unknown>[];
  readonly io: Omit<GatherOptions, 'revision'>;
  readonly threads: GatewayThreads;
  readonly verifier: Verifier;
  readonly revisions: Collection<Revision>;
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts;
  /** Records a change before it is made; false when that can't be done, and then it must not be made. */
  readonly record: (change: RecordedChange) => boolean;
  /**
   * What a new configuration asks of the rest of the node before it is in force: certificates for new hosts, keys of new
   * issuers. What can't be had of it; then the configuration is refused.
   */
  readonly adapt: (gathered: Gathered) => Promise<readonly Issue[]>;
  /** This is in force now, or is so still after another one was refused, and the rest of the node goes by it alone. */
  readonly follow: (gathered: Gathered) => Promise<void>;
}
