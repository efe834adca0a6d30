import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fakePorts } from '../fake-ports.test.ts';
import { Attempts } from './attempts.ts';
import { MemoryStore } from './fake-authority.test.ts';
import { ACME_ATTEMPTS, type AttemptsRecord } from './records.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const CA = 'https://ca.test/dir';

function open(kept?: AttemptsRecord) {
  const { clock, lines, ports } = fakePorts();
  const store = new MemoryStore();
  const records = store.collection(ACME_ATTEMPTS);
  if (kept !== undefined) store.held.get('acme-attempts')?.set('a.example', kept);
  const make = (): Attempts => new Attempts({ name: 'a.example', records, clock, log: ports.log });
  return { clock, lines, store, make, attempts: make() };
}

test('as many certificates may be had in a week as are due in it, five at least and two in an hour at most', async () => {
  const limits: [number | null, number][] = [
    [null, 5],
    [60 * DAY_MS, 5],
    [4 * DAY_MS, 5],
    [DAY_MS, 9],
    [8 * HOUR_MS, 27],
    [MINUTE_MS, 336],
    [0, 336],
  ];
  for (const [dueAfterMs, limit] of limits) {
    const { attempts } = open();
    let count = 0;
    for (; attempts.refusal() === null && count < 1_000; count++) await attempts.issued(dueAfterMs);
    assert.equal(count, limit, `${dueAfterMs}`);
    assert.equal(attempts.refusal()?.type, 'tooManyIssued');
  }
});

test('whatever a life is, what is renewed in time is never refused, and what is asked for again and again is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 30 * MINUTE_MS, max: 90 * DAY_MS }), async (dueAfterMs) => {
      const { attempts, clock } = open();
      for (let round = 0; round < 30; round++) {
        assert.equal(attempts.refusal(), null);
        await attempts.issued(dueAfterMs);
        await clock.pass(dueAfterMs);
      }
      for (let more = 0; more < 400; more++) await attempts.issued(dueAfterMs);
      assert.notEqual(attempts.refusal(), null);
    }),
    { numRuns: 10 },
  );
});

test('what was issued in vain is counted over a restart', async () => {
  const { attempts, make, clock } = open();
  for (let times = 0; times < 5; times++) await attempts.issued(null);
  const again = make();
  await again.load();
  assert.equal(again.refusal()?.type, 'tooManyIssued');
  await clock.pass(7 * DAY_MS);
  assert.equal(again.refusal(), null);
});

test('a CA is left alone for a quarter of an hour for each failure, longer each time, and four hours at most', async () => {
  const { attempts } = open();
  const rests: number[] = [];
  for (let times = 0; times < 7; times++) rests.push((await attempts.failed(CA, 1)) / MINUTE_MS);
  assert.deepEqual(rests, [15, 30, 60, 120, 240, 240, 240]);
  const both = open();
  assert.equal(await both.attempts.failed(CA, 2), 30 * MINUTE_MS);
  assert.equal(await both.attempts.failed(CA, 0), 0);
  await both.attempts.issued(DAY_MS);
  assert.equal(await both.attempts.failed(CA, 1), 15 * MINUTE_MS);
});

test('the rest holds over a restart, for the CA that it is due to', async () => {
  const { attempts, make, clock } = open();
  for (let times = 0; times < 3; times++) await attempts.failed(CA, 1);
  const again = make();
  await again.load();
  assert.equal(again.restUntilMs(CA), clock.now() + 15 * MINUTE_MS);
  assert.equal(again.restUntilMs('https://other.test/dir'), 0);
});

test('times of a clock that went wrong hold nobody up', async () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const far = nowMs + 365 * DAY_MS;
  const rest = { directory: CA, untilMs: far };
  const { attempts } = open({ issuedAtMs: Array<number>(9).fill(far), dueAfterMs: null, rest });
  await attempts.load();
  assert.equal(attempts.refusal(), null);
  assert.equal(attempts.restUntilMs(CA), 0);
});

test('a store that fails is a line in the log, and what was counted is remembered for this run', async () => {
  const { attempts, store, lines } = open();
  store.fails = true;
  store.damaged.add('acme-attempts');
  await attempts.load();
  for (let times = 0; times < 5; times++) await attempts.issued(null);
  assert.notEqual(attempts.refusal(), null);
  assert.equal(lines.filter(({ event }) => event === 'acme.attempts-lost').length, 6);
});

test('advice to renew early is heeded twice a day and three times a week, so that the rest is there when it is due', async () => {
  const { attempts, clock } = open();
  const lifeMs = 90 * DAY_MS;
  await attempts.issued(60 * DAY_MS);
  assert.equal(attempts.advisedFromMs(lifeMs), 0);
  await attempts.issued(60 * DAY_MS);
  assert.equal(attempts.advisedFromMs(lifeMs), clock.now() + DAY_MS);
  await clock.pass(DAY_MS);
  assert.equal(attempts.advisedFromMs(lifeMs), 0);
  await attempts.issued(60 * DAY_MS);
  assert.equal(attempts.advisedFromMs(lifeMs), Infinity);
  assert.equal(attempts.refusal(), null);
});
