import type { ConnectionOptions } from '../connection-options.ts';
import type { Http2Bounds } from './protocol.ts';

/** What matters more may wait behind what was refused: longer than this it does not for others. */
const MOST_MS = 1_000;
/** So long after the last refusal the client may have all of its streams again. */
const CALM_MS = 10_000;

/** What a hush is built from. */
export interface HushOptions extends Pick<ConnectionOptions, 'after' | 'monotonic'> {
  readonly bounds: Pick<Http2Bounds, 'streams' | 'hushedStreams'>;
  /** Tells the client how many it may have, by SETTINGS (RFC 9113 §6.5.2). */
  readonly tell: (streams: number) => void;
  /** Holds it to as many from here on. */
  readonly limit: (streams: number) => void;
  /** Requests may be begun again. */
  readonly over: () => void;
}

/**
 * Lets a connection wait whose requests are refused: for a while none is begun, each refusal adding to it. What has begun
 * goes on. The client is told to have fewer streams meanwhile: those that wait are what it can ask for, and are refused
 * together. So a connection costs 20 refusals a second at most, and the network of its client no more than its connections.
 */
export class Hush {
  readonly #options: HushOptions;
  #isOn = false;
  #untilMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** Whether the client was told to have fewer streams, and whether it knows. */
  #fewer: 'no' | 'told' | 'known' = 'no';

  constructor(options: HushOptions) {
    this.#options = options;
  }

  /** Whether no request is to be begun. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** A request was refused: the next waits for so many milliseconds, beyond what others have asked for; but those make it wait 1 s at most. */
  ask(ms: number): void {
    const { bounds, monotonic, tell } = this.#options;
    const now = monotonic();
    this.#askedMs = now;
    const together = Math.min(this.#untilMs + ms, now + MOST_MS);
    this.#untilMs = Math.max(this.#untilMs, together, now + ms);
    if (this.#fewer === 'no') {
      this.#fewer = 'told';
      tell(bounds.hushedStreams);
    }
    if (this.#isOn) return;
    this.#isOn = true;
    this.#wait(now);
  }

  /** All SETTINGS of ours are acknowledged: the client knows how many streams it may have. */
  acknowledged(): void {
    if (this.#fewer !== 'told') return;
    this.#fewer = 'known';
    this.#options.limit(this.#options.bounds.hushedStreams);
  }

  /** Gives the client its streams back once it has been calm; called about twice a second. */
  sweep(now: number): void {
    if (this.#fewer !== 'known' || now - this.#askedMs < CALM_MS) return;
    const { bounds, limit, tell } = this.#options;
    this.#fewer = 'no';
    limit(bounds.streams);
    tell(bounds.streams);
  }

  #wait(now: number): void {
    const { after, monotonic, over } = this.#options;
    after(this.#untilMs - now, () => {
      const later = monotonic();
      if (later < this.#untilMs) {
        this.#wait(later);
        return;
      }
      this.#isOn = false;
      over();
    });
  }
}
