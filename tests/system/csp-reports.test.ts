import assert from 'node:assert/strict';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminClient, counted } from './admin.ts';
import { run } from './command.ts';
import { until } from './eventually.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';

const PATH = '/.portcullis/reports/csp';
let origin: LocalServer;
let gateway: GatewayProcess;

before(async () => {
  origin = await startLocalServer(
    (_request, reply) => void reply.writeHead(200, { 'content-type': 'text/html' }).end('x'),
  );
  gateway = await startGateway(`version: 1
server: { threads: 2, https: { port: 0 }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
apis:
  site:
    routes: ['GET /page']
    upstream: ${origin.url}
    auth: public
    securityHeaders:
      contentSecurityPolicy: { policy: "default-src 'none'", report: true }
`);
});

after(async () => {
  await gateway?.stop();
  origin.stop();
});

const OLD = JSON.stringify({
  'csp-report': {
    'document-uri': 'https://localhost/page?token=secret',
    'effective-directive': 'img-src',
    'blocked-uri': 'https://evil.example/x?y',
  },
});
const NEW = JSON.stringify([
  {
    type: 'csp-violation',
    body: {
      documentURL: 'https://localhost/page#part',
      effectiveDirective: 'img-src',
      blockedURL: 'https://evil.example/z',
      disposition: 'report',
    },
  },
]);

/** Over HTTP/2; gives the status. */
async function post(type: string, body: string): Promise<number> {
  const session = connect(`https://localhost:${gateway.https}`, { ca: gateway.ca });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const stream = session.request({ ':method': 'POST', ':path': PATH, 'content-type': type });
  stream.on('response', (head) => resolve(Number(head[':status'])));
  stream.on('error', reject);
  stream.resume().end(body);
  return await promise.finally(() => session.close());
}

test('pages say where reports go, and what comes over either protocol is one sum', async () => {
  const { https: port, ca } = gateway;
  const page = await ask({ port, ca, path: '/page' });
  assert.equal(page.headers['content-security-policy'], `default-src 'none'; report-uri ${PATH}; report-to portcullis`);
  assert.equal(page.headers['reporting-endpoints'], `portcullis="${PATH}"`);
  const headers = { 'content-type': 'application/csp-report' };
  const reply = await ask({ port, ca, method: 'POST', path: PATH, headers, body: OLD });
  assert.deepEqual([reply.status, reply.body], [204, '']);
  assert.equal(await post('application/reports+json', NEW), 204);
  assert.equal(await post('application/reports+json', '{}'), 400);
  assert.equal(await post('application/reports+json', `[${' '.repeat(70_000)}]`), 413);
  assert.equal(await post('application/json', NEW), 415);
  const client = await adminClient(gateway);
  await until('both are counted', async () => {
    const sums = await client.cspReports();
    return sums.ok && sums.value[0]?.count === 2;
  });
  const sums = await client.cspReports();
  assert.ok(sums.ok);
  assert.deepEqual(
    sums.value.map(({ host, directive, blocked, document }) => [host, directive, blocked, document]),
    [['localhost', 'img-src', 'https://evil.example', 'https://localhost/page']],
  );
  for (const disposition of ['enforce', 'report'])
    assert.equal(await counted(gateway, `portcullis_csp_reports_total{disposition="${disposition}"}`), 1);
  const shown = await run('node', [PROGRAM, 'reports', '--config', join(gateway.folder, 'portcullis.yaml')]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, / 2 +localhost +img-src +https:\/\/evil\.example +https:\/\/localhost\/page\n$/);
});

test('over plain http no report is taken', async () => {
  const reply = await fetch(`http://127.0.0.1:${gateway.http}${PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/csp-report' },
    body: OLD,
  });
  assert.equal(reply.status, 403);
});
