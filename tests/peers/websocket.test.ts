import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { findProgram } from '../bench/child.ts';
import { startGateway } from '../framing/gateway-process.ts';
import { startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { closeCode, configuration, portOf, startEcho } from '../websocket/subject.ts';
import { openBrowser } from './browser.ts';
import { startNginx } from './nginx.ts';
import { freePort } from '../framing/free-port.ts';

/** nginx that passes upgrades on to an origin; gives its port. */
async function startPasser(t: TestContext, origin: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-websocket-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const upgrade = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";';
  const pass = `proxy_pass http://127.0.0.1:${origin}; proxy_http_version 1.1; ${upgrade}`;
  const child = await startNginx({ folder, port, http: `server { listen 127.0.0.1:${port}; location / { ${pass} } }` });
  t.after(child.stop);
  return port;
}

test('an nginx between the gateway and the origin passes a WebSocket on', async (t) => {
  if (findProgram('nginx') === null) {
    skipOrFail(t, 'nginx is not installed (Debian package nginx)');
    return;
  }
  const origin = await startEcho(t);
  const nginx = await startPasser(t, portOf(origin));
  const gateway = await startGateway(configuration(nginx, '{ rate: 1000000/s }'));
  t.after(() => gateway.stop());
  const client = new WebSocket(`wss://localhost:${gateway.https}/chat`, { ca: gateway.ca });
  t.after(() => client.terminate());
  await new Promise((resolve, reject) => {
    client.once('open', resolve);
    client.once('error', reject);
  });
  const heard: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  client.on('message', (data: RawData) => {
    heard.push((data as Buffer).toString());
    if (heard.length === 1_000) resolve();
  });
  const said = Array.from({ length: 1_000 }, (_, number) => String(number).repeat(number % 50));
  for (const text of said) client.send(text);
  await promise;
  assert.deepEqual(heard, said);
  const closed = closeCode(client);
  client.close(4002);
  assert.equal(await closed, 4002);
});

/** Who opened a WebSocket, as the upstream heard of it. */
interface Asked {
  readonly origin: string | undefined;
  /** By what protocol the gateway was asked. */
  readonly via: string | undefined;
}

/** An upstream with a page and an echo; `asked` are its upgrades. */
async function startPages(t: TestContext): Promise<{ port: number; asked: Asked[] }> {
  const server = createServer((_request, reply) => {
    reply.setHeader('content-type', 'text/html').end('<!doctype html><title>chat</title>');
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: true });
  const asked: Asked[] = [];
  sockets.on('connection', (socket, { headers: { origin, via } }) => {
    asked.push({ origin, via });
    socket.on('message', (data: RawData, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
  });
  const { port, stop } = await startLocalServer(server);
  t.after(() => {
    sockets.close();
    stop();
  });
  return { port, asked };
}

/** Opens a WebSocket from a page and says something; gives what comes back, or `refused`. */
function chat(page: Page, url: string): Promise<string> {
  return page.evaluate(
    (address) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(address);
        socket.addEventListener('open', () => socket.send('hello'));
        socket.addEventListener('message', ({ data }) => {
          socket.addEventListener('close', ({ code, wasClean }) =>
            resolve(`${data as string} ${socket.extensions} ${code} ${wasClean}`),
          );
          socket.close(4003);
        });
        socket.addEventListener('error', () => resolve('refused'));
      }),
    url,
  );
}

test('a browser’s page opens a WebSocket to its own host, over the HTTP/2 that it came by, and a page of another origin does not', async (t) => {
  const upstream = await startPages(t);
  const gateway = await startGateway(configuration(upstream.port, 'on'));
  t.after(() => gateway.stop());
  const browser = await openBrowser(t, gateway.https);
  if (browser === null) return;
  const url = `wss://localhost:${gateway.https}/chat`;
  const own = await browser.newPage();
  await own.goto(`https://localhost:${gateway.https}/`);
  assert.equal(await chat(own, url), 'hello  4003 true');
  // A browser takes the stream only where our SETTINGS offer extended CONNECT (RFC 8441 §3); else it opens a connection.
  const asked = { origin: `https://localhost:${gateway.https}`, via: '2.0 portcullis' };
  assert.deepEqual(upstream.asked, [asked]);
  const foreign = await browser.newPage();
  await foreign.goto(`http://127.0.0.1:${upstream.port}/`);
  assert.equal(await chat(foreign, url), 'refused');
  const nowhere = await browser.newPage();
  assert.equal(await chat(nowhere, url), 'refused');
  assert.equal(upstream.asked.length, 1);
});
