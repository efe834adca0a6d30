import { isFailureStatus, RetryBudget } from '../balance/index.ts';
import type { RetryCause, RetryConfig } from '../config/compiled.ts';
import { isIdempotent, type OutgoingRequest, type UpstreamFailure } from '../wire/index.ts';
import type { FailingPorts } from './failing-ports.ts';
import type { RetryOutcome } from './failing-metrics.ts';
import { KeptBytes } from './kept-body.ts';
import type { Timer } from '../ports/index.ts';
import { tellUntrusted } from './untrusted.ts';

/** Before a target is asked that was asked already: this long at first, twice as long each time, and no longer than that. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 250;

/** Whose requests are sent again. */
export interface RetryPlace {
  readonly api: string;
  readonly protocol: 'http1' | 'h2';
}

/** Says which of an upstream's requests may be sent again, when, and how many of them. */
export class Retries {
  readonly kept = new KeptBytes();
  readonly attempts: number;
  readonly #on: ReadonlySet<RetryCause>;
  readonly #api: string;
  readonly #ports: FailingPorts;
  readonly #budget: RetryBudget;
  /** Whether some requests are sent again that were sent whole. */
  readonly #afterSent: boolean;
  readonly #isHttp2: boolean;

  constructor(config: RetryConfig, { api, protocol }: RetryPlace, ports: FailingPorts) {
    this.attempts = config.attempts;
    this.#on = new Set(config.on);
    this.#api = api;
    this.#ports = ports;
    this.#budget = new RetryBudget(config.budgetPercent / 100);
    this.#afterSent = config.on.some((cause) => cause !== 'connect');
    this.#isHttp2 = protocol === 'h2';
  }

  /** A request is sent for the first time. */
  requested(nowMs: number): void {
    this.#budget.requested(nowMs);
  }

  /** Why a request that failed may be sent again, as far as its method allows that; null where it may not. */
  causeOf(failure: UpstreamFailure, request: OutgoingRequest): RetryCause | null {
    const cause = causeOf(failure);
    if (cause === null || !this.#on.has(cause)) return null;
    return cause === 'connect' || this.#isSafe(request) ? cause : null;
  }

  /** The same of one that was answered with this status. */
  causeOfStatus(status: number, request: OutgoingRequest): RetryCause | null {
    return isFailureStatus(status) && this.#on.has(status) && this.#isSafe(request) ? status : null;
  }

  /** Whether what has gone out of a request's body is of use for sending it again. */
  keepsSent(request: OutgoingRequest): boolean {
    return this.#isHttp2 || (this.#afterSent && isIdempotent(request.method));
  }

  /** Whether there may be one retry more. Then it is counted. */
  take(cause: RetryCause, nowMs: number): boolean {
    if (this.#budget.takeRetry(nowMs)) return true;
    this.ended(cause, 'no-budget');
    return false;
  }

  /** How long to wait before retry number `count`, from 1, at a target that was asked already. */
  pauseMs(count: number): number {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
    return longest * (0.5 + this.#ports.chance() / 2);
  }

  /** Tells what a request is sent again for, since nobody else will hear of it. */
  tell(cause: RetryCause, target: string, failure: UpstreamFailure): void {
    const api = this.#api;
    this.#ports.log.write('debug', 'upstream.retried', failure.detail, { api, target, cause: String(cause) });
    tellUntrusted(this.#ports.alerts, api, failure);
  }

  /** Calls back after a while. */
  after(delayMs: number, callback: () => void): Timer {
    return this.#ports.clock.after(delayMs, callback);
  }

  /** Counts a retry by what became of it. */
  ended(cause: RetryCause, outcome: RetryOutcome): void {
    this.#ports.metrics.retried(cause, outcome);
  }

  /** An upgrade opens something that stays, whatever its method. */
  #isSafe({ method, upgrade }: OutgoingRequest): boolean {
    return upgrade === null && isIdempotent(method);
  }
}

function causeOf({ code, unprocessed }: UpstreamFailure): RetryCause | null {
  if (unprocessed === true) return 'connect';
  if (code === 'upstream-timeout') return 'timeout';
  return code === 'upstream-unreachable' || code === 'upstream-incomplete-reply' ? 'reset' : null;
}
