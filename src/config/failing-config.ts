/**
 * Why a request may be sent again. `connect`: nothing of it was sent, or the upstream said that it took none; `reset`: the
 * connection was cut before a reply; `timeout`: no reply came in time; a number: a reply of that status came.
 */
export type RetryCause = 'connect' | 'reset' | 'timeout' | 502 | 503 | 504;

/** When a request is sent again. */
export interface RetryConfig {
  /** How often at most; 0 for never. */
  readonly attempts: number;
  readonly on: readonly RetryCause[];
  /** Retries for a hundred requests. */
  readonly budgetPercent: number;
}

/** When an upstream gets no requests for a while. */
export interface BreakerConfig {
  readonly failurePercent: number;
  /** So many requests must have ended within the window before their share means something. */
  readonly least: number;
  readonly windowMs: number;
  /** So many connections in a row that can't be made. */
  readonly unreachable: number;
  readonly openMs: number;
}
