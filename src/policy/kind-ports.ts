import type { OriginalKeeper } from './kinds/upstream-errors/original.ts';
import type { Desk } from './desk.ts';
import type { DpopNonces } from '../credential/index.ts';
import type { Alert, Clock, Limiter, Log, Random, Replays, Scanner } from '../ports/index.ts';

/** Asks the control side for an issuer's keys, where a token names one that is not in the table. */
export interface KeyRequests {
  /**
   * Null where asking is of no use now: the budget of this issuer or of this `source` (an address) is spent, or too
   * many wait. Else it resolves, within two seconds, when the table is as new as it will get.
   */
  want(issuer: string, source: string): Promise<void> | null;
}

/** What kinds of policy work with while requests run, in the thread they run in. */
export interface KindPorts {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly limiter: Limiter;
  readonly keys: KeyRequests;
  /** Whoever knows what no thread does. */
  readonly desk: Desk;
  /** What proofs of possession are held against: those that were used, and the nonces of all threads. */
  readonly proofs: { readonly replays: Replays; readonly nonces: Pick<DpopNonces, 'newest' | 'madeAtMs'> };
  /** 32 bytes that all threads have and nobody else, others in each run: for entity tags of the gateway's own. */
  readonly tagKey: Uint8Array;
  readonly log: Log;
  readonly originals: OriginalKeeper;
  readonly scanner: Scanner;
  readonly random: Random;
  readonly alerts: (alert: Alert) => void;
}
