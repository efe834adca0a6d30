import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createIdSource } from './id.ts';

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function random(bytes: Uint8Array): void {
  randomFillSync(bytes);
}

test('an id is a UUID with the version and variant of RFC 9562, whatever the random bytes are', () => {
  for (const byte of [0x00, 0xff, 0x55, 0xaa]) {
    const make = createIdSource(
      (bytes) => bytes.fill(byte),
      () => 1_700_000_000_000,
    );
    for (let i = 0; i < 3; i++) assert.match(make(), UUID_7);
  }
});

test('an id begins with its time in milliseconds', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 31).map((n) => n * 131_071),
      (ms) => {
        const id = createIdSource(random, () => ms + 0.7)();
        assert.match(id, UUID_7);
        assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), ms);
      },
    ),
  );
});

test('ids of later times sort after ids of earlier ones', () => {
  let now = 1_700_000_000_000;
  const make = createIdSource(random, () => now);
  const ids = Array.from({ length: 1000 }, (_, at) => {
    now += 1 + (at % 7);
    return make();
  });
  assert.deepEqual(ids, ids.toSorted());
});

test('no two ids are the same, over many refills of the pool and within one millisecond', () => {
  const make = createIdSource(random, () => 1_700_000_000_000);
  const ids = new Set(Array.from({ length: 50_000 }, make));
  assert.equal(ids.size, 50_000);
});

test('each id has its own time and a random part of its own, however often the time changes', () => {
  const steps = fc.array(fc.record({ count: fc.integer({ min: 1, max: 30 }), ms: fc.nat({ max: 3 }) }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, (taken) => {
      const make = createIdSource(random, () => assert.fail('the clock was asked'));
      const seen = new Set<string>();
      let asked = 0;
      for (const { count, ms } of taken) {
        for (let n = 0; n < count; n++) {
          const id = make(0x0123_4567_8900 + ms);
          assert.ok(UUID_7.test(id) && id.startsWith(`01234567-890${ms}-7`), id);
          seen.add(id.slice(14));
          asked++;
        }
      }
      assert.equal(seen.size, asked);
    }),
  );
});

test('every random bit of an id is used, and no random byte twice', () => {
  let next = 0;
  const make = createIdSource(
    (bytes) => {
      for (let at = 0; at < bytes.length; at++) bytes[at] = next++ & 0xff;
    },
    () => 0,
  );
  const tails = Array.from({ length: 3 }, () => make().slice(24));
  assert.deepEqual(tails, ['040506070809', '0e0f10111213', '18191a1b1c1d']);
});

test('a clock that jumps or stands before 1970 still gives a valid id', () => {
  const times = [5, 3, -1, 0, 2 ** 48 - 1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY];
  const make = createIdSource(random, () => times.shift() ?? 0);
  for (let i = 0; i < 9; i++) assert.match(make(), UUID_7);
});

test('a time that is given takes the place of the clock', () => {
  const make = createIdSource(random, () => assert.fail('the clock was asked'));
  assert.match(make(0x0123_4567_89ab), /^01234567-89ab-7/);
  assert.match(make(5.9), /^00000000-0005-7/);
});

test('random bytes are drawn for many ids at once, and none before the first', () => {
  let draws = 0;
  const make = createIdSource(
    (bytes) => {
      draws++;
      random(bytes);
    },
    () => 0,
  );
  assert.equal(draws, 0);
  for (let i = 0; i < 1_600; i++) make();
  assert.equal(draws, 1);
  make();
  assert.equal(draws, 2);
});
