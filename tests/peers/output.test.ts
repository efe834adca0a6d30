import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startGateway } from '../framing/gateway-process.ts';
import { openBrowser } from './browser.ts';
import { startLocalServer } from '../system/local-server.ts';

const RUN = "<script>globalThis.ran = true; document.title = 'ran'</script>";
const IMAGE = '<img src=x onerror=globalThis.ran=true>';
const SVG = `<svg xmlns="http://www.w3.org/2000/svg"><script>document.documentElement.setAttribute("ran", "ran")</script></svg>`;

interface Reply {
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Sent bit by bit, without a length. */
  readonly chunked?: boolean;
}

const json = (value: unknown): string => JSON.stringify(value);
const HTML = { 'content-type': 'text/html' };

/** Replies that hold what a client once sent, and that run it where nothing is done about it. */
const RUNS: Readonly<Record<string, Reply>> = {
  '/html': { fields: HTML, body: json({ name: RUN }) },
  '/html-charset': { fields: { 'content-type': 'Text/HTML; charset=utf-8' }, body: json([IMAGE]) },
  '/html-chunked': { fields: HTML, body: json({ name: RUN }), chunked: true },
  '/html-coded': { fields: { ...HTML, 'content-encoding': 'gzip' }, body: gzipSync(json({ name: RUN })) },
  '/html-string': { fields: HTML, body: json(RUN) },
  '/html-name': { fields: HTML, body: json({ [RUN]: 1 }) },
  '/html-broken': { fields: HTML, body: `{"name":""}${RUN}` },
  '/html-cut': { fields: HTML, body: `["${IMAGE}` },
  '/html-guarded': { fields: HTML, body: `)]}'\n${json([RUN])}` },
  '/html-wide': { fields: { 'content-type': 'text/html' }, body: Buffer.from(`\ufeff${json([RUN])}`, 'utf16le') },
  '/two-types': { fields: { 'content-type': 'application/json, text/html' }, body: json([RUN]) },
};

/** Replies that run nowhere, whatever is in them. */
const KEPT_FROM_RUNNING: Readonly<Record<string, Reply>> = {
  '/none': { fields: {}, body: json({ name: RUN }) },
  '/none-markup': { fields: {}, body: RUN },
  '/none-sniffed': { fields: { 'x-content-type-options': 'no' }, body: json([RUN]) },
  '/plain': { fields: { 'content-type': 'text/plain' }, body: RUN },
  '/unknown': { fields: { 'content-type': 'application/unknown' }, body: json([RUN]) },
  '/svg': { fields: { 'content-type': 'image/svg+xml' }, body: SVG },
  '/xml': { fields: { 'content-type': 'application/xml' }, body: SVG },
};

/** These run nowhere either: one is read as Latin text, of the other the gateway says that it loads nothing. */
const KEPT_ALSO: readonly string[] = ['/html-wide', '/two-types'];

const REPLIES: Readonly<Record<string, Reply>> = { ...RUNS, ...KEPT_FROM_RUNNING };

async function startOrigin(t: TestContext): Promise<number> {
  const origin = await startLocalServer((request, reply) => {
    const given = REPLIES[(request.url ?? '').replace('/bare', '')];
    if (given === undefined) {
      reply.writeHead(404).end();
      return;
    }
    const { fields, body, chunked } = given;
    const length = Buffer.byteLength(body);
    reply.writeHead(200, chunked === true ? { ...fields } : { ...fields, 'content-length': String(length) });
    reply.end(body);
  });
  t.after(origin.stop);
  return origin.port;
}

test('nothing that a client once sent runs in a browser, whatever the upstream calls it', async (t) => {
  const port = await startOrigin(t);
  const gateway = await startGateway(`version: 1
server: { https: { port: 0 }, http: off }
admin: { port: 0 }
apis:
  clean:
    routes: ['GET /{path}']
    upstream: http://127.0.0.1:${port}
    auth: public
  bare:
    basePath: /bare
    routes: ['GET /{path}']
    upstream: http://127.0.0.1:${port}
    auth: public
    encode: off
`);
  t.after(() => gateway.stop());
  const browser = await openBrowser(t, gateway.https);
  if (browser === null) return;
  const page = await browser.newPage();
  const runsAt = async (path: string): Promise<boolean> => {
    await page.goto(`https://localhost:${gateway.https}${path}`).catch((fault: Error) => {
      // What has no type may be saved rather than shown.
      assert.match(fault.message, /Download is starting|ERR_ABORTED/, path);
    });
    // An event of an image comes a little later.
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 50))');
    return page.evaluate(
      `document.title === 'ran' || 'ran' in globalThis || document.documentElement.hasAttribute('ran')`,
    );
  };
  for (const path of Object.keys(REPLIES)) {
    await page.goto('about:blank');
    assert.equal(await runsAt(path), false, path);
  }
  // The proof that they would: without the policy a browser runs them.
  for (const path of Object.keys(RUNS).filter((each) => !KEPT_ALSO.includes(each))) {
    await page.goto('about:blank');
    assert.equal(await runsAt(`/bare${path}`), true, path);
  }
});
