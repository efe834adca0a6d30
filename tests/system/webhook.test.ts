import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { after, before, beforeEach, test, type TestContext } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { run } from './command.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { configuration, PROGRAM } from './plain-configuration.ts';

const SECRET = 'a secret that only the two of us know';
const BESIDE = { beside: { 'hook.secret': SECRET } };

interface Post {
  readonly type: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let receiver: LocalServer;
let posts: Post[];
let look: () => void;

before(async () => {
  receiver = await startLocalServer((request, reply) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      posts.push({ type: (JSON.parse(body) as { type: string }).type, headers: request.headers, body });
      reply.writeHead(204).end();
      look();
    });
  });
});

beforeEach(() => {
  posts = [];
  look = () => {};
});

/** The first post of this type; a machine may have more to alert of, such as its Node. */
async function arrival(type: string): Promise<Post> {
  const { promise, resolve } = Promise.withResolvers<Post>();
  look = () => {
    const found = posts.find((post) => post.type === type);
    if (found !== undefined) resolve(found);
  };
  look();
  return await promise;
}

after(() => receiver.stop());

// No request goes to the API; only its port has to be a number.
const silent = (): string => configuration(9);
const told = (): string =>
  `${silent()}alerts: { webhook: { url: '${receiver.url}/hook', secret: '\${file:./hook.secret}' } }\n`;

async function gatewayFor(t: TestContext, text: string): Promise<GatewayProcess> {
  const gateway = await startGateway(text, BESIDE);
  t.after(() => gateway.stop());
  return gateway;
}

async function sendCredential({ http }: GatewayProcess): Promise<void> {
  const headers = { authorization: 'Bearer x' };
  assert.equal((await fetch(`http://127.0.0.1:${http}/first`, { headers })).status, 403);
}

async function alertKinds(gateway: GatewayProcess): Promise<readonly string[]> {
  const { body } = await askAdmin(gateway, '/v1/alerts');
  return (JSON.parse(body) as { kind: string }[]).map(({ kind }) => kind);
}

async function reload({ folder }: GatewayProcess, text: string): Promise<number | null> {
  const file = join(folder, 'portcullis.yaml');
  await writeFile(file, text);
  return (await run('node', [PROGRAM, 'reload', '--config', file])).code;
}

test('an alert of a running gateway arrives at the webhook, signed, before anybody asks for it', async (t) => {
  const gateway = await gatewayFor(t, told());
  await sendCredential(gateway);
  const { headers, body } = await arrival('alert.credential-over-plain-http');
  const { data } = JSON.parse(body) as { data: { id: string; kind: string } };
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  const signed = `${String(id)}.${String(timestamp)}.${body}`;
  assert.deepEqual([data.kind, data.id], ['credential-over-plain-http', id]);
  assert.equal(signature, `v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`);
});

test('without the key `alerts.webhook` nothing is sent, and from the reload that adds it on only what is new', async (t) => {
  const gateway = await gatewayFor(t, silent());
  await sendCredential(gateway);
  assert.ok((await alertKinds(gateway)).includes('credential-over-plain-http'));
  assert.equal(await reload(gateway, told()), 0);
  assert.notEqual(await reload(gateway, `${told()}nonsense: true\n`), 0);
  await arrival('alert.snapshot.refused');
  // They come in their order: what had waited would have come first.
  assert.deepEqual(
    posts.map(({ type }) => type),
    ['alert.snapshot.refused'],
  );
});
