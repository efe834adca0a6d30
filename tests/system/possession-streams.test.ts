import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { until } from './eventually.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER, type FileIssuer } from './file-issuer.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { ProvingClient } from './possession-scene.ts';

let issuer: FileIssuer;
let upstream: LocalServer;
let gateway: GatewayProcess;
/** The stream that stands. */
let standing: ServerResponse | null = null;

before(async () => {
  issuer = await createFileIssuer();
  upstream = await startLocalServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n');
    standing = response;
  });
  gateway = await startGateway(
    `version: 1
server: { http: off, threads: 1, https: { port: 0 } }
admin: { port: 0 }
data: ./data
issuers: { acme: { issuer: '${FILE_ISSUER}', audience: '${FILE_AUDIENCE}', jwks: ./keys.json } }
apis:
  live: { routes: ['GET /events'], upstream: '${upstream.url}', auth: [acme] }
`,
    { beside: { 'keys.json': issuer.keys } },
  );
  // Times in proofs are whole seconds, and those from before the gateway began are asked for a nonce.
  await pause(1_100);
});

after(async () => {
  await gateway?.stop();
  upstream?.stop();
});

async function rewrite(from: string, to: string): Promise<void> {
  const file = join(gateway.folder, 'portcullis.yaml');
  const text = await readFile(file, 'utf8');
  assert.ok(text.includes(from));
  await writeFile(`${file}.next`, text.replace(from, to));
  await rename(`${file}.next`, file);
}

test('a stream that began with a proof stands over a reload without another, and ends where more is asked', async () => {
  const client = await ProvingClient.create(issuer);
  const { https: port, ca } = gateway;
  const headers = await client.fields(`https://localhost:${port}/events`);
  const host = `localhost:${port}`;
  const sent = request({
    host: 'localhost',
    port,
    ca,
    path: '/events',
    headers: { host, ...headers },
    agent: false,
  }).end();
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  assert.equal(reply.statusCode, 200);
  let heard = '';
  let over = false;
  reply.on('data', (piece: Buffer) => (heard += piece.toString()));
  reply.on('error', () => {}).on('close', () => (over = true));
  const mark = "routes: ['GET /events']";
  await rewrite(mark, "routes: ['GET /events', 'GET /later']");
  await until('the new configuration serves', async () => (await ask({ port, ca, path: '/later' })).status === 401);
  standing?.write('data: later\n\n');
  await until('the stream goes on', () => Promise.resolve(heard.includes('later')));
  assert.equal(over, false);
  assert.equal(
    (await ask({ port, ca, path: '/events', headers: { ...headers, host } })).status,
    401,
    'the proof was used',
  );
  await rewrite(", upstream: '", ", assurance: { proof: mtls }, upstream: '");
  await until('the stream ends', () => Promise.resolve(over));
});
