import type { TreeUse } from '../process-tree.ts';
import type { Callers } from '../callers.ts';
import type { Target } from '../load.ts';
import type { BodyLoad } from '../body-loads.ts';
import type { ValidateLoad } from '../validate-loads.ts';

/**
 * The kinds of traffic that are compared. `tls` is HTTP/1.1 over TLS, `h2` HTTP/2 over TLS with several streams a
 * connection, `ws` messages over WebSockets that come back, over TLS, `grpc` unary calls over HTTP/2 and TLS. The secured
 * ones bear tokens, without TLS: 500 users, one token each, by algorithm; `secured_cold_token` a token of its own for each
 * request, RS256; `everything_on` more limits besides, and a JSON body of 1 KB that is judged. `targets_N`: without TLS,
 * balanced over so many targets. `cache_hit`: without TLS, one reply from the cache. `lists_100000`: without TLS, with a
 * deny list of so many blocks, for clients that a trusted proxy names; `lists_none` the same without a list.
 * `validate_LOAD`: without TLS, held against a description, or looked through for leaks; `unvalidated_LOAD` the same requests,
 * with nothing described. Those of gRPC are over TLS.
 */
export type Row =
  | 'plain'
  | 'tls'
  | 'h2'
  | 'ws'
  | 'grpc'
  | 'secured_rs256'
  | 'secured_es256'
  | 'secured_cold_token'
  | 'everything_on'
  | 'targets_1'
  | 'targets_10'
  | 'targets_1000'
  | 'cache_hit'
  | 'lists_100000'
  | 'lists_none'
  | ValidateRow
  | `unvalidated_${ValidateLoad | BodyLoad}`;

/** The rows in which something is held against a description. */
export type ValidateRow = `validate_${ValidateLoad | BodyLoad}`;

/** One proxy in the race, running. */
export interface Contestant {
  readonly name: string;
  readonly row: Row;
  readonly target: Target;
  /** What it was told, as it is printed beside the figures. */
  readonly configuration: string;
  use(): TreeUse;
  stop(): Promise<void>;
}

/** What a contestant needs to be started. */
export interface Surroundings {
  /** A temporary folder of the run. */
  readonly folder: string;
  readonly upstreamPort: number;
  /** PEM files of a certificate on P-256, for the peers. */
  readonly certificateFile: string;
  readonly keyFile: string;
  /**
   * What the gateway adds to a reply by default, besides x-request-id, as it was seen to do. Every peer adds the same,
   * and sends the same upstream: x-request-id, x-forwarded-for, -host and -proto, and via.
   */
  readonly replyFields: readonly (readonly [name: string, value: string])[];
  /** Who calls, for the secured rows; null for the others. */
  readonly callers: Callers | null;
}

/** The same before a contestant was seen to reply. */
export type Ground = Omit<Surroundings, 'replyFields'>;

/** A contestant that could not take part, and what would let it. */
export interface Absence {
  readonly name: string;
  readonly row: Row;
  readonly reason: string;
}

/** Tells an absence from a contestant. */
export function isAbsence(entry: Contestant | Absence): entry is Absence {
  return 'reason' in entry;
}

/** How many targets the rows of balancing have. */
export const TARGETS: Readonly<Partial<Record<Row, number>>> = { targets_1: 1, targets_10: 10, targets_1000: 1_000 };
