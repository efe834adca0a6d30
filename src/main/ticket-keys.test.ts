import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../adapters/index.ts';
import { newTicketKeys, rotateTicketKeys } from './ticket-keys.ts';

const HOUR_MS = 3_600_000;

/** Fills with 1, then with 2, and so on. */
function counting(): { fill(bytes: Uint8Array): void } {
  let count = 0;
  return { fill: (bytes) => void bytes.fill(++count) };
}

test('a ticket key is 48 random bytes', () => {
  assert.deepEqual(newTicketKeys(counting()), new Uint8Array(48).fill(1));
});

test('there is a new key each twelve hours, until that is ended', () => {
  const clock = createVirtualClock();
  const start = clock.now();
  const given: [number, number | undefined][] = [];
  const stop = rotateTicketKeys(clock, counting(), (keys) => {
    given.push([(clock.now() - start) / HOUR_MS, keys[47]]);
  });
  for (let hour = 0; hour < 30; hour++) clock.advance(HOUR_MS);
  assert.deepEqual(given, [
    [12, 1],
    [24, 2],
  ]);
  stop();
  clock.advance(48 * HOUR_MS);
  assert.equal(given.length, 2);
});
