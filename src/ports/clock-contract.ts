import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Clock } from './clock.ts';

/** A clock, and how the test lets its time pass. */
export interface ClockSubject {
  readonly clock: Clock;
  advance(ms: number): void;
}

/** What every Clock promises. */
export function clockContract(name: string, makeSubject: (t: TestContext) => ClockSubject): void {
  describe(`${name} keeps the contract of Clock`, () => {
    test('now is in whole milliseconds since 1970 and moves with time', (t) => {
      const { clock, advance } = makeSubject(t);
      const before = clock.now();
      assert.ok(Number.isInteger(before) && before > Date.UTC(2020, 0, 1) && before < Date.UTC(2200, 0, 1));
      advance(1500);
      assert.equal(clock.now() - before, 1500);
    });

    test('monotonic measures what passes', (t) => {
      const { clock, advance } = makeSubject(t);
      const before = clock.monotonic();
      assert.ok(clock.monotonic() >= before);
      advance(250);
      assert.ok(clock.monotonic() - before >= 250);
    });

    testAfter(makeSubject);
    testEvery(makeSubject);
    testMisuse(makeSubject);
  });
}

function testAfter(makeSubject: (t: TestContext) => ClockSubject): void {
  test('after calls back once, and not before its delay', (t) => {
    const { clock, advance } = makeSubject(t);
    let calls = 0;
    clock.after(100, () => calls++);
    advance(99);
    assert.equal(calls, 0);
    advance(1);
    assert.equal(calls, 1);
    advance(10_000);
    assert.equal(calls, 1);
  });

  test('after never calls back at once, not even with no delay or one that lies in the past', (t) => {
    const { clock, advance } = makeSubject(t);
    let calls = 0;
    clock.after(0, () => calls++);
    clock.after(-5, () => calls++);
    assert.equal(calls, 0);
    advance(1);
    assert.equal(calls, 2);
  });

  test('a delay longer than 2^31 milliseconds is waited for in full', (t) => {
    const { clock, advance } = makeSubject(t);
    const delayMs = 2 ** 31 + 5000;
    let calls = 0;
    clock.after(delayMs, () => calls++);
    advance(10);
    advance(2 ** 31 - 1);
    assert.equal(calls, 0);
    advance(5000);
    assert.equal(calls, 1);
  });

  test('a cancelled timer does not call back, and cancelling twice or too late is fine', (t) => {
    const { clock, advance } = makeSubject(t);
    let calls = 0;
    const timer = clock.after(10, () => calls++);
    timer.cancel();
    timer.cancel();
    const late = clock.after(10, () => calls++);
    advance(20);
    late.cancel();
    assert.equal(calls, 1);
  });

  test('timers call back in the order of their times', (t) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 20 }), (delays) => {
        const { clock, advance } = makeSubject(t);
        const seen: number[] = [];
        for (const delay of delays) clock.after(delay, () => seen.push(delay));
        for (let ms = 0; ms < 50; ms++) advance(1);
        assert.deepEqual(
          seen,
          delays.toSorted((a, b) => a - b),
        );
      }),
      { numRuns: 20 },
    );
  });

  test('a timer may make another one', (t) => {
    const { clock, advance } = makeSubject(t);
    let calls = 0;
    clock.after(10, () => clock.after(10, () => calls++));
    advance(10);
    assert.equal(calls, 0);
    advance(10);
    assert.equal(calls, 1);
  });
}

function testEvery(makeSubject: (t: TestContext) => ClockSubject): void {
  test('every calls back each period until it is cancelled', (t) => {
    const { clock, advance } = makeSubject(t);
    let calls = 0;
    const timer = clock.every(100, () => calls++);
    advance(99);
    assert.equal(calls, 0);
    for (let ms = 0; ms < 5; ms++) advance(100);
    assert.equal(calls, 5);
    timer.cancel();
    advance(1000);
    assert.equal(calls, 5);
  });

  test('every can be cancelled from its own callback', (t) => {
    const { clock, advance } = makeSubject(t);
    let calls = 0;
    const timer = clock.every(10, () => {
      calls++;
      timer.cancel();
    });
    for (let ms = 0; ms < 5; ms++) advance(10);
    assert.equal(calls, 1);
  });
}

function testMisuse(makeSubject: (t: TestContext) => ClockSubject): void {
  test('a time that is no finite number, or a period of nothing, is a bug and throws', (t) => {
    const { clock } = makeSubject(t);
    const never = (): void => assert.fail('must not be called');
    for (const ms of [Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => clock.after(ms, never), RangeError);
    for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => clock.every(ms, never), RangeError);
    }
  });
}
