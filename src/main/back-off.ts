/** A thread that has lived so long was sound: what ends it now has nothing to do with what ended the one before. */
const SOUND_AFTER_MS = 60_000;
const FIRST_WAIT_MS = 500;
/** Long enough that a thread which can't live costs little, short enough that it is back soon after its cause has gone. */
const LONGEST_WAIT_MS = 30_000;

/** How long to wait before a thread is started again: not at all, then half a second, 1, 2, 4 … 30 s. */
export class BackOff {
  #losses = 0;

  /** Losses since the last thread that was sound. */
  get losses(): number {
    return this.#losses;
  }

  /** A thread was lost that lived so long; gives the wait before the next. */
  next(livedMs: number): number {
    if (livedMs >= SOUND_AFTER_MS) this.#losses = 0;
    this.#losses++;
    return this.#losses === 1 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.#losses - 2, 16), LONGEST_WAIT_MS);
  }
}
