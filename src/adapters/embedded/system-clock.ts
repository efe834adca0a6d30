// The global of this name is a getter, which costs as much as the look at the clock itself.
import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../../ports/index.ts';

// A longer delay makes setTimeout fire after one millisecond.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * The machine's clock. `monotonic` counts from the start of the process. Timers do not keep the process alive; a
 * period that was missed, because the thread was busy or the machine asleep, is left out and not made up for.
 * A delay or period that is no finite number is a bug and throws a RangeError.
 */
export function createSystemClock(): Clock {
  const monotonic = (): number => performance.now();
  return {
    now: () => Date.now(),
    monotonic,
    after(delayMs, callback) {
      return wait(monotonic() + finite(delayMs), callback);
    },
    every(periodMs, callback) {
      if (!(finite(periodMs) > 0)) throw new RangeError(`a period of ${periodMs} ms`);
      let due = monotonic() + periodMs;
      const turn = (): void => {
        const missed = Math.floor((monotonic() - due) / periodMs);
        due += (1 + Math.max(0, missed)) * periodMs;
        // Armed before the callback, so that one which throws does not end the series, and one which cancels does.
        timer = wait(due, turn);
        callback();
      };
      let timer = wait(due, turn);
      return { cancel: () => timer.cancel() };
    },
  };
}

/** Node measures a timeout from the start of the loop's turn and so may fire early: what is left is waited for again. */
function wait(due: number, callback: () => void): Timer {
  let handle: NodeJS.Timeout;
  const arm = (): void => {
    const delayMs = Math.min(LONGEST_TIMEOUT_MS, Math.max(0, Math.ceil(due - performance.now())));
    handle = setTimeout(() => (performance.now() < due ? arm() : callback()), delayMs);
    handle.unref();
  };
  arm();
  return { cancel: () => clearTimeout(handle) };
}

function finite(ms: number): number {
  if (!Number.isFinite(ms)) throw new RangeError(`a delay of ${ms} ms`);
  return ms;
}
