import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createIdSource, err, problemStatus, type Result } from '../base/index.ts';
import { gather, parseConfig } from '../config/index.ts';
import type { Clock, FileFault, Files, Meter } from '../ports/index.ts';
import { listen, type Listener, SERVER_BOUNDS } from '../wire/index.ts';
import { wholeCacheShare } from './reply-caches.ts';
import { compile } from './compile.ts';
import { explain, type Explanation } from './explain.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { BY_DEFAULT, kindOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { createGatewayMetrics } from './metrics.ts';
import type { Snapshot } from './snapshot.ts';
import { createTraceIds } from './trace-context.ts';

const CLOCK: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => timerOf(setTimeout(callback, delayMs)),
  every: (periodMs, callback) => timerOf(setInterval(callback, periodMs)),
};

function timerOf(timer: NodeJS.Timeout): { cancel(): void } {
  timer.unref();
  return { cancel: () => clearTimeout(timer) };
}

const METER: Meter = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  histogram: () => ({ observe() {} }),
};

const TABLES = { read: (): never => assert.fail('no policy here has a table') };

let snapshot: Snapshot;
let gateway: Gateway;
let listener: Listener;
const seen: { readonly method: string; readonly target: string }[] = [];

const upstream = createServer((request: IncomingMessage, response) => {
  seen.push({ method: request.method ?? '', target: request.url ?? '' });
  response.end('here');
});

before(async () => {
  await new Promise<void>((resolve) => {
    upstream.listen(0, '127.0.0.1', resolve);
  });
  const { port } = upstream.address() as AddressInfo;
  snapshot = await compileText(configuration(port));
  gateway = createGateway({
    clock: CLOCK,
    log: { write() {} },
    alerts() {},
    ledger: { append: () => true },
    nextId: createIdSource((bytes) => bytes.fill(7), Date.now),
    traces: createTraceIds((bytes) => bytes.fill(7)),
    chance: () => 0.5,
    cspReports() {},
    cacheShare: wholeCacheShare(),
    pseudonym: ({ subject }) => subject,
    metrics: createGatewayMetrics(METER),
  });
  assert.ok(gateway.install(snapshot));
  const opened = await listen({
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    maxConnections: 100,
    handler: gateway,
    bounds: SERVER_BOUNDS,
    clock: CLOCK,
    context: null,
    http2: null,
    turnedAway() {},
  });
  assert.ok(!('code' in opened));
  listener = opened;
});

after(async () => {
  await listener.drain(0);
  gateway.close();
  upstream.closeAllConnections();
  upstream.close();
});

function configuration(port: number): string {
  return `version: 1
server: { http: off }
apis:
  orders:
    host: api.acme.example
    basePath: /v1
    routes: ['GET /orders', 'POST /orders', 'GET /orders/{id}', 'GET /reports/{name}.json', 'DELETE /orders/{id}/']
    upstream: http://127.0.0.1:${port}/internal
    auth: public
  files:
    routes: ['* /files/{rest...}', 'GET /v1', 'GET /']
    upstream: http://127.0.0.1:${port}
    auth: public
`;
}

async function compileText(text: string): Promise<Snapshot> {
  const parsed = parseConfig(text, { file: '/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const missing = (): Promise<Result<never, FileFault>> => Promise.resolve(err({ reason: 'missing', detail: '' }));
  const files = { read: missing } as unknown as Files;
  const secrets = { resolve: () => Promise.resolve(err('none')) };
  const egress = { call: () => Promise.resolve(err({ reason: 'unreachable', detail: '' } as const)) };
  const gathered = await gather(parsed.value, { files, secrets, egress, revision: 1 });
  assert.ok(gathered.ok);
  const compiled = compile(gathered.value, {
    kinds: kindTable(BY_DEFAULT.map((kind) => kindOf(kind, {}))),
    tables: TABLES,
  });
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return compiled.value;
}

interface Reply {
  readonly status: number;
  readonly code: string | null;
  readonly allow: string | null;
}

/** Sends a request as it stands and reads the whole reply. */
function send(method: string, target: string, host: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: listener.port });
    let text = '';
    socket.setEncoding('latin1').on('data', (data) => (text += String(data)));
    socket.on('error', reject);
    socket.on('end', () => {
      socket.end();
      resolve({
        status: Number(text.slice(9, 12)),
        code: /"code":"([a-z-]+)"/.exec(text)?.[1] ?? null,
        allow: /^allow: (.*)\r$/im.exec(text)?.[1] ?? null,
      });
    });
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 'latin1');
  });
}

const HOST = 'api.acme.example';

/** Requests in every spelling that method, target and host can be asked about. */
const REQUESTS: readonly (readonly [method: string, target: string, host?: string])[] = [
  ['GET', '/v1/orders'],
  ['HEAD', '/v1/orders'],
  ['POST', '/v1/orders'],
  ['GET', '/v1/orders?a=1&b=%7e[0]'],
  ['GET', '/v1/orders?'],
  ['GET', '/v1/orders/'],
  ['GET', '/v1/orders/7'],
  ['GET', '/v1/orders/%41%20%c3%a9'],
  ['GET', '/v1/orders/%252e%252e'],
  ['DELETE', '/v1/orders/7/'],
  ['DELETE', '/v1/orders/7'],
  ['GET', '/v1/reports/a.b.json'],
  ['GET', '/v1/reports/.json'],
  ['GET', '/v1'],
  ['GET', '/'],
  ['PUT', '/files/a/b'],
  ['QUERY', '/files/'],
  ['GET', '/files'],
  ['PROPFIND', '/files/a'],
  ['get', '/v1/orders'],
  ['GET', '/v1/orders', 'API.acme.example.:8443'],
  ['GET', '/v1/orders', 'other.example'],
  ['GET', '/files/a', '127.0.0.1'],
  ['GET', '/v1/orders', '[::1]:443'],
  ['GET', '/v1/orders', 'api.acme.example:0'],
  ['GET', '/v1/orders', 'u@api.acme.example'],
  ['GET', '/v1/orders', 'under_score.example'],
  ['GET', '/V1/orders'],
  ['GET', '/v1/orders/../customers'],
  ['GET', '/v1/orders/%2E%2e/customers'],
  ['GET', '/v1//orders'],
  ['GET', '//v1/orders'],
  ['GET', '/v1/orders/a%2fb'],
  ['GET', '/v1/orders/a%5cb'],
  ['GET', '/v1/orders/a;b'],
  ['GET', '/v1/orders/a%3Bb'],
  ['GET', '/v1/orders/%00'],
  ['GET', '/v1/orders/%zz'],
  ['GET', '/v1/orders/%c3%28'],
  ['GET', '/v1/orders#x'],
  ['GET', '/v1/orders\\x'],
  ['GET', '/v1/orders/{id}'],
  ['GET', '/v1/ord ers'],
  ['GET', '/v1/orders?_method=DELETE&a=1'],
  ['GET', '/.portcullis/console'],
  ['GET', '/.well-known/acme-challenge/x'],
  ['GET', 'http://api.acme.example/v1/orders'],
  ['GET', 'http://other.example/v1/orders'],
  ['GET', '/v1/orders', ' api.acme.example '],
  ['GET', '/v1/orders', 'api.acme.example\x01'],
  ['GET', '/v1/orders', ''],
  ['OPTIONS', '*'],
  ['OPTIONS', '/v1/orders'],
  ['OPTIONS', '/files/a'],
  ['GET', '*'],
  ['GET', 'v1/orders'],
  ['TRACE', '/v1/orders'],
  ['TRACK', '/nowhere'],
  ['CONNECT', 'api.acme.example:443'],
  ['CONNECT', '/v1/orders'],
  ['CONNECT', '/v1/orders/%41'],
  ['GE(T', '/v1/orders'],
  ['A'.repeat(32), '/v1/orders'],
  ['A'.repeat(33), '/v1/orders'],
  ['GET', `/v1/orders/${'a'.repeat(8_000)}`],
  ['GET', `/v1/orders/${'a'.repeat(8_200)}`],
];

for (const [method, target, host = HOST] of REQUESTS) {
  const name = `${method} ${target} on ${host}`;
  test(`explain and the gateway agree on ${name.length > 90 ? `${name.slice(0, 90)}…` : name}`, async () => {
    const explanation = explain(snapshot, { method, host, target });
    seen.length = 0;
    const reply = await send(method, target, host);
    if (explanation.verdict.kind === 'refused') agreeOnRefusal(explanation, reply, method);
    else agreeOnUpstream(explanation, reply);
  });
}

function agreeOnRefusal({ verdict }: Explanation, reply: Reply, method: string): void {
  assert.ok(verdict.kind === 'refused');
  assert.equal(reply.status, problemStatus(verdict.code));
  if (method !== 'HEAD') assert.equal(reply.code, verdict.code);
  if (verdict.allow !== null) assert.equal(reply.allow ?? '', verdict.allow.join(', '));
  assert.deepEqual(seen, [], 'nothing went upstream');
}

function agreeOnUpstream({ verdict, route }: Explanation, reply: Reply): void {
  assert.deepEqual([verdict.kind, reply.status, reply.code], ['forwarded', 200, null]);
  const url = route?.upstream.url ?? '';
  assert.deepEqual(seen, [{ method: route?.upstream.method, target: url.replace(/^http:\/\/[^/]*/, '') }]);
}

test('a line break is never taken for the end of a line', () => {
  const refused = ([method, target, host]: readonly [string, string, string]) =>
    explain(snapshot, { method, target, host }).verdict;
  const target = '/v1/orders HTTP/1.1\r\nhost: api.acme.example\r\n\r\n';
  for (const [question, code] of [
    [['GET', target, 'other.example'], 'malformed-request-line'],
    [['GET /v1/orders HTTP/1.1\n', '/', HOST], 'malformed-request-line'],
    [['GET', '/v1/orders', `${HOST}\r\nx: y`], 'invalid-host'],
  ] as const) {
    assert.deepEqual(refused(question), { kind: 'refused', code, allow: null, issues: [] });
  }
  assert.equal(refused(['GET', '/v1/orders', '\u0161pi.acme.example']).kind, 'refused');
});

test('parameters are given decoded, with the operation and its limits', () => {
  const { canonical, route } = explain(snapshot, {
    method: 'GET',
    host: 'API.acme.example:8443',
    target: '/v1/orders/%41%20b',
  });
  assert.deepEqual(canonical, { host: HOST, path: '/v1/orders/A%20b', query: null });
  assert.deepEqual({ ...route?.params }, { id: 'A b' });
  assert.deepEqual(
    [route?.api, route?.operation, route?.template],
    ['orders', 'orders/GET /orders/{id}', '/v1/orders/{id}'],
  );
  assert.deepEqual([route?.bodyLimitBytes, route?.signInNeeded, route?.steps], [10 * 1024 * 1024, false, []]);
  assert.equal(route?.coverage?.operation, route?.operation);
});

test('an operation whose protection can’t be built is refused, and so is one that nobody could sign in to', () => {
  const [operation] = snapshot.operations;
  assert.ok(operation !== undefined);
  const question = { method: 'GET', host: HOST, target: '/v1/orders' };
  const withPlan = (plan: typeof operation.plan): Explanation => {
    const found = { kind: 'matched', target: { ...operation, plan }, params: {} } as const;
    return explain({ ...snapshot, router: { find: () => found } as unknown as Snapshot['router'] }, question);
  };
  const issue = { severity: 'error', path: 'apis', place: null, message: 'no', fix: null } as const;
  const broken = withPlan(() => err([issue])).verdict;
  assert.deepEqual(broken, { kind: 'refused', code: 'gateway-fault', allow: null, issues: [issue] });
  const built = operation.plan();
  assert.ok(built.ok);
  const closed = withPlan(() => ({ ok: true, value: { ...built.value, signInNeeded: true } })).verdict;
  assert.deepEqual([closed.kind, closed.kind === 'refused' && closed.code], ['refused', 'unauthenticated']);
});
