import type { Clock, Timer } from '../ports/index.ts';

/** Each thread counts this often; far below what counts as silence, so that a busy thread is not taken for a dead one. */
const BEAT_MS = 200;
/** The control side looks this often. */
const LOOK_MS = 250;
/** Looks without a beat that make a thread silent: 2 s. */
const SILENT_LOOKS = 8;

/** The cells of so many threads, one each, that count their beats. */
export function createHeartbeatMemory(places: number): SharedArrayBuffer {
  return new SharedArrayBuffer(places * Int32Array.BYTES_PER_ELEMENT);
}

/** Beats from now on, by the event loop of this thread: one that is blocked is silent. */
export function startBeating(memory: SharedArrayBuffer, place: number, clock: Pick<Clock, 'every'>): Timer {
  const cells = new Int32Array(memory);
  Atomics.add(cells, place, 1);
  return clock.every(BEAT_MS, () => void Atomics.add(cells, place, 1));
}

/** What the watch works with. `silent` is told once of each thread that was silent for 2 s. */
export interface HeartbeatWatchOptions {
  readonly memory: SharedArrayBuffer;
  readonly clock: Pick<Clock, 'every'>;
  readonly silent: (place: number) => void;
}

/**
 * Watches the beats of threads. Silence is counted in looks and not in time: while the control side itself did not run
 * it looked once at most, so its own lateness is nobody's silence. A thread that has not begun to beat is not watched.
 */
export class HeartbeatWatch {
  readonly #cells: Int32Array;
  readonly #silent: (place: number) => void;
  readonly #watched = new Map<number, { beats: number; looks: number }>();
  readonly #timer: Timer;

  constructor({ memory, clock, silent }: HeartbeatWatchOptions) {
    this.#cells = new Int32Array(memory);
    this.#silent = silent;
    this.#timer = clock.every(LOOK_MS, () => this.#look());
  }

  /** A thread is about to begin in this place. Whoever was there before has ended. */
  watch(place: number): void {
    Atomics.store(this.#cells, place, 0);
    this.#watched.set(place, { beats: 0, looks: 0 });
  }

  /** Nobody is there any more. */
  unwatch(place: number): void {
    this.#watched.delete(place);
  }

  close(): void {
    this.#timer.cancel();
  }

  #look(): void {
    for (const [place, seen] of this.#watched) {
      const beats = Atomics.load(this.#cells, place);
      if (beats !== seen.beats) {
        seen.beats = beats;
        seen.looks = 0;
      } else if (beats !== 0 && ++seen.looks >= SILENT_LOOKS) {
        this.#watched.delete(place);
        this.#silent(place);
      }
    }
  }
}
