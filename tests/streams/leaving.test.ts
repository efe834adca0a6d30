import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { comesToHold } from '../http2/subject.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';

// How fast they are found is held by src/wire and src/gateway, on clocks that stand still. Here it is that they are found
// at all, over real TLS: `close_notify`, a bare FIN as of a process that was killed, and both protocols.

const PATIENCE_MS = 20_000;

/** Requests that the upstream has and never answers. */
const waiting = new Set<IncomingMessage>();
let upstream: LocalServer;
let gateway: GatewayProcess;

before(async () => {
  upstream = await startLocalServer((request) => {
    waiting.add(request);
    request.resume();
    request.socket.on('close', () => waiting.delete(request));
  });
  gateway = await startGateway(`version: 1
server: { https: { port: 0 }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
apis: { a: { routes: ['GET /', 'POST /'], upstream: { targets: ['${upstream.url}'], timeout: 10m }, auth: public } }
`);
});

after(async () => {
  await gateway.stop();
  upstream.stop();
});

async function waits(count: number, what: string): Promise<void> {
  assert.ok(await comesToHold(() => Promise.resolve(waiting.size === count), PATIENCE_MS), what);
}

/** A TLS session, and the connection below it. */
async function open(protocol: 'http/1.1' | 'h2') {
  const raw = connectTcp({ host: '127.0.0.1', port: gateway.https, allowHalfOpen: true });
  const options = { socket: raw, servername: 'localhost', ca: gateway.ca, ALPNProtocols: [protocol] };
  const secured: TLSSocket = connect(options);
  for (const socket of [raw, secured]) socket.on('error', () => {});
  await once(secured, 'secureConnect');
  return { raw, secured };
}

describe('an upstream is let go when the client leaves before the reply begins', { concurrency: false }, () => {
  for (const how of ['close_notify', 'FIN'] as const)
    for (const [body, text] of [
      ['no body', 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'],
      ['a whole body', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\nabc'],
      ['half a body', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nabc'],
    ] as const)
      test(`over HTTP/1.1 with ${body}, by ${how}`, async (t) => {
        const { raw, secured } = await open('http/1.1');
        t.after(() => raw.destroy());
        secured.write(text);
        await waits(1, 'the request is there');
        if (how === 'FIN') raw.end();
        else secured.end();
        await waits(0, 'the request is gone');
      });

  for (const how of ['close_notify', 'FIN'] as const)
    test(`over HTTP/2 with several requests, by ${how}`, async (t) => {
      const { raw, secured } = await open('h2');
      t.after(() => raw.destroy());
      const session = connectHttp2(`https://localhost:${gateway.https}`, { createConnection: () => secured });
      session.on('error', () => {});
      for (let count = 0; count < 3; count++) session.request({ ':path': '/' }).on('error', () => {});
      await waits(3, 'the requests are there');
      if (how === 'FIN') raw.end();
      else secured.end();
      await waits(0, 'the requests are gone');
    });
});
