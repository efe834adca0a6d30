import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StillClock } from './fixture.test.ts';
import { inFlightLimitOf, Overload, type OverloadOptions, unwatchedLoad } from './overload.ts';

/** A thread whose timers run late when it is told to, and which says how busy it is. */
function loaded(more: Partial<OverloadOptions> = {}) {
  const time = { nowMs: 0, busy: 1, chance: 0.5 };
  let tick = (): void => {};
  let cancelled = 0;
  const judged: [number, number][] = [];
  const overload = new Overload({
    clock: {
      monotonic: () => time.nowMs,
      every: (periodMs, callback) => {
        assert.equal(periodMs, 20);
        tick = callback;
        return { cancel: () => cancelled++ };
      },
    },
    utilization: () => time.busy,
    chance: () => time.chance,
    inFlightLimit: 100,
    judged: (lateMs, level) => judged.push([lateMs, level]),
    ...more,
  });
  overload.start();
  const pass = (ms: number, lateMs: number): void => {
    for (const end = time.nowMs + ms; time.nowMs < end; ) {
      time.nowMs += 20 + lateMs;
      tick();
    }
  };
  return { overload, time, pass, judged, cancelled: () => cancelled };
}

test('a thread that keeps up refuses nothing', () => {
  const { overload, pass, judged } = loaded();
  pass(10_000, 0);
  assert.equal(overload.level, 0);
  for (const priority of ['low', 'normal', 'high'] as const) assert.equal(overload.sheds(priority, 10, 0.1), false);
  assert.deepEqual(new Set(judged.map(String)), new Set(['0,0']));
});

test('standing lateness raises the level: low goes first, normal after a second, high never', () => {
  const { overload, pass, time } = loaded();
  const shed = (): string =>
    (['low', 'normal', 'high'] as const).filter((priority) => overload.sheds(priority, 0, 0)).join(' ');
  time.chance = 0.999;
  pass(900, 30);
  assert.ok(overload.level > 0 && overload.level < 1);
  assert.equal(shed(), '');
  time.chance = 0;
  assert.equal(shed(), 'low');
  time.chance = 0.999;
  pass(200, 30);
  assert.ok(overload.level >= 1 && overload.level < 1.2);
  assert.equal(shed(), 'low');
  pass(10_000, 30);
  assert.equal(overload.level, 2);
  assert.equal(shed(), 'low normal');
  assert.deepEqual([overload.sheds('high', 0, 0), overload.sheds('high', 0, 0.99)], [false, false]);
  pass(4_000, 0);
  assert.equal(overload.level, 0);
  time.chance = 0;
  assert.equal(shed(), '');
});

test('no default request is refused before a second of standing lateness', () => {
  const { overload, pass, time } = loaded();
  time.chance = 0;
  for (let turn = 0; turn < 9; turn++) pass(100, 30);
  assert.equal(overload.sheds('normal', 0, 0), false);
});

test('a pause, however long, is no standing lateness', () => {
  for (const pauseMs of [60, 80, 99, 150, 1_000, 5_000]) {
    const { overload, pass } = loaded();
    for (let turn = 0; turn < 20; turn++) {
      pass(20, pauseMs);
      for (const ms of [20, 60, 100]) {
        pass(ms, 0);
        assert.equal(overload.level, 0, `after a pause of ${pauseMs} ms`);
      }
    }
  }
});

test('a thread whose turns take longer than a look is seen to be late from its second turn on', () => {
  const { overload, pass } = loaded();
  pass(20, 300);
  assert.equal(overload.level, 0);
  for (let turn = 0; turn < 30; turn++) pass(20, 300);
  assert.equal(overload.level, 2);
});

test('a thread that waits for its processor, and has little to do, is not overloaded', () => {
  const { overload, pass, time } = loaded();
  time.busy = 0.9;
  pass(10_000, 50);
  assert.equal(overload.level, 0);
});

test('requests under way count by priority, and so does the queue of their upstream', () => {
  const { overload } = loaded();
  const least = (priority: 'low' | 'normal' | 'high'): number => {
    for (let inFlight = 0; ; inFlight++) if (overload.sheds(priority, inFlight, 0)) return inFlight;
  };
  assert.deepEqual([least('low'), least('normal'), least('high')], [50, 80, 100]);
  assert.deepEqual(
    [0.49, 0.5, 0.79, 0.8, 1].map((share) => [overload.sheds('low', 0, share), overload.sheds('normal', 0, share)]),
    [
      [false, false],
      [true, false],
      [true, false],
      [true, true],
      [true, true],
    ],
  );
  assert.equal(overload.sheds('high', 0, 1), false);
});

test('clients are let wait for a quarter of a second, or about one where much is refused, and not all for the same time', () => {
  const { overload, pass, time } = loaded();
  const hushes = (): number[] =>
    [0, 0.5, 0.999].map((chance) => ((time.chance = chance), Math.round(overload.hushMs())));
  assert.deepEqual(hushes(), [188, 250, 312]);
  pass(10_000, 30);
  assert.deepEqual(hushes(), [750, 1_000, 1_250]);
});

test('it looks as long as it is not stopped, once', () => {
  const { overload, cancelled } = loaded();
  overload.start();
  overload.stop();
  overload.stop();
  assert.equal(cancelled(), 1);
});

test('the bound on requests under way is shared by threads, to a least', () => {
  assert.deepEqual([1, 3, 8, 64].map(inFlightLimitOf), [8_192, 2_731, 1_024, 1_024]);
  const unwatched = unwatchedLoad(new StillClock());
  assert.deepEqual([unwatched.sheds('high', 8_191, 0), unwatched.sheds('high', 8_192, 0)], [false, true]);
});

test('the level stays between its ends, whatever comes, and a higher priority is never refused before a lower', () => {
  const weathers = fc.array(fc.record({ lateMs: fc.nat(200), busy: fc.double({ min: 0, max: 1, noNaN: true }) }));
  fc.assert(
    fc.property(weathers, fc.nat(120), fc.double({ min: 0, max: 1, noNaN: true }), (path, inFlight, share) => {
      const { overload, pass, time } = loaded();
      for (const { lateMs, busy } of path) {
        time.busy = busy;
        pass(100, lateMs);
        assert.ok(overload.level >= 0 && overload.level <= 2);
        for (const chance of [0, 0.3, 0.9]) {
          time.chance = chance;
          const [low, normal, high] = (['low', 'normal', 'high'] as const).map((each) =>
            overload.sheds(each, inFlight, share),
          );
          assert.ok(Number(low) >= Number(normal) && Number(normal) >= Number(high));
        }
      }
    }),
  );
});
