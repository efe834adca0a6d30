import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Agent, fetch as undiciFetch } from 'undici';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { type ApiServer, startJsonServer } from './api-server.ts';
import { run } from './command.ts';
import { skipOrFail } from './skip.ts';

const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Posts', version: '1' },
  paths: {
    '/posts': {
      get: {
        operationId: 'listPosts',
        parameters: [{ name: '_limit', in: 'query', schema: { type: 'integer', minimum: 1 } }],
        responses: { 200: { description: 'all' } },
      },
      post: {
        operationId: 'createPost',
        requestBody: { content: { 'application/json': { schema: {} } } },
        responses: { 201: { description: 'made' } },
      },
    },
    '/posts/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'getPost', responses: { 200: { description: 'one' } } },
      put: {
        operationId: 'putPost',
        requestBody: { content: { 'application/json': { schema: {} } } },
        responses: { 200: { description: 'put' } },
      },
      delete: { operationId: 'deletePost', responses: { 200: { description: 'gone' } } },
    },
  },
};

interface Post {
  readonly id: number;
  readonly title: string;
}

let api: ApiServer | undefined;
let gateway: GatewayProcess;
let ca: string;

before(async () => {
  const posts = Array.from({ length: 200 }, (_, at) => ({
    id: at + 1,
    title: `post ${at + 1}`,
    text: 'x'.repeat(500),
  }));
  api = await startJsonServer({ posts });
  gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
apis:
  blog: { openapi: ./posts.json, basePath: /v1, upstream: 'http://127.0.0.1:${api.port}', auth: public }
`,
    { beside: { 'posts.json': JSON.stringify(DESCRIPTION) } },
  );
  ca = join(gateway.folder, 'ca.pem');
  await writeFile(ca, gateway.ca);
});

after(async () => {
  await api?.stop();
  await gateway.stop();
});

const curl = async (...args: string[]) =>
  await run('curl', ['--silent', '--show-error', '--max-time', '20', '--cacert', ca, ...args]);
const url = (path: string): string => `https://localhost:${gateway.https}${path}`;

test('lets curl read, write and delete', async (t) => {
  if ((await run('curl', ['--version']).catch(() => null)) === null) return skipOrFail(t, 'curl is not installed');
  const list = await curl(url('/v1/posts?_limit=3'));
  assert.equal((JSON.parse(list.stdout) as Post[]).length, 3, list.stderr);
  const made = await curl('--json', '{"title":"made by curl"}', url('/v1/posts'));
  const post = JSON.parse(made.stdout) as Post;
  assert.equal(post.title, 'made by curl');
  const read = await curl(url(`/v1/posts/${post.id}`));
  assert.deepEqual(JSON.parse(read.stdout), post);
  const gone = await curl('-X', 'DELETE', '-o', '/dev/null', '-w', '%{http_code}', url(`/v1/posts/${post.id}`));
  assert.equal(gone.stdout, '200');
  const lost = await curl('-o', '/dev/null', '-w', '%{http_code}', url(`/v1/posts/${post.id}`));
  assert.equal(lost.stdout, '404');
});

test('answers curl HEAD with the length that GET has, and nothing else', async (t) => {
  if ((await run('curl', ['--version']).catch(() => null)) === null) return skipOrFail(t, 'curl is not installed');
  for (const [option, line] of [
    ['--http1.1', /^HTTP\/1\.1 200 OK\r\n/],
    ['--http2', /^HTTP\/2 200 \r\n/],
  ] as const) {
    const head = await curl(option, '--head', url('/v1/posts/1'));
    assert.match(head.stdout, line);
    assert.match(head.stdout, /content-length: [1-9]/i);
    assert.match(head.stdout, /x-request-id: [0-9a-f-]{36}\r\n/);
  }
});

test('takes what the description names and nothing else', async () => {
  const dispatcher = new Agent({ connect: { ca: gateway.ca } });
  const status = async (method: string, path: string): Promise<number> => {
    const reply = await undiciFetch(url(path), { method, dispatcher });
    await reply.arrayBuffer();
    return reply.status;
  };
  assert.equal(await status('GET', '/v1/posts/7'), 200);
  assert.equal(await status('GET', '/posts/7'), 404);
  assert.equal(await status('GET', '/v1/db'), 404);
  assert.equal(await status('PATCH', '/v1/posts/7'), 405);
  assert.equal(await status('GET', '/v1/posts/7/'), 404);
  assert.equal(await status('GET', '/v1//posts'), 400);
  await dispatcher.close();
});

test('serves undici a hundred requests at once over ten connections', async () => {
  const dispatcher = new Agent({ connect: { ca: gateway.ca }, connections: 10, pipelining: 4 });
  const titles = await Promise.all(
    Array.from({ length: 100 }, async (_, at) => {
      const reply = await undiciFetch(url(`/v1/posts/${at + 1}`), { dispatcher });
      return ((await reply.json()) as Post).title;
    }),
  );
  assert.deepEqual(
    titles,
    Array.from({ length: 100 }, (_, at) => `post ${at + 1}`),
  );
  await dispatcher.close();
});

test("serves Node's own client fifty requests over one connection, bodies included", async () => {
  const agent = new HttpsAgent({ ca: gateway.ca, keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let at = 1; at <= 50; at++) {
    const body = JSON.stringify({ title: `put ${at}` });
    const reply = await send(agent, { method: 'PUT', path: `/v1/posts/${at}`, body });
    assert.equal(reply.status, 200);
    assert.equal((JSON.parse(reply.body) as Post).title, `put ${at}`);
    ports.add(reply.localPort);
  }
  assert.equal(ports.size, 1);
  agent.destroy();
});

test('streams a chunked upload through', async () => {
  const agent = new HttpsAgent({ ca: gateway.ca });
  const title = 'long '.repeat(15_000);
  const reply = await send(agent, {
    method: 'POST',
    path: '/v1/posts',
    body: JSON.stringify({ title }),
    chunked: true,
  });
  assert.equal(reply.status, 201);
  assert.equal((JSON.parse(reply.body) as Post).title, title);
  agent.destroy();
});

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly chunked?: boolean;
}

function send(
  agent: HttpsAgent,
  { method, path, body, chunked }: Sent,
): Promise<{ status: number | undefined; body: string; localPort: number | undefined }> {
  return new Promise((resolve, reject) => {
    const framing =
      chunked === true ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(Buffer.byteLength(body)) };
    const request = httpsRequest(
      {
        agent,
        host: 'localhost',
        port: gateway.https,
        method,
        path,
        headers: { 'content-type': 'application/json', ...framing },
      },
      (reply) => {
        let text = '';
        const { localPort } = reply.socket;
        reply.setEncoding('utf8');
        reply.on('data', (piece: string) => (text += piece));
        reply.on('end', () => resolve({ status: reply.statusCode, body: text, localPort }));
      },
    );
    request.on('error', reject);
    for (let at = 0; at < body.length; at += 8_000) request.write(body.slice(at, at + 8_000));
    request.end();
  });
}
