import { createHash } from 'node:crypto';
import { keptText, type OriginalKeeper, type OriginalReply } from '../policy/index.ts';
import type { Clock } from '../ports/index.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { FromThread } from './thread-protocol.ts';

/** Originals of one operation that a thread sends on: the first few at once, then one a second. */
const OPERATION_RATE = { burst: 5, perSecond: 1 };
/** The same of all operations together. */
const THREAD_RATE = { burst: 20, perSecond: 10 };
/** Operations whose rate is remembered; the one that failed longest ago goes first, and begins anew. */
const OPERATION_LIMIT = 1_024;

const SECOND_MS = 1_000;

/** How many may pass now; times of the monotonic clock. */
class Allowance {
  readonly #rate: typeof THREAD_RATE;
  #left: number;
  #atMs: number;

  constructor(rate: typeof THREAD_RATE, nowMs: number) {
    this.#rate = rate;
    this.#left = rate.burst;
    this.#atMs = nowMs;
  }

  take(nowMs: number): boolean {
    const { burst, perSecond } = this.#rate;
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#atMs) / SECOND_MS) * perSecond);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

/**
 * Takes what a thread replaced of upstreams' replies, masks it and sends it to the control side. Of an upstream that
 * fails all the time a sample is kept, and the rest counted.
 */
export class ThreadOriginals implements OriginalKeeper {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #send: (message: Extract<FromThread, { kind: 'original' }>) => void;
  readonly #metrics: Pick<GatewayMetrics, 'errorReplaced'>;
  readonly #all: Allowance;
  readonly #operations = new Map<string, Allowance>();

  constructor(
    clock: Pick<Clock, 'now' | 'monotonic'>,
    metrics: Pick<GatewayMetrics, 'errorReplaced'>,
    send: (message: Extract<FromThread, { kind: 'original' }>) => void,
  ) {
    this.#clock = clock;
    this.#send = send;
    this.#metrics = metrics;
    this.#all = new Allowance(THREAD_RATE, clock.monotonic());
  }

  keep(original: OriginalReply): string | null {
    const { id, api, operation, status } = original;
    const nowMs = this.#clock.monotonic();
    if (!this.#allowanceOf(operation, nowMs).take(nowMs) || !this.#all.take(nowMs)) {
      this.#metrics.errorReplaced(api, 'skipped');
      return null;
    }
    const text = keptText(original);
    const hash = createHash('sha256').update(text).digest('hex');
    this.#send({ kind: 'original', original: { id, at: this.#clock.now(), api, operation, status, text, hash } });
    this.#metrics.errorReplaced(api, 'kept');
    return hash;
  }

  #allowanceOf(operation: string, nowMs: number): Allowance {
    const known = this.#operations.get(operation) ?? new Allowance(OPERATION_RATE, nowMs);
    // Behind all others, so that the first is the one that failed longest ago.
    this.#operations.delete(operation);
    this.#operations.set(operation, known);
    if (this.#operations.size > OPERATION_LIMIT) {
      for (const oldest of this.#operations.keys()) {
        this.#operations.delete(oldest);
        break;
      }
    }
    return known;
  }
}
