import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatheredOf, snapshotOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { egressView } from './rerouted-snapshot.ts';
import type { Snapshot } from './snapshot.ts';

const KINDS = kindTable([]);

function snapshotWith(callers: string): Snapshot {
  const text = `apis:
  own: { routes: ['GET /own'], upstream: 'http://127.0.0.1:3001', auth: public, host: api.acme.example }
egress:
  callers: ${callers}
  parties:
    pay: { url: 'https://api.pay.example/v1', allow: ['GET /charges/{id}'], types: ['*/*'] }
`;
  const gathered = gatheredOf(text, KINDS);
  const apis = gathered.config.apis.map((api) => ({ ...api, policies: [] }));
  return snapshotOf({ ...gathered, config: { ...gathered.config, apis } }, KINDS);
}

function ledTo(router: Snapshot['router'] | null, host: string, path: string): string {
  const found = router?.find(host, path, 'GET');
  return found?.kind === 'matched' ? found.target.operation.id : (found?.kind ?? 'none');
}

test('neither listener leads to what the other one serves', () => {
  const { router, egress } = snapshotWith('{ orders: { key: "${env:KEY}" } }');
  assert.equal(ledTo(router, 'api.acme.example', '/own'), 'own/GET /own');
  assert.equal(ledTo(router, 'api.acme.example', '/pay/charges/7'), 'notFound');
  assert.equal(ledTo(egress, 'api.acme.example', '/own'), 'notFound');
  assert.equal(ledTo(egress, 'anything.example', '/pay/charges/7'), 'pay/GET /charges/{id}');
});

test('without keys a call must name this machine: a page whose name was turned round does not', () => {
  const { egress } = snapshotWith('any');
  for (const host of ['localhost', '127.0.0.1', '[::1]'])
    assert.equal(ledTo(egress, host, '/pay/charges/7'), 'pay/GET /charges/{id}', host);
  for (const host of ['evil.example', 'localhost.evil.example', 'api.pay.example', '127.0.0.2'])
    assert.equal(ledTo(egress, host, '/pay/charges/7'), 'misdirected', host);
});

test('where nothing is called nothing leads out', () => {
  const gathered = gatheredOf(
    `apis: { own: { routes: ['GET /own'], upstream: 'http://127.0.0.1:3001', auth: public } }\n`,
    KINDS,
  );
  const snapshot = snapshotOf(gathered, KINDS);
  assert.equal(snapshot.egress, null);
  assert.equal(ledTo(egressView(snapshot).router, 'localhost', '/own'), 'notFound');
});

test('the coverage says who may call, and that it is a third party', () => {
  const rowOf = (callers: string) => snapshotWith(callers).coverage.find(({ api }) => api === 'pay');
  const wordsOf = (callers: string) =>
    rowOf(callers)?.cells.map(({ aspect, holds, open }) => `${aspect} ${holds}${open ? ' (open)' : ''}`);
  assert.deepEqual(wordsOf('any'), [
    'authentication anything on this machine (open)',
    'authorization none (open)',
    'limits reply 5MiB in 60000 ms',
    'policy third party on the open internet',
    'limits body 1MiB',
    'validation framing and target',
  ]);
  assert.deepEqual(wordsOf('{ orders: { key: "${env:KEY}" } }')?.slice(0, 2), [
    'authentication callers with keys',
    'authorization 1 caller',
  ]);
});
