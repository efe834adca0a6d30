import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { limiterContract } from '../../ports/limiter-contract.ts';
import type { Limiter, Rate } from '../../ports/index.ts';
import { createLimiterMemory, type LimiterMemory, viewRates } from './limiter-memory.ts';
import { createSharedLimiter } from './shared-limiter.ts';
import { createSystemRandom } from './system-random.ts';

const ONE_A_MINUTE: Rate = { count: 1, periodMs: 60_000, burst: 1 };
const TWO_A_MINUTE: Rate = { count: 2, periodMs: 60_000, burst: 2 };
const TEN_A_MINUTE: Rate = { count: 10, periodMs: 60_000, burst: 10 };

function makeMemory(keyLimit: number): LimiterMemory {
  return createLimiterMemory({ fillRandom: (bytes) => createSystemRandom().fill(bytes), keyLimit });
}

limiterContract('the shared limiter', () => createSharedLimiter({ memory: makeMemory(1_000) }));

/** Turns between threads that share one memory, as if each call came to the next of them. */
limiterContract('the shared limiter, each call on another thread,', () => {
  const memory = makeMemory(1_000);
  const threads = [0, 1, 2].map(() => createSharedLimiter({ memory, offsetMs: 0 }));
  let turn = 0;
  const next = () => threads[turn++ % threads.length] ?? assert.fail();
  return {
    prepare: (charges) => next().prepare(charges),
    charge: (charges, nowMs) => next().charge(charges, nowMs),
    refund: (charges, nowMs) => next().refund(charges, nowMs),
  };
});

/** A limiter with one window of 32 slots for callers and one for strangers, so that all keys compete. */
function oneWindow() {
  const counts = new Map<string, number>();
  const instrument = (name: string) => ({
    add: (amount: number) => void counts.set(name, (counts.get(name) ?? 0) + amount),
    set: () => {},
    observe: () => {},
  });
  const meter = { counter: instrument, gauge: instrument, histogram: instrument };
  const memory = makeMemory(8);
  const limiter = createSharedLimiter({ memory, meter, offsetMs: 0 });
  const charge = (key: string, rate: Rate, at: { ms?: number; share?: string; stranger?: boolean } = {}) => {
    const { ms = 0, share = 'rule', stranger = false } = at;
    return limiter.charge([{ key, rate, share, stranger }], ms)[0] ?? assert.fail();
  };
  return { memory, limiter, counts, charge };
}

describe('where keys compete for room', () => {
  test('a key that is used up is never reset by a crowd of other keys', () => {
    const { charge, counts } = oneWindow();
    charge('victim', ONE_A_MINUTE);
    for (let n = 0; n < 5_000; n++) assert.equal(charge(`crowd ${n}`, TWO_A_MINUTE).allowed, true);
    assert.equal(charge('victim', ONE_A_MINUTE).allowed, false);
    assert.equal(counts.get('portcullis_limiter_dropped_keys_total'), 5_001 - 16);
    assert.equal(counts.get('portcullis_limiter_full_total'), undefined);
  });

  test('the key idle for longest makes room first', () => {
    const { charge } = oneWindow();
    for (let n = 0; n < 16; n++) charge(`key ${n}`, TEN_A_MINUTE, { ms: n });
    charge('key 0', TEN_A_MINUTE, { ms: 100 });
    charge('new', TEN_A_MINUTE, { ms: 100 });
    assert.equal(charge('key 0', TEN_A_MINUTE, { ms: 100 }).remaining, 7);
    assert.equal(charge('key 2', TEN_A_MINUTE, { ms: 100 }).remaining, 8);
    assert.equal(charge('key 1', TEN_A_MINUTE, { ms: 100 }).remaining, 9);
  });

  test('where every key is used up a new one is refused, known ones are judged, and time makes room', () => {
    const { limiter, charge, counts } = oneWindow();
    for (let n = 0; n < 16; n++) assert.equal(charge(`key ${n}`, ONE_A_MINUTE).allowed, true);
    assert.deepEqual(charge('new', ONE_A_MINUTE), { allowed: false, remaining: 0, resetMs: 1000, retryMs: 1000 });
    assert.equal(charge('key 7', ONE_A_MINUTE).retryMs, 60_000);
    const both = ['new', 'newer'].map((key) => ({ key, rate: ONE_A_MINUTE, share: 'rule' }));
    assert.equal(limiter.charge(both, 0)[0]?.allowed, false);
    assert.equal(counts.get('portcullis_limiter_full_total'), 2);
    assert.ok(limiter.charge(both, 60_000).every(({ allowed }) => allowed));
  });

  test('a call of several rules whose last one finds no room is charged to none', () => {
    const { limiter, charge } = oneWindow();
    charge('mine', TWO_A_MINUTE, { share: 'another' });
    for (let n = 0; n < 16; n++) charge(`key ${n}`, ONE_A_MINUTE);
    const charges = [
      { key: 'mine', rate: TWO_A_MINUTE, share: 'another' },
      { key: 'new', rate: ONE_A_MINUTE, share: 'rule' },
    ];
    for (let n = 0; n < 5; n++) {
      assert.deepEqual(
        limiter.charge(charges, 0).map(({ allowed, remaining }) => [allowed, remaining]),
        [
          [true, 1],
          [false, 0],
        ],
      );
    }
  });

  test('a call taken back from keys that are not kept takes no room from others', () => {
    const { limiter, charge, counts } = oneWindow();
    for (let n = 0; n < 10; n++) charge(`key ${n}`, TWO_A_MINUTE);
    for (let n = 0; n < 1000; n++) limiter.refund([{ key: `stranger ${n}`, rate: TWO_A_MINUTE, share: 'rule' }], 0);
    for (let n = 0; n < 6; n++) charge(`new ${n}`, TWO_A_MINUTE);
    assert.equal(counts.get('portcullis_limiter_dropped_keys_total'), undefined);
    assert.equal(charge('key 0', TWO_A_MINUTE).remaining, 0);
  });
});

describe('shares', () => {
  test('a crowd whose keys are used up leaves room for five other rules, whoever came first', () => {
    const { charge } = oneWindow();
    for (const share of ['addresses', 'users', 'apps', 'tenants', 'logins', 'refunds']) {
      const passed = Array.from({ length: 1_000 }, (_, n) => charge(`${share} ${n}`, ONE_A_MINUTE, { share }).allowed);
      const room = { addresses: 16, users: 8, apps: 4, tenants: 2, logins: 1, refunds: 1 }[share];
      assert.equal(passed.filter(Boolean).length, room, share);
    }
  });

  test('a crowd of idle keys of one rule drops none of another rule that has fewer', () => {
    const { charge } = oneWindow();
    for (let n = 0; n < 8; n++) charge(`user ${n}`, TEN_A_MINUTE, { share: 'users' });
    for (let n = 0; n < 5_000; n++) charge(`address ${n}`, TEN_A_MINUTE, { ms: 1, share: 'addresses' });
    for (let n = 0; n < 8; n++) assert.equal(charge(`user ${n}`, TEN_A_MINUTE, { ms: 1, share: 'users' }).remaining, 8);
  });

  test('a rule with few keys takes room from idle keys of one that has more, until both have as many', () => {
    const { charge } = oneWindow();
    for (const share of ['one', 'two', 'three', 'four', 'five', 'six']) {
      for (let n = 0; n < 50; n++) assert.equal(charge(`${share} ${n}`, TEN_A_MINUTE, { share }).allowed, true);
    }
    for (let n = 0; n < 50; n++) charge(`late ${n}`, TEN_A_MINUTE, { ms: 10, share: 'late' });
    const kept = (share: string) =>
      Array.from({ length: 50 }, (_, n) => charge(`${share} ${n}`, TEN_A_MINUTE, { ms: 10, share }).remaining === 8);
    assert.ok(kept('late').filter(Boolean).length >= 3);
  });

  test('however many rules a crowd of strangers uses up, callers find all of their room, and the other way round', () => {
    for (const stranger of [true, false]) {
      const { charge } = oneWindow();
      for (let n = 0; n < 2_000; n++) charge(`crowd ${n}`, ONE_A_MINUTE, { share: `rule ${n % 50}`, stranger });
      assert.equal(charge('one more', ONE_A_MINUTE, { share: 'late', stranger }).allowed, false);
      const room = Array.from({ length: 16 }, (_, n) => charge(`${n}`, ONE_A_MINUTE, { stranger: !stranger }).allowed);
      assert.ok(room.every(Boolean));
    }
  });

  test('a crowd of strangers drops no key of a caller', () => {
    const { charge } = oneWindow();
    for (let n = 0; n < 16; n++) charge(`user ${n}`, TEN_A_MINUTE);
    for (let n = 0; n < 3_000; n++) charge(`address ${n}`, TEN_A_MINUTE, { ms: 1, stranger: true, share: `${n % 9}` });
    for (let n = 0; n < 16; n++) assert.equal(charge(`user ${n}`, TEN_A_MINUTE, { ms: 1 }).remaining, 8);
  });

  test('one key and rate under two shares is two keys', () => {
    const { charge } = oneWindow();
    assert.equal(charge('ada', ONE_A_MINUTE, { share: 'a' }).allowed, true);
    assert.equal(charge('ada', ONE_A_MINUTE, { share: 'b' }).allowed, true);
  });

  test('more shares than can be told apart still count', () => {
    const limiter = createSharedLimiter({ memory: makeMemory(10_000), offsetMs: 0 });
    const charges = Array.from({ length: 400 }, (_, n) => ({ key: 'ada', rate: ONE_A_MINUTE, share: `rule ${n}` }));
    for (const charge of charges) assert.equal(limiter.charge([charge], 0)[0]?.allowed, true);
    for (const charge of charges) assert.equal(limiter.charge([{ ...charge }], 0)[0]?.allowed, false);
  });
});

describe('time', () => {
  test('limits hold on and around every moment at which times begin again', () => {
    const rates: Rate[] = [
      { count: 999_983, periodMs: 1_000, burst: 3 },
      { count: 7, periodMs: 3_600_000, burst: 7 },
      { count: 1_000_000, periodMs: 1_000, burst: 4 },
    ];
    const near = fc.array(fc.record({ passMs: fc.oneof(fc.nat(3), fc.nat(1_200_000)), calls: fc.nat(9) }));
    fc.assert(
      fc.property(fc.constantFrom(...rates), fc.nat(5_000), near, (rate, beforeMs, turns) => {
        const limiter = createSharedLimiter({ memory: makeMemory(100), offsetMs: 0 });
        const charges = [{ key: 'ada', rate }];
        // 49 days with a million units a millisecond, 142 years with a thousand.
        const unitsPerMs = rate.count === 1_000_000 ? 1_000 : rate.count;
        let nowMs = 2 * Math.floor(2 ** 52 / unitsPerMs) - beforeMs;
        let arrival = 0n;
        for (const { passMs, calls } of turns) {
          nowMs += passMs;
          for (let n = 0; n < calls; n++) {
            const now = BigInt(nowMs) * BigInt(rate.count);
            const next = (arrival > now ? arrival : now) + BigInt(rate.periodMs);
            const allowed = next - now <= BigInt(rate.burst * rate.periodMs);
            if (allowed) arrival = next;
            assert.equal(limiter.charge(charges, nowMs)[0]?.allowed, allowed);
          }
        }
      }),
    );
  });

  test('a key that was idle for years has its whole burst', () => {
    const limiter = createSharedLimiter({ memory: makeMemory(100), offsetMs: 0 });
    const charges = [{ key: 'ada', rate: TEN_A_MINUTE }];
    for (const years of [0, 1, 10, 100]) {
      const nowMs = years * 31_557_600_000;
      for (let n = 0; n < 10; n++) assert.equal(limiter.charge(charges, nowMs)[0]?.allowed, true);
      assert.equal(limiter.charge(charges, nowMs)[0]?.allowed, false);
    }
  });

  test('a thread whose clock is behind is stricter, and one that is ahead finds what the others counted', () => {
    const memory = makeMemory(100);
    const [behind, ahead] = [0, 3_000].map((offsetMs) => createSharedLimiter({ memory, offsetMs }));
    const charges = [{ key: 'ada', rate: TEN_A_MINUTE }];
    for (let n = 0; n < 10; n++) assert.equal(ahead?.charge(charges, 0)[0]?.allowed, true);
    assert.deepEqual(behind?.charge(charges, 0)[0], { allowed: false, remaining: 0, resetMs: 63_000, retryMs: 9_000 });
    assert.equal(ahead?.charge(charges, 5_999)[0]?.allowed, false);
    assert.equal(behind?.charge(charges, 9_000)[0]?.allowed, true);
  });
});

describe('prepared charges', () => {
  const charge = { key: 'ada', rate: TWO_A_MINUTE, share: 'rule' };

  test('of a limiter with other memory count here, and not there', () => {
    for (const charges of [[charge], [charge, { ...charge, share: 'another' }]]) {
      const here = createSharedLimiter({ memory: makeMemory(100), offsetMs: 0 });
      const there = createSharedLimiter({ memory: makeMemory(100), offsetMs: 0 });
      const prepared = there.prepare(charges);
      for (const left of [1, 0]) assert.equal(here.charge(prepared, 0)[0]?.remaining, left);
      assert.equal(here.charge(prepared, 0)[0]?.allowed, false);
      assert.equal(here.refund(prepared, 0)[0]?.remaining, 1);
      assert.equal(there.charge(prepared, 0)[0]?.remaining, 1);
    }
  });

  test('find their word again where the key was dropped and came back elsewhere, and take none of another key', () => {
    const { limiter, charge: chargeKey, counts } = oneWindow();
    const prepared = limiter.prepare([charge]);
    assert.equal(limiter.charge(prepared, 0)[0]?.remaining, 1);
    for (let n = 0; n < 100; n++) chargeKey(`crowd ${n}`, TWO_A_MINUTE, { ms: 1 });
    assert.ok((counts.get('portcullis_limiter_dropped_keys_total') ?? 0) > 16);
    // The slot is another key's by now: this one has been forgotten, and begins anew.
    assert.equal(limiter.charge(prepared, 1)[0]?.remaining, 1);
    assert.equal(limiter.charge([charge], 1)[0]?.remaining, 0);
    assert.equal(limiter.charge(prepared, 1)[0]?.allowed, false);
  });

  test('of which the same is said get one answer, which nobody can change', () => {
    const limiter = createSharedLimiter({ memory: makeMemory(100), offsetMs: 0 });
    const [ada, bob] = ['ada', 'bob'].map((key) => limiter.charge(limiter.prepare([{ ...charge, key }]), 0));
    assert.equal(ada, bob);
    assert.ok(Object.isFrozen(ada) && Object.isFrozen(ada?.[0]));
    const rate = { ...TWO_A_MINUTE, burst: 1 };
    assert.notEqual(limiter.charge(limiter.prepare([{ ...charge, rate }]), 0)[0], ada?.[0]);
  });

  test('more of them at once than any policy makes are a bug and throw', () => {
    const charges = Array.from({ length: 33 }, (_, n) => ({ ...charge, key: `${n}` }));
    assert.throws(() => createSharedLimiter({ memory: makeMemory(8) }).prepare(charges), RangeError);
  });
});

describe('what is no limit', () => {
  test('more charges at once than any policy makes are a bug and throw', () => {
    const charges = Array.from({ length: 33 }, (_, n) => ({ key: `${n}`, rate: ONE_A_MINUTE }));
    assert.throws(() => createSharedLimiter({ memory: makeMemory(8) }).charge(charges, 0), RangeError);
    for (const keyLimit of [0, 7, Number.NaN, 2 ** 25]) assert.throws(() => makeMemory(keyLimit), RangeError);
  });

  test('a rate too fine or a burst too long for a word throws, and every rate of a configuration does not', () => {
    const limiter = createSharedLimiter({ memory: makeMemory(8) });
    const charge = (rate: Rate) => limiter.charge([{ key: 'ada', rate }], 0);
    assert.throws(() => charge({ count: 2_000_003, periodMs: 1_000, burst: 1 }), RangeError);
    assert.throws(() => charge({ count: 999_983, periodMs: 3_600_000, burst: 999_983_000 }), RangeError);
    for (const count of [1, 7, 999_983, 1_000_000]) {
      for (const periodMs of [1_000, 60_000, 3_600_000]) charge({ count, periodMs, burst: count });
    }
  });

  test('memory of another shape is a bug and throws', () => {
    const memory = { ...makeMemory(8), rates: new SharedArrayBuffer(1_000) };
    assert.throws(() => createSharedLimiter({ memory }), RangeError);
  });
});

test('what a thread left behind that died while it put in a key blocks its window for a second at most', () => {
  const { memory, charge } = oneWindow();
  Atomics.store(viewRates(memory).latches, 0, 5_001);
  assert.deepEqual(charge('new', ONE_A_MINUTE, { ms: 5_000 }).retryMs, 1_000);
  assert.equal(charge('new', ONE_A_MINUTE, { ms: 6_001 }).allowed, true);
  assert.equal(Atomics.load(viewRates(memory).latches, 0), 0);
});

describe('a thread that stands still for a second just while it puts in a key', () => {
  /** A full window in which one key makes room for a new one; `meanwhile` happens before that has its name. */
  function stalled(meanwhile: (other: Limiter, memory: LimiterMemory) => void) {
    const memory = makeMemory(8);
    const other = createSharedLimiter({ memory, offsetMs: 0 });
    const charges = Array.from({ length: 16 }, (_, n) => [{ key: `key ${n}`, rate: TEN_A_MINUTE }]);
    for (const charge of [...charges, ...charges.slice(0, 1)]) other.charge(charge, 0);
    let isStalled = false;
    const instrument = (name: string) => ({
      add: () => {
        if (!name.includes('dropped')) return;
        isStalled = true;
        meanwhile(other, memory);
      },
      set: () => {},
      observe: () => {},
    });
    const meter = { counter: instrument, gauge: instrument, histogram: instrument };
    const limiter = createSharedLimiter({ memory, meter, offsetMs: 0 });
    const first = limiter.charge([{ key: 'mine', rate: TEN_A_MINUTE }], 1)[0]?.allowed;
    return { other, first, isStalled };
  }

  /** So many times a key makes room; once in some ten thousand its label is that of another, and it needs none. */
  function eachStall(
    meanwhile: (other: Limiter, memory: LimiterMemory) => void,
    judge: (found: { readonly other: Limiter; readonly first: boolean | undefined }) => void,
  ): void {
    let stalls = 0;
    for (let n = 0; n < 50; n++) {
      const found = stalled(meanwhile);
      if (!found.isStalled) continue;
      stalls++;
      judge(found);
    }
    assert.ok(stalls > 40, `${stalls} of 50`);
  }

  const passed = (limiter: Limiter, key: string) =>
    Array.from({ length: 12 }, () => limiter.charge([{ key, rate: TEN_A_MINUTE }], 1_002)[0]?.allowed).filter(Boolean);

  test('takes nothing from the key that got the slot meanwhile, and is refused', () => {
    // Keys whose labels are equal by chance are among these.
    const take = (thread: Limiter): void => assert.equal(passed(thread, 'yours').length, 10);
    eachStall(take, ({ other, first }) => {
      assert.equal(first, false);
      assert.deepEqual(passed(other, 'yours'), []);
      assert.equal(passed(other, 'mine').length, 10);
    });
  });

  test('makes no second word of it, whether the slot is the same or another', () => {
    for (const elsewhere of [false, true]) {
      const take = (thread: Limiter, memory: LimiterMemory): void => {
        const { start, words } = viewRates(memory);
        if (elsewhere) words[start / 2 + 1] = 0n;
        assert.equal(passed(thread, 'mine').length, 10);
      };
      eachStall(take, ({ other, first }) => {
        assert.equal(first, false);
        assert.deepEqual(passed(other, 'mine'), []);
      });
    }
  });
});
