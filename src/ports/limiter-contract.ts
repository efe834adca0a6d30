import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Limiter, Rate, RateCharge, RateDecision } from './limiter.ts';

const START = Date.UTC(2026, 0, 1);
const TEN_A_MINUTE: Rate = { count: 10, periodMs: 60_000, burst: 10 };

/** What every Limiter promises. Calls come in the order of their times. */
export function limiterContract(name: string, makeLimiter: () => Limiter): void {
  describe(`${name} keeps the contract of Limiter`, () => {
    testOneRule(makeLimiter);
    testShares(makeLimiter);
    testSeveralRules(makeLimiter);
    testPrepared(makeLimiter);
    testRefunds(makeLimiter);
    testExactness(makeLimiter);
    testHostility(makeLimiter);
  });
}

function chargeOne(limiter: Limiter, nowMs: number, charge: Partial<RateCharge> = {}): RateDecision {
  const [decision, ...more] = limiter.charge([{ key: 'ada', rate: TEN_A_MINUTE, ...charge }], nowMs);
  assert.ok(decision !== undefined && more.length === 0);
  return decision;
}

function testOneRule(makeLimiter: () => Limiter): void {
  test('10/min lets ten through at once, then one each six seconds', () => {
    const limiter = makeLimiter();
    for (let left = 9; left >= 0; left--) {
      const { allowed, remaining, retryMs } = chargeOne(limiter, START);
      assert.deepEqual([allowed, remaining, retryMs], [true, left, 0]);
    }
    assert.deepEqual(chargeOne(limiter, START), { allowed: false, remaining: 0, resetMs: 60_000, retryMs: 6000 });
    assert.deepEqual(chargeOne(limiter, START + 5999), { allowed: false, remaining: 0, resetMs: 54_001, retryMs: 1 });
    assert.equal(chargeOne(limiter, START + 6000).allowed, true);
    assert.equal(chargeOne(limiter, START + 6000).allowed, false);
  });

  test('refused calls are not counted', () => {
    const limiter = makeLimiter();
    for (let n = 0; n < 10; n++) chargeOne(limiter, START);
    for (let ms = 0; ms < 6000; ms += 100) assert.equal(chargeOne(limiter, START + ms).allowed, false);
    assert.equal(chargeOne(limiter, START + 6000).allowed, true);
  });

  test('after resetMs the burst is whole again, and never larger', () => {
    const limiter = makeLimiter();
    const { resetMs } = chargeOne(limiter, START);
    assert.equal(resetMs, 6000);
    for (const later of [START + resetMs, START + 1e9]) {
      const allowed = Array.from({ length: 11 }, () => chargeOne(limiter, later).allowed);
      assert.deepEqual(allowed, [...new Array<boolean>(10).fill(true), false]);
    }
  });

  test('keys do not touch each other, and neither do two rates of one key', () => {
    const limiter = makeLimiter();
    for (let n = 0; n < 11; n++) chargeOne(limiter, START);
    assert.equal(chargeOne(limiter, START, { key: 'bob' }).remaining, 9);
    assert.equal(chargeOne(limiter, START, { rate: { count: 5, periodMs: 1000, burst: 5 } }).remaining, 4);
    assert.equal(chargeOne(limiter, START, { rate: { ...TEN_A_MINUTE } }).allowed, false);
  });
}

function testShares(makeLimiter: () => Limiter): void {
  test('one key under two shares counts apart, wherever the one text ends and the other begins', () => {
    const limiter = makeLimiter();
    const names = [
      ['', 'ab'],
      ['a', 'b'],
      ['ab', ''],
      ['1', 'ab'],
    ];
    for (const [share = '', key = ''] of names) assert.equal(chargeOne(limiter, START, { key, share }).remaining, 9);
    assert.equal(chargeOne(limiter, START, { key: 'ab' }).remaining, 8);
  });
}

function testSeveralRules(makeLimiter: () => Limiter): void {
  const two: Rate = { count: 2, periodMs: 1000, burst: 2 };

  test('a call is charged to all rules or to none, and decisions come in the order given', () => {
    const limiter = makeLimiter();
    const charges = [
      { key: 'user', rate: TEN_A_MINUTE },
      { key: 'address', rate: two },
    ];
    for (let n = 0; n < 2; n++) assert.ok(limiter.charge(charges, START).every(({ allowed }) => allowed));
    for (let n = 0; n < 20; n++) {
      const [user, address] = limiter.charge(charges, START);
      assert.deepEqual([user?.allowed, user?.remaining, user?.retryMs], [true, 8, 0]);
      assert.deepEqual([address?.allowed, address?.retryMs], [false, 500]);
    }
    assert.equal(chargeOne(limiter, START, { key: 'user' }).remaining, 7);
  });

  test('a rule that is named twice counts a call once', () => {
    const limiter = makeLimiter();
    const twice = [
      { key: 'user', rate: two },
      { key: 'user', rate: { ...two } },
    ];
    assert.deepEqual(
      limiter.charge(twice, START).map(({ remaining }) => remaining),
      [1, 1],
    );
    assert.ok(limiter.charge(twice, START).every(({ allowed }) => allowed));
    assert.ok(limiter.charge(twice, START).every(({ allowed }) => !allowed));
  });

  test('a call without rules gets no decisions', () => {
    assert.deepEqual(makeLimiter().charge([], START), []);
  });
}

function testPrepared(makeLimiter: () => Limiter): void {
  const three: Rate = { count: 3, periodMs: 3000, burst: 3 };
  const charge = { key: 'ada', rate: three, share: 'rule', stranger: true };
  const other = { key: 'shop', rate: { ...three, burst: 2 } };

  test('charges that are prepared are the same charges, one, several or none', () => {
    for (const charges of [[], [charge], [charge, other], [charge, charge]]) {
      const limiter = makeLimiter();
      const prepared = limiter.prepare(charges);
      assert.deepEqual(
        Array.from(prepared, ({ key, rate, share = '', stranger = false }) => ({ key, rate, share, stranger })),
        charges.map((each) => ({ share: '', stranger: false, ...each })),
      );
      const plain = makeLimiter();
      for (const ms of [0, 0, 1, 500, 1000, 1000, 9000]) {
        assert.deepEqual(limiter.charge(prepared, START + ms), plain.charge(charges, START + ms));
        if (ms === 1) assert.deepEqual(limiter.refund(prepared, START + ms), plain.refund(charges, START + ms));
      }
    }
  });

  test('prepared or not, by this limiter or another one, a key is one key', () => {
    const [limiter, stranger] = [makeLimiter(), makeLimiter()];
    assert.equal(limiter.charge([charge], START)[0]?.remaining, 2);
    assert.equal(limiter.charge(limiter.prepare([charge]), START)[0]?.remaining, 1);
    assert.equal(limiter.charge(stranger.prepare([{ ...charge }]), START)[0]?.remaining, 0);
    assert.equal(limiter.charge(stranger.prepare([charge, other]), START)[0]?.allowed, false);
  });

  test('what was said of a call stays as it was said', () => {
    const limiter = makeLimiter();
    const prepared = limiter.prepare([charge]);
    const said = [0, 0, 0, 0, 10_000, 10_000].map((ms) => limiter.charge(prepared, START + ms));
    assert.deepEqual(
      said.map(([decision]) => [decision?.allowed, decision?.remaining, decision?.resetMs]),
      [
        [true, 2, 1000],
        [true, 1, 2000],
        [true, 0, 3000],
        [false, 0, 3000],
        [true, 2, 1000],
        [true, 1, 2000],
      ],
    );
  });

  test('charges that can not be charged can not be prepared', () => {
    assert.throws(() => makeLimiter().prepare([{ key: 'ada', rate: { ...three, count: 0 } }]), RangeError);
  });
}

function testRefunds(makeLimiter: () => Limiter): void {
  const charges = [{ key: 'ada', rate: TEN_A_MINUTE }];

  test('a call that is taken back has never been counted', () => {
    const limiter = makeLimiter();
    for (let n = 0; n < 9; n++) chargeOne(limiter, START);
    for (let n = 0; n < 100; n++) {
      assert.equal(chargeOne(limiter, START).remaining, 0);
      assert.deepEqual(limiter.refund(charges, START), [{ allowed: true, remaining: 1, resetMs: 54_000, retryMs: 0 }]);
    }
    assert.equal(chargeOne(limiter, START).allowed, true);
    assert.equal(chargeOne(limiter, START).allowed, false);
  });

  test('a refund never gives more than the burst, whatever comes back', () => {
    const limiter = makeLimiter();
    const full = { allowed: true, remaining: 10, resetMs: 0, retryMs: 0 };
    assert.deepEqual(limiter.refund(charges, START), [full]);
    chargeOne(limiter, START);
    assert.deepEqual(limiter.refund([...charges, ...charges], START + 1_000_000), [full, full]);
    for (let n = 0; n < 3; n++) assert.deepEqual(limiter.refund(charges, START + 1_000_000), [full]);
    for (let n = 0; n < 10; n++) assert.equal(chargeOne(limiter, START + 1_000_000).allowed, true);
    assert.equal(chargeOne(limiter, START + 1_000_000).allowed, false);
  });

  test('a refund touches the rules it names alone, and a rule that is named twice once', () => {
    const limiter = makeLimiter();
    for (let n = 0; n < 4; n++) chargeOne(limiter, START);
    for (let n = 0; n < 4; n++) chargeOne(limiter, START, { key: 'bob' });
    const [first, second] = limiter.refund([...charges, ...charges], START);
    assert.deepEqual([first?.remaining, second?.remaining], [7, 7]);
    assert.equal(chargeOne(limiter, START, { key: 'bob' }).remaining, 5);
    assert.deepEqual(limiter.refund([], START), []);
  });

  test('calls charged and taken back in between change no verdict', () => {
    const call = fc.record({ passMs: fc.nat(9000), back: fc.boolean() });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const [limiter, plain] = [makeLimiter(), makeLimiter()];
        let nowMs = START;
        for (const { passMs, back } of calls) {
          nowMs += passMs;
          const decision = chargeOne(limiter, nowMs);
          if (back && decision.allowed) limiter.refund(charges, nowMs);
          if (!back) assert.deepEqual(decision, chargeOne(plain, nowMs));
        }
      }),
    );
  });
}

/** The textbook: a theoretical arrival time per rule (ITU-T I.371), in whole numbers of any size. */
class PlainModel {
  readonly #arrivals = new Map<string, bigint>();

  charge(charges: readonly RateCharge[], nowMs: number): boolean[] {
    const states = charges.map(({ key, rate }) => {
      const name = JSON.stringify([key, rate]);
      const [now, cost] = [BigInt(nowMs) * BigInt(rate.count), BigInt(rate.periodMs)];
      const known = this.#arrivals.get(name) ?? now;
      const next = (known > now ? known : now) + cost;
      return { name, next, allowed: next - now <= BigInt(rate.burst) * cost };
    });
    if (states.every(({ allowed }) => allowed)) for (const { name, next } of states) this.#arrivals.set(name, next);
    return states.map(({ allowed }) => allowed);
  }
}

function testExactness(makeLimiter: () => Limiter): void {
  const rate = fc.constantFrom<Rate>(
    { count: 3, periodMs: 1000, burst: 3 },
    { count: 7, periodMs: 60_000, burst: 2 },
    { count: 100_000, periodMs: 86_400_000, burst: 5 },
    { count: 1, periodMs: 1, burst: 1 },
  );
  const charge = fc.record({ key: fc.constantFrom('a', 'b', 'c'), rate });
  const call = fc.record({
    passMs: fc.oneof(fc.nat(3), fc.nat(2000), fc.nat(100_000_000)),
    charges: fc.array(charge, { maxLength: 4 }),
  });

  test('every verdict is that of the plain model, and what is said of later calls comes true', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const [limiter, model] = [makeLimiter(), new PlainModel()];
        let nowMs = START;
        for (const { passMs, charges } of calls) {
          nowMs += passMs;
          const decisions = limiter.charge(charges, nowMs);
          assert.deepEqual(
            decisions.map(({ allowed }) => allowed),
            model.charge(charges, nowMs),
          );
          for (const { allowed, remaining, retryMs } of decisions) {
            assert.ok(allowed ? retryMs === 0 : retryMs > 0 && remaining === 0);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('a call refused passes after exactly retryMs, and remaining calls pass at once', () => {
    fc.assert(
      fc.property(rate, fc.nat(20), fc.nat(5000), (tried, calls, passMs) => {
        const limiter = makeLimiter();
        const at = (ms: number) => chargeOne(limiter, START + ms, { rate: tried });
        for (let n = 0; n < calls; n++) at(0);
        const { remaining } = at(passMs);
        for (let n = 0; n < remaining; n++) assert.equal(at(passMs).allowed, true);
        const { allowed, retryMs } = at(passMs);
        assert.equal(allowed, false);
        assert.equal(retryMs > 1 ? at(passMs + retryMs - 1).allowed : false, false);
        assert.equal(at(passMs + retryMs).allowed, true);
      }),
    );
  });

  test('over a long time no more pass than the rate and the burst allow, without any rounding', () => {
    const limiter = makeLimiter();
    const third = { count: 3, periodMs: 1000, burst: 1 };
    let passed = 0;
    for (let ms = 0; ms < 100_000; ms++) if (chargeOne(limiter, START + ms, { rate: third }).allowed) passed++;
    // One each 334 ms at best, since time comes in whole milliseconds and the third call may come a little early.
    assert.ok(passed <= 300 && passed >= 299, String(passed));
  });
}

function testHostility(makeLimiter: () => Limiter): void {
  test('a rate that is not in whole numbers above zero is a bug and throws', () => {
    for (const part of ['count', 'periodMs', 'burst'] as const) {
      for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
        const rate = { ...TEN_A_MINUTE, [part]: value };
        assert.throws(() => chargeOne(makeLimiter(), START, { rate }), RangeError, `${part} ${value}`);
      }
    }
    assert.throws(() => chargeOne(makeLimiter(), Number.NaN), RangeError);
  });

  test('any text is a key of its own', () => {
    const limiter = makeLimiter();
    const keys = [
      '',
      ' ',
      'a',
      'A',
      'a ',
      'a\0',
      '__proto__',
      'constructor',
      '\u00e9',
      'e\u0301',
      '\ud800',
      'x'.repeat(10_000),
    ];
    for (const key of keys) assert.equal(chargeOne(limiter, START, { key }).remaining, 9, JSON.stringify(key));
  });

  test('a clock that goes back never lets more through', () => {
    const limiter = makeLimiter();
    for (let n = 0; n < 10; n++) chargeOne(limiter, START);
    for (const ms of [-1, -60_000, 0, -3_600_000, 0, 5999]) assert.equal(chargeOne(limiter, START + ms).allowed, false);
    const { retryMs } = chargeOne(limiter, START - 1000);
    assert.equal(retryMs, 7000);
    assert.equal(chargeOne(limiter, START + 6000).allowed, true);
  });
}
