import type { Clock, Timer } from '../../ports/index.ts';

/** A clock for tests and simulations: it stands still until it is told to go on. */
export interface VirtualClock extends Clock {
  /**
   * Lets time pass, running every timer that falls due at its own time, in order of time, then of making; also those
   * made meanwhile. What a callback throws comes out here, with the clock at that callback's time.
   */
  advance(ms: number): void;
  /** Sets the wall clock, as an operator or NTP does; timers and `monotonic` do not notice. */
  setNow(nowMs: number): void;
  /** How long until the next timer falls due; null without timers. For simulations that go from event to event. */
  untilNextMs(): number | null;
}

interface Alarm {
  readonly due: number;
  readonly callback: () => void;
}

// A simulation that makes timers faster than it runs them would fill the memory.
const TIMER_LIMIT = 100_000;

/** Makes a clock whose wall time begins at `startMs`; the same calls always give the same order of callbacks. */
export function createVirtualClock(startMs = Date.UTC(2026, 0, 1)): VirtualClock {
  const alarms: Alarm[] = [];
  let monotonicMs = 0;
  let offsetMs = startMs;
  let advancing = false;

  const arm = (due: number, callback: () => void): Timer => {
    if (!Number.isFinite(due)) throw new RangeError('a delay that is no finite number');
    if (alarms.length >= TIMER_LIMIT) throw new RangeError(`more than ${TIMER_LIMIT} timers`);
    const alarm = { due, callback };
    const later = alarms.findIndex((other) => other.due > due);
    alarms.splice(later < 0 ? alarms.length : later, 0, alarm);
    return { cancel: () => void (alarms.includes(alarm) && alarms.splice(alarms.indexOf(alarm), 1)) };
  };

  const runUntil = (end: number): void => {
    for (let next = alarms[0]; next !== undefined && next.due <= end; next = alarms[0]) {
      alarms.shift();
      monotonicMs = Math.max(monotonicMs, next.due);
      next.callback();
    }
    monotonicMs = end;
  };

  return {
    now: () => Math.floor(offsetMs + monotonicMs),
    monotonic: () => monotonicMs,
    after: (delayMs, callback) => arm(monotonicMs + Math.max(0, delayMs), callback),
    every: (periodMs, callback) => repeat(periodMs, callback, (delayMs, run) => arm(monotonicMs + delayMs, run)),
    advance(ms) {
      if (!(ms >= 0 && Number.isFinite(ms))) throw new RangeError(`time cannot pass by ${ms} ms`);
      if (advancing) throw new Error('advance was called from a timer of the same clock');
      advancing = true;
      try {
        runUntil(monotonicMs + ms);
      } finally {
        advancing = false;
      }
    },
    setNow(nowMs) {
      offsetMs = nowMs - monotonicMs;
    },
    untilNextMs: () => (alarms[0] === undefined ? null : Math.max(0, alarms[0].due - monotonicMs)),
  };
}

function repeat(periodMs: number, callback: () => void, arm: (delayMs: number, run: () => void) => Timer): Timer {
  // A period of nothing would hold time still for ever.
  if (!(periodMs > 0)) throw new RangeError(`a period of ${periodMs} ms`);
  const turn = (): void => {
    timer = arm(periodMs, turn);
    callback();
  };
  let timer = arm(periodMs, turn);
  return { cancel: () => timer.cancel() };
}
