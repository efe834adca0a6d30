import type { StreamEnd, StreamMetrics } from './stream-metrics.ts';
import type { Standing, StreamRegister } from './walk.ts';

/** The streams that stand in one thread. Each is a client's connection or a stream of one, and so is their number bounded. */
export class StandingStreams implements StreamRegister {
  readonly #metrics: StreamMetrics;
  /** What the gateway itself did to end it; null while it did nothing. */
  readonly #ends = new Map<Standing, StreamEnd | null>();
  #draining = false;

  constructor(metrics: StreamMetrics) {
    this.#metrics = metrics;
  }

  /** How many stand. */
  get size(): number {
    return this.#ends.size;
  }

  add(stream: Standing): void {
    this.#ends.set(stream, null);
    this.#metrics.opened(stream.kind);
    if (this.#draining) queueMicrotask(() => this.#drainOne(stream));
  }

  remove(stream: Standing, end: StreamEnd): void {
    const own = this.#ends.get(stream);
    if (own === undefined) return;
    this.#ends.delete(stream);
    this.#metrics.closed(stream.kind, own ?? end);
  }

  /** Asks all to end, and those that begin from now on. */
  drain(): void {
    this.#draining = true;
    for (const stream of [...this.#ends.keys()]) this.#drainOne(stream);
  }

  #drainOne(stream: Standing): void {
    if (this.#ends.get(stream) !== null) return;
    this.#ends.set(stream, 'drain');
    stream.drain();
  }
}
