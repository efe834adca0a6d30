import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LedgerRecord, refusalSumOf } from '../base/index.ts';
import { deny, PASS, type Steps } from '../policy/index.ts';
import {
  apiText,
  type Bench,
  codeOf,
  gatheredOf,
  kindOf,
  principalNamed,
  snapshotOf,
  startBench,
  step,
  until,
} from './fixture.test.ts';
import { SINGLE_REFUSALS } from './refusal-sums.ts';

const OTHER_HOST = "host: a.example\n    routes: ['* /a']";
const refusing = step<'admit'>(() => deny({ code: 'forbidden' }, 'r'));

/** Asks so often over one connection after another; gives the statuses. */
async function flood(bench: Bench, request: string, times: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  while (statuses.length < times) {
    const client = bench.client();
    const together = Math.min(50, times - statuses.length);
    client.send(request.repeat(together));
    for (let at = 0; at < together; at++) statuses.push((await client.reply(request.split(' ', 1)[0])).status);
    client.socket.destroy();
  }
  return statuses;
}

const intents = (records: readonly LedgerRecord[]): number => records.filter(({ kind }) => kind === 'intent').length;
const completions = (records: readonly LedgerRecord[]): number =>
  records.filter(({ kind }) => kind === 'completion').length;

function sumsIn(records: readonly LedgerRecord[]): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const record of records) {
    if (record.kind !== 'change') continue;
    const sum = refusalSumOf(record);
    assert.ok(sum !== null);
    found[record.target] = (found[record.target] ?? 0) + sum.count;
  }
  return found;
}

test('strangers whom nothing is served are recorded one by one up to the bound, and then summed', async (t) => {
  const bench = await startBench(t, { api: OTHER_HOST });
  const asked = [
    ['GET /nothing HTTP/1.1\r\nhost: a.example\r\n\r\n', 404],
    ['GET /a HTTP/1.1\r\nhost: b.example\r\n\r\n', 421],
  ] as const;
  for (const [request, status] of asked)
    for (const given of await flood(bench, request, 300)) assert.equal(given, status);
  // A head that can't be read ends its connection.
  for (let time = 0; time < 5; time++) {
    const client = bench.client().send('GET /a\r\nhost: a.example\r\n\r\n');
    assert.equal((await client.reply()).status, 400);
  }
  assert.deepEqual([intents(bench.records), completions(bench.records)], [SINGLE_REFUSALS, SINGLE_REFUSALS]);
  bench.clock.pass(1_000);
  assert.deepEqual(sumsIn(bench.records), {
    'not-found': 300 - SINGLE_REFUSALS,
    'misdirected-request': 300,
    'unsupported-http-version': 5,
  });
  assert.equal(bench.metrics.refusals.length, 605, 'each is counted in the metrics all the same');
});

test('a request that matched, and was refused while nobody was known, is summed too', async (t) => {
  const bench = await startBench(t, { kinds: [kindOf('p', { admit: refusing })] });
  await flood(bench, 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n', 250);
  bench.clock.pass(1_000);
  assert.deepEqual([intents(bench.records), completions(bench.records)], [SINGLE_REFUSALS, SINGLE_REFUSALS]);
  assert.deepEqual(sumsIn(bench.records), { forbidden: 50 });
  await until(() => bench.gateway.inFlight === 0);
});

const knowing: Steps = {
  authenticate: step<'authenticate'>(() => ({ kind: 'identified', principal: principalNamed('ada') })),
};

for (const [what, steps] of [
  ['passed', {}],
  ['came from somebody known', { ...knowing, authorize: step<'authorize'>(() => deny({ code: 'forbidden' }, 'r')) }],
  [
    'was answered by a policy',
    { admit: step<'admit'>(() => ({ kind: 'reply', response: { status: 200, headers: [], body: Buffer.alloc(0) } })) },
  ],
  [
    'had been forwarded before its reply was refused',
    {
      respond: step<'respond'>((_exchange, reply) =>
        reply.source === 'upstream' ? deny({ code: 'forbidden' }, 'r') : PASS,
      ),
    },
  ],
] as const) {
  test(`a request that ${what} always has records of its own, whatever else comes`, async (t) => {
    const bench = await startBench(t, { kinds: [kindOf('p', steps as Steps)] });
    const kinds = bench.kinds;
    // The bound is used up first.
    const other = `${apiText(bench.upstream.url, ['p'], "host: x.example\n    routes: ['* /{rest...}']")}`;
    assert.ok(bench.gateway.install(snapshotOf(gatheredOf(other, kinds), kinds)));
    await flood(bench, 'GET /x HTTP/1.1\r\nhost: other.example\r\n\r\n', SINGLE_REFUSALS + 1);
    const before = bench.records.length;
    await flood(bench, 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n', 100);
    await until(() => bench.gateway.inFlight === 0);
    const since = bench.records.slice(before);
    assert.deepEqual([intents(since), completions(since)], [100, 100]);
    bench.clock.pass(1_000);
    assert.deepEqual(sumsIn(bench.records), { 'misdirected-request': 1 });
  });
}

test('where the ledger takes nothing, refusals beyond the bound are 503 as well', async (t) => {
  const bench = await startBench(t, { api: OTHER_HOST });
  const lost = 'GET /nothing HTTP/1.1\r\nhost: a.example\r\n\r\n';
  await flood(bench, lost, SINGLE_REFUSALS + 1);
  bench.ledger.full = true;
  bench.clock.pass(1_000);
  for (const status of await flood(bench, lost, SINGLE_REFUSALS + 20)) assert.equal(status, 503);
  assert.equal(codeOf(await bench.ask(lost)), 'not-recorded');
  bench.ledger.full = false;
  bench.clock.pass(1_000);
  assert.deepEqual(sumsIn(bench.records), { 'not-found': 1 });
});

test('a gateway that closes writes what it has counted', async (t) => {
  const bench = await startBench(t, { api: OTHER_HOST });
  await flood(bench, 'GET /nothing HTTP/1.1\r\nhost: a.example\r\n\r\n', SINGLE_REFUSALS + 20);
  bench.gateway.close();
  assert.deepEqual(sumsIn(bench.records), { 'not-found': 20 });
});
