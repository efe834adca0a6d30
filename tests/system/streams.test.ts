import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { until } from './eventually.ts';
import { residentBytes } from './resident-bytes.ts';

const SESSIONS = 5;
const STREAMS_OF_SESSION = 80;
const STREAMS = SESSIONS * STREAMS_OF_SESSION;
/** What a stream may take of the gateway's memory, with its connection to the upstream. */
const STREAM_BYTES = 150 * 1_024;
/** Threads compile and collect their garbage as they like. */
const SLACK_BYTES = 40 * 1_024 * 1_024;

/** An upstream whose replies are streams of events. */
async function startUpstream(t: TestContext) {
  const open = new Set<ServerResponse>();
  const server = createServer((_request, reply) => {
    reply.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n');
    open.add(reply);
    reply.on('close', () => open.delete(reply));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', 1_024, resolve);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { open, port: (server.address() as AddressInfo).port };
}

function configuration(port: number, body: string): string {
  return `version: 1
server: { https: { port: 0 }, http: off, threads: 1 }
admin: { port: 0 }
apis:
  a: { routes: ['GET /events'], upstream: 'http://127.0.0.1:${port}', auth: public, body: ${body} }
`;
}

/** What a client got of its stream. */
interface Heard {
  readonly stream: ClientHttp2Stream;
  text: string;
  ended: boolean;
  broken: boolean;
}

function listen(session: ClientHttp2Session): Heard {
  const stream = session.request({ ':path': '/events' });
  const heard: Heard = { stream, text: '', ended: false, broken: false };
  stream.setEncoding('utf8').on('data', (text: string) => (heard.text += text));
  stream.on('end', () => (heard.ended = true));
  stream.on('error', () => (heard.broken = true));
  return heard;
}

test('hundreds of streams stay open over reloads in bounded memory, and end cleanly when the gateway does', async (t) => {
  const upstream = await startUpstream(t);
  const gateway = await startGateway(configuration(upstream.port, '1KiB'));
  t.after(() => gateway.stop());
  const sessions = Array.from({ length: SESSIONS }, () =>
    connect(`https://localhost:${gateway.https}`, { ca: gateway.ca }).on('error', () => {}),
  );
  t.after(() => sessions.forEach((session) => session.destroy()));
  const before = residentBytes(gateway);
  const heard = sessions.flatMap((session) => Array.from({ length: STREAMS_OF_SESSION }, () => listen(session)));
  await until('all streams', () => heard.every(({ text }) => text === 'data: 0\n\n'));

  for (let revision = 2; revision <= 6; revision++) {
    await writeFile(join(gateway.folder, 'next'), configuration(upstream.port, `${revision}KiB`));
    await rename(join(gateway.folder, 'next'), join(gateway.folder, 'portcullis.yaml'));
    await until(`revision ${revision}`, () =>
      gateway
        .said()
        .split('\n')
        .some((line) => line.includes('configuration.installed') && line.includes(`"revision":${revision}`)),
    );
    for (const reply of upstream.open) reply.write(`data: ${revision}\n\n`);
    await until(`event ${revision}`, () => heard.every(({ text }) => text.endsWith(`data: ${revision}\n\n`)));
  }
  assert.equal(upstream.open.size, STREAMS);
  const after = residentBytes(gateway);
  if (before !== null && after !== null) {
    const grownBytes = after - before;
    t.diagnostic(`${Math.round(grownBytes / STREAMS / 1_024)} KiB a stream, of ${STREAMS}`);
    assert.ok(grownBytes < STREAMS * STREAM_BYTES + SLACK_BYTES, `${grownBytes} B for ${STREAMS} streams`);
  }

  await gateway.stop();
  await until('the end', () => heard.every(({ ended }) => ended));
  assert.ok(heard.every(({ broken }) => !broken));
  await until('the upstream’s end', () => upstream.open.size === 0);
});
