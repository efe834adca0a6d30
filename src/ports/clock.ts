/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

/** Time as a parameter. `now` is the wall clock and may jump; `monotonic` never goes back and is for measuring. Both in milliseconds. */
export interface Clock {
  now(): number;
  monotonic(): number;
  /** Calls back once after at least `delayMs`; does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back every `periodMs` until cancelled; does not keep the process alive. */
  every(periodMs: number, callback: () => void): Timer;
}
