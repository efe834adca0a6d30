/** An active check: what each target is asked from time to time, and what it must answer. Times in milliseconds. */
export interface CheckConfig {
  /** A GET of `path`; a connection, and nothing more; or a call of grpc.health.v1.Health/Check. */
  readonly kind: 'http' | 'tcp' | 'grpc';
  /** What is asked for, with its query: as the target itself has it, whatever path its URL has. Only of `http`. */
  readonly path: string;
  /** What the request names as its host; null for the target's own name. Not of `tcp`. */
  readonly host: string | null;
  /** Statuses that pass, both ends included. Only of `http`. */
  readonly expect: readonly StatusRange[];
  /** The name of the service that is asked about, empty for the server as a whole. Only of `grpc`. */
  readonly service: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
}

/** Statuses from one to another, both included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** How it is known which targets of an upstream are well. */
export interface HealthConfig {
  /** Null where they are not asked. */
  readonly check: CheckConfig | null;
  /** When a target gets no requests for a time for what its replies were like; null for never. */
  readonly eject: {
    readonly consecutive: number;
    readonly failurePercent: number;
    readonly timeMs: number;
    readonly maxTimeMs: number;
    readonly maxPercent: number;
  } | null;
  readonly slowStartMs: number;
  readonly whenAllDown: 'refuse' | 'serve';
}
