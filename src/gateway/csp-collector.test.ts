import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CSP_REPORTS_PATH } from '../base/index.ts';
import {
  apiText,
  type Bench,
  type BenchOptions,
  type Closing,
  codeOf,
  gatheredOf,
  type GivenReply,
  rest,
  snapshotOf,
  startBench,
  until,
} from './fixture.test.ts';
import { NETWORK_PACE } from './csp-collector.ts';
import { kindTable } from './kind-table.ts';
import { SINGLE_REFUSALS } from './refusal-sums.ts';

const REPORTING = `securityHeaders: { contentSecurityPolicy: { policy: "default-src 'self'", report: true } }`;

async function collecting(t: Closing, keys = REPORTING, options: BenchOptions = {}): Promise<Bench> {
  const bench = await startBench(t, options);
  const kinds = kindTable([]);
  const text = `apis:
  a:
    host: x.example
    routes: ['GET /page']
    upstream: ${bench.upstream.url}
    auth: public
    ${keys}
`;
  assert.ok(bench.gateway.install(snapshotOf(gatheredOf(text, kinds), kinds)));
  return bench;
}

const reportOf = (page: string): string =>
  JSON.stringify({
    'csp-report': {
      'document-uri': `https://x.example/${page}?q`,
      'effective-directive': 'img-src',
      'blocked-uri': 'inline',
    },
  });

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly type?: string;
  readonly host?: string;
  readonly more?: string;
  readonly body?: string;
}

function textOf({
  method = 'POST',
  path = CSP_REPORTS_PATH,
  type = 'application/csp-report',
  host = 'x.example',
  more = '',
  body = reportOf('page'),
}: Sent): string {
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${type === '' ? '' : `content-type: ${type}\r\n`}${more}`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const told = (bench: Bench, sent: Sent = {}): Promise<GivenReply> => bench.ask(textOf(sent));

const KEPT = { host: 'x.example', directive: 'img-src', blocked: 'inline', document: 'https://x.example/page' };

test('a report that comes slowly keeps no Snapshot that is in force no more', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const bench = await collecting(t);
  const text = textOf({});
  const client = bench.client().send(text.slice(0, -1));
  await rest();
  const old = new WeakRef(bench.gateway.current as object);
  bench.install(apiText(bench.upstream.url, []));
  await rest();
  collect();
  assert.equal(old.deref(), undefined);
  client.send(text.slice(-1));
  assert.equal((await client.reply('POST')).status, 204);
});

test('a report is taken, recorded and answered with nothing', async (t) => {
  const bench = await collecting(t);
  const reply = await told(bench);
  assert.equal(reply.status, 204);
  assert.equal(reply.body.length, 0);
  assert.equal(reply.headers['cache-control'], 'no-store');
  assert.equal(reply.headers['x-content-type-options'], 'nosniff');
  assert.equal(reply.headers['content-length'], undefined);
  assert.deepEqual([bench.reports, bench.metrics.cspOutcomes], [[KEPT], ['enforce']]);
  const [intent, completion] = bench.records;
  assert.deepEqual(
    [
      intent?.kind === 'intent' && [intent.verdict, intent.rule, intent.method],
      completion?.kind === 'completion' && completion.status,
    ],
    [['reply', 'csp-report', 'POST'], 204],
  );
  assert.equal(bench.upstream.requests.length, 0);
});

test('where no API has browsers report, nothing is there', async (t) => {
  const bench = await collecting(t, 'securityHeaders: on');
  assert.equal(codeOf(await told(bench)), 'not-found');
  assert.deepEqual(bench.reports, []);
});

const REFUSED: readonly (readonly [sent: Sent, status: number])[] = [
  [{ method: 'GET', body: '' }, 405],
  [{ method: 'PUT' }, 405],
  [{ method: 'OPTIONS', body: '' }, 405],
  [{ path: `${CSP_REPORTS_PATH}/` }, 404],
  [{ path: `${CSP_REPORTS_PATH}x` }, 404],
  [{ host: 'other.example' }, 421],
  [{ type: '' }, 415],
  [{ type: 'application/json' }, 415],
  [{ type: 'text/plain' }, 415],
  [{ type: 'application/csp-report, text/plain' }, 415],
  [{ type: 'application/csp-report; charset=utf-16' }, 415],
  [{ more: 'content-encoding: gzip\r\n' }, 415],
  [{ body: '' }, 400],
  [{ body: '{}' }, 400],
  [{ body: '{"csp-report":{"csp-report":1}} ' }, 400],
  [{ type: 'application/reports+json' }, 400],
  [{ body: ' '.repeat(65_537) }, 413],
];

test('what is no report is refused, and tells nothing', async (t) => {
  const bench = await collecting(t);
  for (const [sent, status] of REFUSED) {
    assert.equal((await told(bench, sent)).status, status, JSON.stringify(sent).slice(0, 100));
    bench.clock.pass(60_000);
  }
  assert.deepEqual(bench.reports, []);
  assert.equal((await told(bench, { method: 'GET', body: '' })).headers['allow'], 'POST');
});

test('a body without a length is bounded as well, and one that never ends holds no memory behind its client', async (t) => {
  const bench = await collecting(t, REPORTING, { collectedBytes: 200_000 });
  const head = `POST ${CSP_REPORTS_PATH} HTTP/1.1\r\nhost: x.example\r\ncontent-type: application/csp-report\r\n`;
  const endless = bench.client().send(`${head}transfer-encoding: chunked\r\n\r\n20000\r\n${' '.repeat(0x20000)}`);
  assert.equal((await endless.reply()).status, 413);
  for (let n = 0; n < 5; n++) {
    const client = bench.client().send(`${head}content-length: 65000\r\n\r\n${' '.repeat(60_000)}`);
    await rest();
    client.socket.destroy();
    await rest();
  }
  // Half of the budget is one network's: what those held would leave no room.
  assert.equal((await told(bench, { body: reportOf('page') + ' '.repeat(60_000) })).status, 204);
});

test('a report may come in any cut', async (t) => {
  const bench = await collecting(t);
  const client = bench.client();
  await client.drip(textOf({}));
  assert.equal((await client.reply()).status, 204);
  assert.deepEqual(bench.reports, [KEPT]);
});

function manyReports(count: number, more = ''): Sent {
  const reports = Array.from({ length: count }, (_, n) => ({
    type: 'csp-violation',
    body: { documentURL: `https://x.example/${n}`, effectiveDirective: 'img-src', blockedURL: 'eval' },
  }));
  return { type: 'application/reports+json', body: JSON.stringify(reports), more };
}

test('a network has its pace, whoever brings many in one body too, and others keep theirs', async (t) => {
  const bench = await collecting(t, REPORTING, { peers: true });
  assert.equal((await told(bench, manyReports(100))).status, 204);
  assert.equal(bench.reports.length, NETWORK_PACE.burst);
  const refused = await told(bench);
  assert.deepEqual([refused.status, codeOf(refused), refused.headers['retry-after']], [429, 'rate-limited', '60']);
  assert.equal((await told(bench, { more: 'x-test-peer: 203.0.113.7\r\n' })).status, 204);
  bench.clock.pass(1_000);
  assert.equal((await told(bench)).status, 204);
  assert.equal(bench.reports.length, NETWORK_PACE.burst + 2);
  assert.equal(bench.metrics.cspOutcomes.filter((outcome) => outcome === 'skipped').length, 41);
});

test('a thread takes 200 reports at once and then ten a second, from however many networks', async (t) => {
  const bench = await collecting(t, REPORTING, { peers: true });
  const from = (network: number): string => `x-test-peer: 203.0.${network}.7\r\n`;
  for (const network of [1, 2, 3, 4]) assert.equal((await told(bench, manyReports(60, from(network)))).status, 204);
  assert.equal(bench.reports.length, 200);
  assert.equal((await told(bench, { more: from(5) })).status, 429);
  bench.clock.pass(1_000);
  assert.equal((await told(bench, manyReports(60, from(6)))).status, 204);
  assert.equal(bench.reports.length, 210);
});

test('a report that can’t be recorded is refused and not taken', async (t) => {
  const bench = await collecting(t);
  bench.ledger.full = true;
  assert.equal(codeOf(await told(bench)), 'not-recorded');
  assert.deepEqual(bench.reports, []);
});

test('where strangers are many reports stand in sums, as refusals do', async (t) => {
  const bench = await collecting(t);
  const client = bench.client();
  for (let n = 0; n < SINGLE_REFUSALS; n++)
    assert.equal((await client.send('GET /none HTTP/1.1\r\nhost: x.example\r\n\r\n').reply()).status, 404);
  const records = bench.records.length;
  assert.equal((await told(bench)).status, 204);
  assert.equal(bench.records.length, records);
  assert.deepEqual(bench.reports, [KEPT]);
});

test('a connection serves on behind a report', async (t) => {
  const bench = await collecting(t);
  const client = bench.client().send(`${textOf({})}GET /page HTTP/1.1\r\nhost: x.example\r\n\r\n`);
  assert.equal((await client.reply()).status, 204);
  assert.equal((await client.reply()).status, 200);
  await until(() => bench.upstream.requests.length === 1);
});
