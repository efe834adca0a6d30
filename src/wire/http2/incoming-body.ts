import type { ProblemCode } from '../../base/index.ts';
import type { ExchangeEvents } from '../server.ts';
import { KeptData } from './kept-data.ts';
import { Pace, type PaceBounds } from '../pace.ts';
import type { Http2Fault } from './protocol.ts';

/** Whose body it is. */
export interface BodyOwner {
  readonly events: Pick<ExchangeEvents, 'pieces' | 'bodyEnd' | 'bodyFailed'>;
  /** So much of the body was taken, or thrown away. */
  consumed(bytes: number): void;
}

/**
 * Where a body stands. `open`: more is to come; `whole`: all has come, and the handler was not told yet; `over`: it was
 * told, or wants nothing more of it.
 */
type Stage = 'open' | 'whole' | 'over';

/**
 * The body of a request. What comes of it is gathered, and handed on by `deliver` only, and only when it is wanted; the
 * client may send more when it was taken.
 */
export class IncomingBody {
  readonly #owner: BodyOwner;
  /** What the head announced; -1: nothing. */
  readonly #announcedBytes: number;
  #stage: Stage = 'open';
  #arrivedBytes = 0;
  #receivedBytes = 0;
  #limitBytes = Number.MAX_SAFE_INTEGER;
  #data: KeptData | null = null;
  #wanted = false;
  #mayStandStill = false;
  #paused = false;
  /** What was handed on before a pause, and is not counted as taken before it ends. */
  #unpaidBytes = 0;
  #failure: ProblemCode | null = null;
  #delivering = false;
  #pace: Pace | null = null;

  constructor(owner: BodyOwner, announcedBytes: number) {
    this.#owner = owner;
    this.#announcedBytes = announcedBytes;
  }

  /** What has come. */
  get arrivedBytes(): number {
    return this.#arrivedBytes;
  }

  /** What of it was handed on, or refused when it should have been. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Whether more is to come, and may be wanted. */
  get isOpen(): boolean {
    return this.#stage === 'open';
  }

  /** Beyond this the body fails. */
  limit(bytes: number): void {
    this.#limitBytes = bytes;
  }

  /** Notes data, which are copied. More than was announced is a fault (RFC 9113 §8.1.1): nothing of them is kept. */
  data(bytes: Buffer, from: number, to: number): Http2Fault | null {
    this.#arrivedBytes += to - from;
    if (this.#announcedBytes >= 0 && this.#arrivedBytes > this.#announcedBytes) return 'content-length-mismatch';
    if (this.#stage === 'over') this.#owner.consumed(to - from);
    else (this.#data ??= new KeptData()).add(bytes, from, to);
    return null;
  }

  /** Notes the end; a fault where data are missing. */
  end(): Http2Fault | null {
    if (this.#announcedBytes >= 0 && this.#arrivedBytes !== this.#announcedBytes) return 'content-length-mismatch';
    if (this.#stage === 'open') this.#stage = 'whole';
    return null;
  }

  /** The handler wants the body from now on. `mayStandStill`: however slowly it comes. */
  want(mayStandStill = false): void {
    this.#wanted = true;
    this.#mayStandStill = mayStandStill;
  }

  /** The handler goes on after a pause. False where there was none. */
  resume(): boolean {
    if (!this.#paused) return false;
    this.#paused = false;
    this.#pay();
    return true;
  }

  /** Hands on what has come, as far as it is wanted. The handler may do anything meanwhile. */
  deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#isTaken && this.#data !== null && !this.#mayBeOverrun) this.#handOn(this.#data);
    if (this.#isTaken && this.#stage === 'whole') {
      this.#stage = 'over';
      this.#owner.events.bodyEnd();
    }
    if (this.#isTaken && this.#stage === 'open' && this.#failure !== null) this.#fail(this.#failure);
    this.#delivering = false;
  }

  /** It will not come whole; `deliver` tells that behind all that has come. */
  failed(code: ProblemCode): void {
    this.#failure ??= code;
  }

  /** Nothing more of it is wanted: what has come and was not handed on is thrown away, and so will be what still comes. */
  giveUp(): void {
    const bytes = this.#unpaidBytes + (this.#data === null ? 0 : this.#data.bytes);
    this.#stage = 'over';
    this.#data = null;
    this.#unpaidBytes = 0;
    if (bytes > 0) this.#owner.consumed(bytes);
  }

  /** Fails where the client lets us wait for too long; that we do not read, or have let nothing more come, is not its fault. */
  sweep(bounds: PaceBounds, mayCome: boolean, now: number): void {
    if (this.#stage !== 'open' || this.#mayStandStill) return;
    this.#pace ??= new Pace(bounds, this.#arrivedBytes, now);
    if (this.#pace.isTooSlow(this.#arrivedBytes, this.#isTaken && mayCome, now)) this.#fail('request-timeout');
  }

  /**
   * All that was announced is there, and the end is not: what comes next may be too much. Until then the last of it is kept
   * back, so that no upstream has a whole request of what is none (RFC 9113 §8.1.1).
   */
  get #mayBeOverrun(): boolean {
    return this.#stage === 'open' && this.#arrivedBytes === this.#announcedBytes;
  }

  get #isTaken(): boolean {
    return this.#wanted && !this.#paused;
  }

  /** What came of one read is judged whole: where it breaks the limit, none of it is handed on. */
  #handOn(data: KeptData): void {
    const { bytes } = data;
    this.#receivedBytes += bytes;
    if (this.#receivedBytes > this.#limitBytes) {
      this.#fail('body-too-large');
      return;
    }
    this.#data = null;
    this.#unpaidBytes = bytes;
    const more = this.#owner.events.pieces(data.take());
    // Behind the last of a body there is nothing to pause.
    if (!more && this.#stage === 'open') this.#paused = true;
    else this.#pay();
  }

  #pay(): void {
    const bytes = this.#unpaidBytes;
    this.#unpaidBytes = 0;
    if (bytes > 0) this.#owner.consumed(bytes);
  }

  #fail(code: ProblemCode): void {
    this.giveUp();
    this.#owner.events.bodyFailed(code);
  }
}
