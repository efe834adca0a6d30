import { createHash } from 'node:crypto';
import { keptText, type OriginalKeeper, type OriginalReply } from '../policy/index.ts';
import type { Clock } from '../ports/index.ts';
import { Allowances } from './allowances.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { FromThread } from './thread-protocol.ts';

/** Originals of one operation that a thread sends on: the first few at once, then one a second. */
const OPERATION_RATE = { burst: 5, perSecond: 1 };
/** The same of all operations together. */
const THREAD_RATE = { burst: 20, perSecond: 10 };

/**
 * Takes what a thread replaced of upstreams' replies, masks it and sends it to the control side. Of an upstream that
 * fails all the time a sample is kept, and the rest counted.
 */
export class ThreadOriginals implements OriginalKeeper {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #send: (message: Extract<FromThread, { kind: 'original' }>) => void;
  readonly #metrics: Pick<GatewayMetrics, 'errorReplaced'>;
  readonly #allowances: Allowances;

  constructor(
    clock: Pick<Clock, 'now' | 'monotonic'>,
    metrics: Pick<GatewayMetrics, 'errorReplaced'>,
    send: (message: Extract<FromThread, { kind: 'original' }>) => void,
  ) {
    this.#clock = clock;
    this.#send = send;
    this.#metrics = metrics;
    this.#allowances = new Allowances(OPERATION_RATE, THREAD_RATE, clock.monotonic());
  }

  keep(original: OriginalReply): string | null {
    const { id, api, operation, status } = original;
    if (!this.#allowances.take(operation, this.#clock.monotonic())) {
      this.#metrics.errorReplaced(api, 'skipped');
      return null;
    }
    const text = keptText(original);
    const hash = createHash('sha256').update(text).digest('hex');
    this.#send({ kind: 'original', original: { id, at: this.#clock.now(), api, operation, status, text, hash } });
    this.#metrics.errorReplaced(api, 'kept');
    return hash;
  }
}
