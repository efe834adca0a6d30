import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok, type Result } from '../base/index.ts';
import { errorOf, FakeClock, rest } from './fake-ports.test.ts';
import { Schedule, type Work } from './schedule.ts';

const HOUR_MS = 3_600_000;

function scheduled(work: Work, chance = 0) {
  const clock = new FakeClock(0);
  const failures: { reason: string; inRow: number; atMs: number }[] = [];
  const failed = (reason: string, inRow: number): void => void failures.push({ reason, inRow, atMs: clock.now() });
  const schedule = new Schedule({ clock, random: { fill: (bytes) => void bytes.fill(chance) }, work, failed });
  return { clock, failures, schedule };
}

test('work runs when it is due, and is looked at every hour until then', async () => {
  const runs: number[] = [];
  const { clock, schedule } = scheduled(() => {
    runs.push(clock.now());
    return Promise.resolve(ok({ dueMs: 2.5 * HOUR_MS }));
  });
  await schedule.run();
  await clock.pass(2.5 * HOUR_MS);
  assert.deepEqual(runs, [0, HOUR_MS, 2 * HOUR_MS, 2.5 * HOUR_MS]);
});

test('work that is always due does not spin', async () => {
  let runs = 0;
  const { clock, schedule } = scheduled(() => {
    runs += 1;
    return Promise.resolve(ok({ dueMs: 0 }));
  });
  await schedule.run();
  await clock.pass(10_000);
  assert.equal(runs, 11);
});

test('failures are retried after 1, 2, 4 … minutes and at most an hour, and a success begins anew', async () => {
  let outcome: Result<{ dueMs: number }, string> = err('disk full');
  const { clock, failures, schedule } = scheduled(() => Promise.resolve(outcome));
  assert.equal(errorOf(await schedule.run()), 'disk full');
  await clock.pass(4 * HOUR_MS);
  const minutes = failures.map(({ atMs }) => atMs / 60_000);
  assert.deepEqual(minutes, [0, 1, 3, 7, 15, 31, 63, 123, 183]);
  assert.deepEqual(failures.at(-1), { reason: 'disk full', inRow: 9, atMs: 183 * 60_000 });
  outcome = ok({ dueMs: Infinity });
  await schedule.run();
  outcome = err('again');
  await schedule.run();
  assert.equal(failures.at(-1)?.inRow, 1);
  assert.equal(clock.untilNextMs(), 60_000);
});

test('retries come up to a quarter earlier by chance', async () => {
  const { clock, schedule } = scheduled(() => Promise.resolve(err('no')), 0xff);
  await schedule.run();
  assert.equal(clock.untilNextMs(), 45_000);
});

test('work that throws has failed, and is retried', async () => {
  const { failures, clock, schedule } = scheduled(() => Promise.reject(new TypeError('oops')));
  assert.match(errorOf(await schedule.run()), /oops/);
  assert.equal(failures.length, 1);
  assert.equal(clock.untilNextMs(), 60_000);
});

test('runs never overlap: who asks during one gets the next, and all who ask share it', async () => {
  let runs = 0;
  let running = 0;
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { schedule } = scheduled(async () => {
    runs += 1;
    running += 1;
    assert.equal(running, 1);
    await gates[runs - 1]?.promise;
    running -= 1;
    return ok({ dueMs: Infinity });
  });
  const asked = [schedule.run(), schedule.run(), schedule.run()];
  assert.equal(runs, 1);
  gates[0]?.resolve();
  await rest();
  assert.equal(runs, 2);
  gates[1]?.resolve();
  await Promise.all(asked);
  assert.equal(runs, 2);
});

test('after closing nothing runs, also when it closes during a run', async () => {
  let runs = 0;
  const gate = Promise.withResolvers<void>();
  const { clock, failures, schedule } = scheduled(async () => {
    runs += 1;
    await gate.promise;
    return err('late');
  });
  const last = schedule.run();
  schedule.close();
  gate.resolve();
  assert.equal(errorOf(await last), 'late');
  assert.equal(errorOf(await schedule.run()), 'closed');
  schedule.runAfter(1);
  await clock.pass(HOUR_MS);
  assert.equal(runs, 1);
  assert.deepEqual(failures, []);
  assert.equal(clock.untilNextMs(), null);
});
