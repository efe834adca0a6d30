import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { adminClient } from '../system/admin.ts';
import { until } from '../system/eventually.ts';
import { openBrowser } from './browser.ts';
import { startLocalServer } from '../system/local-server.ts';

const PAGE = '<!doctype html><title>page</title><script>document.title = "ran"</script>';

test('what a browser keeps a page from, and what it only would, is told to the gateway', async (t) => {
  const origin = await startLocalServer(
    (_request, reply) => void reply.writeHead(200, { 'content-type': 'text/html' }).end(PAGE),
  );
  t.after(origin.stop);
  const api = (name: string, more: string): string => `  ${name}:
    basePath: /${name}
    routes: ['GET /page']
    upstream: ${origin.url}
    auth: public
    securityHeaders: { contentSecurityPolicy: { policy: "default-src 'self'", report: true${more} } }
`;
  const gateway = await startGateway(`version: 1
server: { https: { port: 0 }, http: off }
admin: { port: 0 }
data: ./data
apis:
${api('kept', '')}${api('told', ', reportOnly: true')}`);
  t.after(() => gateway.stop());
  const browser = await openBrowser(t, gateway.https, ['--short-reporting-delay']);
  if (browser === null) return;
  const page = await browser.newPage();
  for (const [name, title] of [
    ['kept', 'page'],
    ['told', 'ran'],
  ] as const) {
    await page.goto(`https://localhost:${gateway.https}/${name}/page?token=secret`);
    assert.equal(await page.title(), title, name);
  }
  const client = await adminClient(gateway);
  let seen: readonly string[] = [];
  await until('both have been told', async () => {
    const sums = await client.cspReports();
    assert.ok(sums.ok);
    seen = sums.value
      .map(({ host, directive, blocked, document }) => `${host} ${directive} ${blocked} ${document}`)
      .toSorted();
    return seen.length >= 2;
  });
  const at = `https://localhost:${gateway.https}`;
  assert.deepEqual(
    seen,
    ['kept', 'told'].map((name) => `localhost script-src-elem inline ${at}/${name}/page`),
  );
});
