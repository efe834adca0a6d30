import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { openBrowser } from './browser.ts';
import { startLocalServer } from '../system/local-server.ts';

const POLL_MS = 20;
const LONGEST_MS = 15_000;
const GONE_MS = 1_000;

/** Waits until something is as it should be. */
async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = LONGEST_MS): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await holds())) {
    assert.ok(performance.now() < giveUpAtMs, `${what}: not within ${withinMs} ms`);
    await delay(POLL_MS);
  }
}

/** An upstream with a page, and with events that its test sends. */
class EventsUpstream {
  readonly open = new Set<ServerResponse>();
  /** What each request for events said of the last one it had seen. */
  readonly asked: (string | undefined)[] = [];
  /** By what protocols the gateway was asked for events. */
  readonly via = new Set<string | undefined>();
  readonly port: number;
  #sent = 0;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(t: TestContext): Promise<EventsUpstream> {
    const server = await startLocalServer((request, reply) => upstream.#answer(request, reply));
    const upstream = new EventsUpstream(server.port);
    t.after(server.stop);
    return upstream;
  }

  #answer({ url, headers }: IncomingMessage, reply: ServerResponse): void {
    if (url !== '/events') {
      reply.setHeader('content-type', 'text/html').end('<!doctype html><title>events</title>');
      return;
    }
    this.via.add(headers.via);
    const last = headers['last-event-id'];
    this.asked.push(Array.isArray(last) ? last.join() : last);
    reply.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    reply.write('retry: 50\n\n');
    this.open.add(reply);
    reply.on('close', () => this.open.delete(reply));
  }

  /** Sends the next number to whoever listens. */
  send(): number {
    this.#sent++;
    for (const reply of this.open) reply.write(`id: ${this.#sent}\ndata: ${this.#sent}\n\n`);
    return this.#sent;
  }

  end(): void {
    for (const reply of this.open) reply.end();
  }
}

/** Where it goes to, and a time limit that changes nothing but the revision. */
function configuration(port: number, body = '1MiB'): string {
  return `version: 1
server: { https: { port: 0 }, http: off }
admin: { port: 0 }
apis:
  a:
    routes: ['GET /', 'GET /events']
    upstream: http://127.0.0.1:${port}
    auth: public
    body: ${body}
`;
}

/** Puts another configuration in force, as an editor does; it is then the one of this number. */
async function change({ folder, said }: GatewayProcess, revision: number, text: string): Promise<void> {
  await writeFile(join(folder, 'next'), text);
  await rename(join(folder, 'next'), join(folder, 'portcullis.yaml'));
  const installed = (): boolean =>
    said()
      .split('\n')
      .some((line) => line.includes('configuration.installed') && line.includes(`"revision":${revision}`));
  await until('the reload', installed);
}

/** Begins to listen in a page. */
async function listen(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: string[] = [];
    const source = new EventSource('/events');
    source.addEventListener('message', ({ data }) => seen.push(String(data)));
    Object.assign(globalThis, { seen });
  });
}

const seenBy = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);

test('a browser hears events over HTTP/2 through reloads, comes again after an end, and is missed when it leaves', async (t) => {
  const upstream = await EventsUpstream.start(t);
  const other = await EventsUpstream.start(t);
  const gateway = await startGateway(configuration(upstream.port));
  t.after(() => gateway.stop());
  const browser = await openBrowser(t, gateway.https);
  if (browser === null) return;
  const page = await browser.newPage();
  await page.goto(`https://localhost:${gateway.https}/`);
  await listen(page);
  await until('the first request', () => upstream.open.size === 1);
  const hears = async (from: EventsUpstream): Promise<void> => {
    const number = String(from.send());
    await until(`event ${number}`, async () => (await seenBy(page)).at(-1) === number);
  };
  await hears(upstream);

  for (let revision = 2; revision <= 4; revision++) {
    await change(gateway, revision, configuration(upstream.port, `${revision}KiB`));
    await hears(upstream);
  }
  assert.deepEqual(upstream.asked, [undefined]);

  upstream.end();
  await until('the next request', () => upstream.asked.length === 2 && upstream.open.size === 1);
  assert.equal(upstream.asked[1], '4');
  await hears(upstream);

  // Served from elsewhere now: the old stream ends by itself, and the browser comes again.
  await change(gateway, 5, configuration(other.port));
  await until('the request elsewhere', () => other.open.size === 1 && upstream.open.size === 0);
  assert.deepEqual(other.asked, ['5']);
  await hears(other);

  assert.deepEqual([...upstream.via, ...other.via], ['2.0 portcullis', '2.0 portcullis']);

  await page.close();
  await until('its leaving', () => other.open.size === 0, GONE_MS);
});
