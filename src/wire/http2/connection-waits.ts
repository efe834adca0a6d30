import { Pace } from '../pace.ts';
import type { ServerBounds } from '../server.ts';
import { type Sending, WriteWatch } from '../write-watch.ts';
import type { DataSender } from './data-sender.ts';
import type { FrameReader } from './frame-reader.ts';
import type { Http2Bounds } from './protocol.ts';

/** What the waits of a connection are held to. */
export type WaitBounds = ServerBounds & Pick<Http2Bounds, 'settingsAckMs'>;

/** What a connection shows of itself when its waits are judged. */
export interface ConnectionSight extends Sending {
  readonly reader: Pick<FrameReader, 'partial' | 'wholeCount'>;
  readonly sender: Pick<DataSender<never>, 'isShut' | 'sentBytes'>;
  /** Streams that are open, and the newest there ever was. */
  readonly streams: number;
  readonly lastId: number;
  /** All our SETTINGS were acknowledged. */
  readonly acknowledged: boolean;
  /** The client has closed its side: it only takes what is sent. */
  readonly onlySends: boolean;
}

/**
 * Whose time is over. `untaken`: nobody takes what is sent; `gone`: nor is anything sent to a client that has closed its
 * side; `stalled`: it lets all streams wait for the window of the connection; `slow-frame`: what began has not become
 * whole; `settings-timeout`: ours were not acknowledged; `idle`: no stream is open, nor was for long.
 */
export type Overdue = 'untaken' | 'gone' | 'stalled' | 'slow-frame' | 'settings-timeout' | 'idle';

/**
 * Holds the waits of a whole connection to their bounds by looking at it about twice a second: nothing is noted while
 * frames come and go. Those of its streams are theirs.
 */
export class ConnectionWaits {
  readonly #bounds: WaitBounds;
  /** When all our SETTINGS were seen acknowledged. */
  #heardAt = 0;
  readonly #writes: WriteWatch;
  /** While the connection's window keeps all back. */
  readonly #shutPace: Pace;
  /** What was seen last, and since when it has been so. */
  #wholeCount = 0;
  #wholeAt = 0;
  #lastId = 0;
  #busyAt = 0;

  constructor(bounds: WaitBounds, now: number) {
    this.#bounds = bounds;
    this.#writes = new WriteWatch(bounds, now);
    this.#shutPace = new Pace(bounds, 0, now);
    this.#heardAt = this.#wholeAt = this.#busyAt = now;
  }

  /** When it was last seen with a stream that was open or new. */
  get busyAtMs(): number {
    return this.#busyAt;
  }

  /** The client has just closed its side. */
  closedSide(now: number): void {
    this.#writes.closedSide(now);
  }

  /** The first thing that is overdue, or null. */
  judge(now: number, sight: ConnectionSight): Overdue | null {
    const { headMs, keepAliveMs, settingsAckMs } = this.#bounds;
    if (this.#writes.isOver(now, sight, sight.onlySends)) return sight.waiting > 0 ? 'untaken' : 'gone';
    if (this.#isShutForLong(now, sight.sender)) return 'stalled';
    if (this.#partialMs(now, sight.reader) > headMs) return 'slow-frame';
    if (sight.acknowledged) this.#heardAt = now;
    else if (now - this.#heardAt > settingsAckMs) return 'settings-timeout';
    if (sight.streams > 0 || sight.lastId !== this.#lastId) {
      this.#lastId = sight.lastId;
      this.#busyAt = now;
    }
    return now - this.#busyAt > (sight.lastId === 0 ? headMs : keepAliveMs) ? 'idle' : null;
  }

  /** What was sent before counts for a while; an opening that takes nothing is no new beginning, for SETTINGS bring it about at will. */
  #isShutForLong(now: number, { isShut, sentBytes }: ConnectionSight['sender']): boolean {
    return this.#shutPace.isTooSlow(sentBytes, isShut, now);
  }

  /** How long one and the same frame has been coming. DATA are left out: the pace of a body is judged with its stream. */
  #partialMs(now: number, { partial, wholeCount }: ConnectionSight['reader']): number {
    if (wholeCount !== this.#wholeCount || partial === 'nothing' || partial === 'data') {
      this.#wholeCount = wholeCount;
      this.#wholeAt = now;
    }
    return now - this.#wholeAt;
  }
}
