import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { useOfTree } from '../bench/process-tree.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { comesToHold } from '../http2/subject.ts';
import { adminClient } from '../system/admin.ts';
import { EventsUpstream } from './events-upstream.ts';
import { type Listening, listenOverHttp1, listenOverHttp2 } from './listeners.ts';

const STREAMS = 1_000;
/** What loads and grows with the first ones is no cost of the others. */
const FIRST = 100;
const EVENTS = 5;
const PATIENCE_MS = 60_000;

/**
 * What one stream may cost the gateway, in KiB. Over HTTP/1.1 each has a TLS session of its own, of which Node and OpenSSL
 * take about 54 KiB whatever it carries; over HTTP/2 ten share one. The rest is the upstream's socket and the request.
 */
const BOUNDS_KIB = { 'HTTP/1.1': 110, 'HTTP/2': 50 } as const;
type Protocol = keyof typeof BOUNDS_KIB;

const LISTEN = { 'HTTP/1.1': listenOverHttp1, 'HTTP/2': listenOverHttp2 } as const;

function configuration(port: number, body = '1MiB'): string {
  return `version: 1
server: { https: { port: 0 }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
apis: { a: { routes: ['GET /', 'GET /events'], upstream: 'http://127.0.0.1:${port}', auth: public, body: ${body} } }
`;
}

async function reload(gateway: GatewayProcess, text: string): Promise<void> {
  const admin = await adminClient(gateway);
  await writeFile(join(gateway.folder, 'portcullis.yaml'), text);
  const reloaded = await admin.reload();
  assert.ok(reloaded.ok, JSON.stringify(reloaded));
}

async function soon(what: string, holds: () => boolean): Promise<void> {
  assert.ok(await comesToHold(() => Promise.resolve(holds()), PATIENCE_MS), what);
}

async function leave(listeners: readonly Listening[], upstream: EventsUpstream): Promise<number> {
  const beganMs = performance.now();
  for (const [at, listener] of listeners.entries()) listener.leave(at % 2 === 0 ? 'fin' : 'reset');
  await soon('the upstream is let go', () => upstream.open.size === 0);
  return performance.now() - beganMs;
}

async function hold(t: TestContext, protocol: Protocol): Promise<void> {
  const upstream = await EventsUpstream.start();
  t.after(() => upstream.stop());
  const gateway = await startGateway(configuration(upstream.port));
  t.after(() => gateway.stop());
  const address = { port: gateway.https, ca: gateway.ca };
  await leave(await LISTEN[protocol](address, FIRST), upstream);

  const beforeBytes = useOfTree(gateway.pid).rssBytes;
  const listeners = await LISTEN[protocol](address, STREAMS);
  await soon('all streams stand', () => upstream.open.size === STREAMS);
  const sent: number[] = [];
  const send = async (): Promise<void> => {
    for (let count = 0; count < EVENTS; count++) {
      sent.push(sent.length);
      upstream.send(sent.length - 1);
    }
    await soon('all hear all', () => listeners.every(({ heard }) => heard.length === sent.length));
  };
  await send();
  const eachKib = (useOfTree(gateway.pid).rssBytes - beforeBytes) / 1_024 / STREAMS;

  await reload(gateway, configuration(upstream.port, '2MiB'));
  await send();
  for (const { heard, ended } of listeners) assert.deepEqual([heard, ended], [sent, false]);
  assert.deepEqual([upstream.open.size, upstream.asked], [STREAMS, FIRST + STREAMS]);

  const goneMs = await leave(listeners, upstream);
  t.diagnostic(`${eachKib.toFixed(1)} KiB a stream; all let go after ${goneMs.toFixed(0)} ms`);
  assert.ok(eachKib < BOUNDS_KIB[protocol], `${eachKib.toFixed(1)} KiB a stream`);
}

const skip = process.platform === 'linux' ? false : 'only Linux has /proc and a loopback network of many addresses';

for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const)
  test(
    `a thousand streams of events stand over ${protocol}: each hears all, none is cut by a reload, and what they take is bounded`,
    {
      skip,
    },
    (t) => hold(t, protocol),
  );
