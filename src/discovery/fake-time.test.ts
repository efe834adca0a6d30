import type { Clock, Random, TableDeclaration, Tables, TableVersion, Timer } from '../ports/index.ts';

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Lets time pass, with every timer that falls due meanwhile, in their order. */
  advance(ms: number): void;
}

/** Makes one that begins with the year 2026. */
export function fakeClock(): FakeClock {
  const timers: { dueMs: number; callback: () => void }[] = [];
  let nowMs = 0;
  const after = (delayMs: number, callback: () => void): Timer => {
    const timer = { dueMs: nowMs + Math.max(0, delayMs), callback };
    timers.push(timer);
    return { cancel: () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1)) };
  };
  return {
    now: () => Date.UTC(2026, 0, 1) + nowMs,
    monotonic: () => nowMs,
    after,
    every: () => {
      throw new Error('no source has anything to do every so often');
    },
    advance: (ms) => {
      const endMs = nowMs + ms;
      for (;;) {
        const [next] = timers.toSorted((one, other) => one.dueMs - other.dueMs);
        if (next === undefined || next.dueMs > endMs) break;
        timers.splice(timers.indexOf(next), 1);
        nowMs = next.dueMs;
        next.callback();
      }
      nowMs = endMs;
    },
  };
}

/** The same bytes each time. */
export function fakeRandom(): Random {
  let state = 1;
  return {
    fill: (bytes) => {
      for (let at = 0; at < bytes.length; at++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        bytes[at] = state >>> 16;
      }
    },
  };
}

/** Live tables that are read by nobody but the test. */
export function fakeTables(): Pick<Tables, 'declare' | 'read' | 'replace'> {
  const held = new Map<string, TableVersion<unknown>>();
  const versionOf = (name: string): TableVersion<unknown> => {
    const version = held.get(name);
    if (version === undefined) throw new Error(`the table ${name} was never declared`);
    return version;
  };
  return {
    declare: (declaration: TableDeclaration) =>
      void held.set(declaration.name, { declaration, version: 0, filledAtMs: null, rows: new Map() }),
    read: <Row>(name: string) => versionOf(name) as TableVersion<Row>,
    replace: (name, version, rows, filledAtMs) => {
      const { declaration, version: before } = versionOf(name);
      if (version <= before) throw new RangeError(`version ${version} does not follow ${before}`);
      held.set(name, { declaration, version, filledAtMs, rows });
    },
  };
}
