import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCorsKind, PASS, type PolicyKind, STAGES } from '../policy/index.ts';
import {
  type Bench,
  type BenchOptions,
  type Closing,
  codeOf,
  gatheredOf,
  type GivenReply,
  kindOf,
  snapshotOf,
  startBench,
  step,
} from './fixture.test.ts';
import { kindTable } from './kind-table.ts';

const APP = 'https://app.example';

/** A gateway whose one API says whose pages may call it, and has these kinds of policy besides. */
async function paged(t: Closing, kinds: readonly PolicyKind<never>[], options: BenchOptions = {}): Promise<Bench> {
  const bench = await startBench(t, options);
  const table = kindTable([createCorsKind(), ...kinds]);
  const policies = kinds.map(({ kind }) => `${kind}: {}`).join(', ');
  const text = `apis:
  a:
    routes: ['GET /a', 'GET /bad', 'POST /b']
    upstream: ${bench.upstream.url}
    auth: public
    cors: { origins: [${APP}] }
    policies: { ${policies} }
`;
  assert.ok(bench.gateway.install(snapshotOf(gatheredOf(text, table), table)));
  return bench;
}

const asking = (bench: Bench, line: string, more = ''): Promise<GivenReply> =>
  bench.ask(`${line} HTTP/1.1\r\nhost: x.example\r\norigin: ${APP}\r\n${more}\r\n`);
const preflight = (bench: Bench, path: string, method = 'GET'): Promise<GivenReply> =>
  asking(bench, `OPTIONS ${path}`, `access-control-request-method: ${method}\r\n`);
const originIn = ({ headers }: GivenReply): unknown => headers['access-control-allow-origin'];

test('a preflight meets what admits its operation, and no other stage', async (t) => {
  const met: string[] = [];
  const steps = Object.fromEntries(STAGES.map((stage) => [stage, step(() => (met.push(stage), PASS) && PASS)]));
  const bench = await paged(t, [kindOf('p', steps)]);
  const reply = await preflight(bench, '/a');
  assert.deepEqual([reply.status, originIn(reply), met], [204, APP, ['admit']]);
});

test('a step of admit that says so stands back, and one of respond that says so runs', async (t) => {
  const met: string[] = [];
  const note = (what: string) => () => (met.push(what), PASS) && PASS;
  const admit = { ...step<'admit'>(note('admit')), preflights: false };
  const respond = { ...step<'respond'>(note('respond')), preflights: true };
  const bench = await paged(t, [kindOf('p', { admit, respond })]);
  assert.equal((await preflight(bench, '/a')).status, 204);
  assert.deepEqual(met, ['respond']);
});

test('what a step of admit refuses is refused to a preflight', async (t) => {
  const bench = await paged(t, [
    kindOf('p', { admit: step(() => ({ kind: 'deny', problem: { code: 'access-denied' } })) }),
  ]);
  const reply = await preflight(bench, '/a');
  assert.deepEqual([reply.status, codeOf(reply), originIn(reply)], [403, 'access-denied', undefined]);
});

test('a preflight has no body', async (t) => {
  const bench = await paged(t, [kindOf('p', {})]);
  const asked = 'access-control-request-method: GET\r\ncontent-length: 1\r\n\r\nx';
  const reply = await bench.ask(`OPTIONS /a HTTP/1.1\r\nhost: x.example\r\norigin: ${APP}\r\n${asked}`);
  assert.deepEqual([reply.status, codeOf(reply)], [400, 'unexpected-body']);
});

test('a page reads that the gateway can’t keep up, and that an operation can’t be built', async (t) => {
  const judge = { inFlightLimit: 8, level: 1, hushMs: () => 0, sheds: () => shedding };
  let shedding = true;
  const bench = await paged(
    t,
    [kindOf('p', (operation) => (operation.name.endsWith('/bad') ? assert.fail('boom') : {}))],
    { overload: judge as never },
  );
  const shed = await asking(bench, 'GET /a');
  assert.deepEqual([codeOf(shed), originIn(shed), shed.headers['retry-after']], ['gateway-overloaded', APP, '1']);
  assert.equal(codeOf(await preflight(bench, '/a')), 'gateway-overloaded');
  shedding = false;
  const broken = await asking(bench, 'GET /bad');
  assert.deepEqual([codeOf(broken), originIn(broken), broken.headers['vary']], ['gateway-fault', APP, 'Origin']);
  assert.equal(codeOf(await preflight(bench, '/bad')), 'gateway-fault');
  assert.equal((await preflight(bench, '/b', 'POST')).status, 204);
});

test('a page reads that a path is not there where one API only can be meant', async (t) => {
  const bench = await startBench(t);
  const table = kindTable([createCorsKind()]);
  const api = (name: string, more: string): string =>
    `  ${name}: { routes: ['GET /a'], upstream: '${bench.upstream.url}', auth: public, ${more} }\n`;
  const cors = `cors: { origins: [${APP}] }`;
  const text = `apis:\n${api('outer', cors)}${api('inner', 'basePath: /v1')}${api('deep', `basePath: /v1/x, ${cors}`)}`;
  assert.ok(bench.gateway.install(snapshotOf(gatheredOf(text, table), table)));
  for (const [path, told] of [
    ['/none', APP],
    ['/v1', undefined],
    ['/v1/none', undefined],
    ['/v1/x/none', APP],
    ['/v1x/none', APP],
    ['/v1/xy', undefined],
    ['/.portcullis/a', undefined],
  ] as const) {
    const reply = await asking(bench, `GET ${path}`);
    assert.deepEqual([codeOf(reply), originIn(reply)], ['not-found', told], path);
  }
  const same = `${api('one', cors)}${api('two', '').replace('/a', '/b')}`;
  assert.ok(bench.gateway.install(snapshotOf(gatheredOf(`apis:\n${same}`, table), table)));
  assert.equal(originIn(await asking(bench, 'GET /none')), undefined);
});

test('where no API says whose pages may call it nothing looks for preflights', async (t) => {
  const bench = await startBench(t, { api: "routes: ['GET /a', 'OPTIONS /a']" });
  assert.equal(bench.gateway.current?.preflights, null);
});
