/** One frame of the size that every peer may send (RFC 9113 §4.2). */
const FRAME_BYTES = 16_384;

/**
 * What a peer may still send of DATA, on one stream or on a connection (RFC 9113 §5.2, §6.9). It is opened again by what
 * was done with what came, so a peer that is not read stops by itself.
 */
export class ReceiveWindow {
  readonly #bytes: number;
  /** With less than this the peer waits, where that much can be given. */
  readonly #leastBytes: number;
  /** What the peer may send now. */
  #open: number;
  /** What was done with since the window was opened last. */
  #done = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#leastBytes = Math.min(FRAME_BYTES, bytes >> 2);
    this.#open = bytes;
  }

  /** What the peer may send now. */
  get open(): number {
    return this.#open;
  }

  /** Counts a frame that came; false where it is more than the peer was given (§6.9.1), and then nothing is counted. */
  take(bytes: number): boolean {
    if (bytes > this.#open) return false;
    this.#open -= bytes;
    return true;
  }

  /**
   * Counts what was done with, and gives what to say in a WINDOW_UPDATE now: 0 until that is half of the window, so that
   * there is one for many frames, and none at all for a short body. Only where the peer has less than a frame left it is
   * told as soon as that is a frame: on a connection the rest may be held by streams that nobody reads. So ask, with 0,
   * behind each frame that came.
   */
  give(bytes: number): number {
    const done = this.#done + bytes;
    if (this.#open + done > this.#bytes) throw new Error('more was done with than came');
    const wanted = this.#open < this.#leastBytes && done >= this.#leastBytes;
    if (done * 2 < this.#bytes && !wanted) {
      this.#done = done;
      return 0;
    }
    this.#done = 0;
    this.#open += done;
    return done;
  }
}
