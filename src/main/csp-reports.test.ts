import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createVirtualClock } from '../adapters/index.ts';
import type { CspReport } from '../base/index.ts';
import { CSP_REPORTS, CSP_SUM_LIFE_MS, CSP_SUM_LIMIT, CspReports } from '../control/index.ts';
import { storeFor } from './store-fixture.test.ts';

async function subject(t: TestContext) {
  const clock = createVirtualClock();
  const { store } = await storeFor(t, clock);
  const losses: number[] = [];
  const options = { store, clock, log: { write() {} }, lost: (count: number) => void losses.push(count) };
  return { sums: new CspReports(options), again: () => new CspReports(options), clock, store, losses };
}

const reportOf = (page: number | string): CspReport => ({
  ...{ host: 'a.example', directive: 'img-src', blocked: 'inline' },
  document: `https://a.example/${page}`,
});

test('the same reports are one sum, over what comes while it is written and over a new start', async (t) => {
  const { sums, again, clock } = await subject(t);
  const since = clock.now();
  sums.take([reportOf(1), reportOf(1)]);
  // The first is on its way into the store now.
  await Promise.resolve();
  await Promise.resolve();
  sums.take([reportOf(1)]);
  await sums.list(1);
  clock.advance(5_000);
  const other = again();
  other.take([reportOf(1)]);
  assert.deepEqual(await other.list(10), [{ ...reportOf(1), count: 4, since, at: since + 5_000 }]);
});

test('what differs in anything is a sum of its own, and what came last stands first', async (t) => {
  const { sums, clock } = await subject(t);
  const parts: readonly Partial<CspReport>[] = [{}, { host: 'b.example' }, { directive: 'x' }, { blocked: 'eval' }];
  for (const part of parts) {
    sums.take([{ ...reportOf(1), ...part }]);
    clock.advance(1);
  }
  const listed = await sums.list(10);
  assert.deepEqual(
    listed.map(({ host, directive, blocked, count }) => [host, directive, blocked, count]),
    parts
      .map((part) => ({ ...reportOf(1), ...part }))
      .map((each) => [each.host, each.directive, each.blocked, 1])
      .toReversed(),
  );
});

test('of more sums than are kept those go that came longest ago', async (t) => {
  const { sums, clock, store } = await subject(t);
  await store.transaction(async (inside) => {
    const collection = inside.collection(CSP_REPORTS);
    for (let n = 0; n < CSP_SUM_LIMIT; n++) {
      const at = clock.now() + n;
      await collection.put(`${n}`.padStart(4, '0'), { ...reportOf(n), count: 1, since: at, at });
    }
  });
  clock.advance(CSP_SUM_LIMIT);
  sums.take([reportOf('new')]);
  assert.equal((await sums.list(1))[0]?.document, 'https://a.example/new');
  assert.equal(await store.collection(CSP_REPORTS).count(), CSP_SUM_LIMIT);
  assert.equal(await store.collection(CSP_REPORTS).get('0000'), null);
});

test('a sum ends thirty days behind its last report, and begins anew', async (t) => {
  const { sums, clock } = await subject(t);
  sums.take([reportOf(1)]);
  await sums.list(1);
  clock.advance(CSP_SUM_LIFE_MS);
  assert.deepEqual(await sums.list(1), []);
  sums.take([reportOf(1)]);
  assert.equal((await sums.list(1))[0]?.count, 1);
});

test('of a crowd of reports at once the rest is lost, and counted', async (t) => {
  const { sums, losses } = await subject(t);
  sums.take(Array.from({ length: 300 }, (_, n) => reportOf(n)));
  sums.take([reportOf(1)]);
  await sums.close();
  assert.equal(losses.length, 300 - 256);
  assert.equal((await sums.list(1_000)).length, 256);
});
