import { Breaker, type BreakerState, type CallOutcome, isFailureStatus, NOT_LET_THROUGH } from '../balance/index.ts';
import type { BreakerConfig } from '../config/compiled.ts';
import type { UpstreamFailure } from '../wire/index.ts';
import { AlertHush } from './alert-hush.ts';
import type { FailingPorts } from './failing-ports.ts';

/** So many requests see whether the upstream is back. */
const PROBES = 3;

/** The circuit breaker of one API's upstream in one thread, which tells of what it does. */
export class UpstreamBreaker {
  readonly #api: string;
  readonly #ports: Omit<FailingPorts, 'chance'>;
  readonly #breaker: Breaker;
  readonly #hush = new AlertHush<'open'>();
  #before: BreakerState = 'closed';
  #over = false;
  /** What made it open. */
  #detail = '';

  constructor(
    api: string,
    { failurePercent, least, windowMs, unreachable, openMs }: BreakerConfig,
    ports: Omit<FailingPorts, 'chance'>,
  ) {
    this.#api = api;
    this.#ports = ports;
    const rules = { failures: failurePercent / 100, least, windowMs, unreachable, openMs, probes: PROBES };
    this.#breaker = new Breaker(rules, (state) => this.#tell(state));
  }

  /** Whether it lets all through. */
  get isClosed(): boolean {
    return this.#breaker.state === 'closed';
  }

  /** A request is about to be sent: gives what is to be said when that has ended, or null where it is not let through. */
  begin(nowMs: number): number | null {
    const period = this.#breaker.begin(nowMs);
    return period === NOT_LET_THROUGH ? null : period;
  }

  /** What those are told who are not let through. */
  refusal(nowMs: number): UpstreamFailure {
    const retryAfterS = Math.max(1, Math.ceil(this.#breaker.closedForMs(nowMs) / 1_000));
    return { code: 'upstream-circuit-open', detail: 'the circuit breaker is open', retryAfterS };
  }

  /** The head of a reply came. */
  answered(period: number, status: number, nowMs: number): void {
    const fails = isFailureStatus(status);
    if (fails) this.#detail = `status ${status}`;
    this.#breaker.ended(period, fails ? 'failed' : 'succeeded', nowMs);
  }

  failed(period: number, failure: UpstreamFailure, nowMs: number): void {
    this.#detail = failure.detail;
    this.#breaker.ended(period, outcomeOf(failure), nowMs);
  }

  /** It was given up, and nothing was learned of the upstream. */
  left(period: number, nowMs: number): void {
    this.#breaker.ended(period, 'unknown', nowMs);
  }

  /** Nobody asks it any more. */
  close(): void {
    this.#over = true;
    if (!this.isClosed) this.#ports.metrics.breakerOpen(this.#api, false);
  }

  #tell(state: BreakerState): void {
    const before = this.#before;
    this.#before = state;
    if (this.#over) return;
    const { alerts, clock, log, metrics } = this.#ports;
    const api = this.#api;
    if (state === 'closed') {
      metrics.breakerOpen(api, false);
      log.write('info', 'upstream.circuit-closed', `the upstream of ${api} gets requests again`, { api });
    } else if (before === 'closed') {
      const message = `the upstream of ${api} fails, and gets no requests for a while`;
      metrics.breakerOpen(api, true);
      log.write('warn', 'upstream.circuit-opened', message, { api, detail: this.#detail });
      if (!this.#hush.mayTell('open', clock.monotonic())) return;
      alerts({
        ...{ kind: 'upstream.circuit-open', key: api, severity: 'high', message },
        fields: { detail: this.#detail },
      });
    }
  }
}

/** What is full here says nothing of the upstream. */
function outcomeOf({ code, unprocessed }: UpstreamFailure): CallOutcome {
  if (code === 'upstream-overloaded') return 'unknown';
  return unprocessed === true ? 'unreachable' : 'failed';
}
