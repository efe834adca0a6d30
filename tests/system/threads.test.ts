import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { epochs, OddGateway, until } from './odd/gateway.ts';
import { LEASES } from './odd/kinds.ts';

const THREADS = 2;

let gateway: OddGateway;

before(async () => {
  gateway = await OddGateway.start(THREADS);
});

after(() => gateway?.stop());

test('a policy that throws denies, and is an alert', async () => {
  const reply = await gateway.get({ 'x-odd': 'throw' });
  assert.equal(reply?.status, 503);
  assert.ok((await gateway.alerts()).some(({ kind }) => kind === 'gateway.fault'));
  assert.equal(epochs(await gateway.whole()), THREADS);
  await gateway.everyThreadAnswers();
});

test('an operation that no thread can build is refused by each, and is one alert that counts', async () => {
  // A refusal names no thread. Over so many connections the system gives each thread some.
  const refused = 30;
  for (let count = 0; count < refused; count++) {
    assert.equal((await gateway.get({}, '/unbuildable'))?.status, 503);
  }
  const told = await until('all are counted', async () => {
    const alerts = (await gateway.alerts()).filter(({ key }) => key.endsWith('/unbuildable'));
    return alerts.reduce((sum, { count }) => sum + count, 0) >= refused ? alerts : null;
  });
  assert.deepEqual(
    told.map(({ kind, severity, count }) => [kind, severity, count]),
    [['gateway.fault', 'critical', refused]],
  );
  await gateway.everyThreadAnswers();
});

test('a thread that is blocked for a second survives', async () => {
  assert.equal((await gateway.get({ 'x-odd': 'block-1' }))?.status, 200);
  assert.equal(epochs(await gateway.whole()), THREADS);
  await gateway.everyThreadAnswers();
});

test('what threads that died had under way is free again: leases, and the gauge of requests', async () => {
  const holding = Array.from({ length: LEASES }, () => gateway.get({ 'x-odd': 'lease', 'x-hold': 'yes' }));
  await until('all leases are held', () => Promise.resolve(gateway.held.length === LEASES ? true : null));
  assert.equal((await gateway.get({ 'x-odd': 'lease' }))?.status, 429, 'counted over all threads');
  // Each place loses one thread: who is lost again and again is replaced later and later.
  for (const meant of await gateway.threadNumbers()) {
    await until('it has ended', async () => ((await gateway.get({ 'x-odd': 'exit', 'x-meant': meant })) ? null : true));
    await gateway.whole();
  }
  assert.ok((await gateway.whole()).threads.every(({ epoch }) => epoch > 1));
  assert.deepEqual(await Promise.all(holding), [null, null, null]);
  for (const reply of gateway.held.splice(0)) reply.destroy();
  assert.equal((await gateway.get({ 'x-odd': 'lease' }))?.status, 200);
  await until('nothing is in flight', async () => {
    const { threads } = await gateway.status();
    return threads.every((thread) => thread.inFlight === 0) ? true : null;
  });
  assert.match(await gateway.admin('/metrics'), /^portcullis_requests_in_flight 0$/m);
});

test('an uncaught exception ends one thread, which is replaced while the other serves', () =>
  gateway.isReplacedAfter('timer', 'exception'));

test('a thread that calls for the end of the process ends alone, and is replaced', () =>
  gateway.isReplacedAfter('exit', 'exit'));

test('a thread whose heap is nearly full answers what it has under way, and is replaced', () =>
  gateway.isReplacedAfter('heap-near', 'memory', true));

test('the ledger holds each answered request once, whatever became of the threads', () => gateway.recordedEachOnce());
