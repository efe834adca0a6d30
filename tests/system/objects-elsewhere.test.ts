import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ask, type Reply } from './https-client.ts';
import { PROGRAM } from './plain-configuration.ts';
import { startTokenScene, type TokenScene } from './token-scene.ts';

const ORDERS = [
  { id: 'a1', ownerId: 'ada', inside: 1 },
  { id: 'b1', ownerId: 'bob', inside: 2 },
];

const ORDER = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } };
const replyOf = (schema: object): object => ({
  200: { description: 'ok', content: { 'application/json': { schema } } },
});
const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths: {
    '/orders': { get: { operationId: 'listOrders', responses: replyOf({ type: 'array', items: ORDER }) } },
    '/orders/{id}': {
      get: {
        operationId: 'getOrder',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: replyOf(ORDER),
      },
    },
  },
};

let scene: TokenScene;

before(async () => {
  scene = await startTokenScene({
    threads: 1,
    upstream: (request, reply) => {
      const id = (request.url ?? '').split('/').at(-1);
      const found = id === 'orders' ? ORDERS : ORDERS.find((each) => each.id === id);
      request.resume().on('end', () => reply.setHeader('content-type', 'application/json').end(JSON.stringify(found)));
    },
    beside: { 'orders.json': JSON.stringify(DESCRIPTION) },
    rest: (url) => `apis:
  orders:
    openapi: ./orders.json
    upstream: ${url}
    auth: [acme]
    validate: strict
    operations:
      listOrders: { object: { each: /, allow: item.ownerId == principal.subject } }
      getOrder: { object: response.ownerId == principal.subject }
`,
  });
});

after(() => scene?.stop());

async function send(path: string, sub: string): Promise<Reply> {
  const { gateway, issuer } = scene;
  const headers = { authorization: `Bearer ${await issuer.sign({ sub })}` };
  return ask({ port: gateway.https, ca: gateway.ca, path, headers });
}

test('a rule sees what the description does not let leave, and only what is left is held against that', async () => {
  assert.deepEqual(JSON.parse((await send('/orders/a1', 'ada')).body), { id: 'a1' });
  const foreign = await send('/orders/b1', 'ada');
  assert.equal(foreign.status, 404);
  assert.match(foreign.body, /"not-found"/);
  assert.deepEqual(JSON.parse((await send('/orders', 'bob')).body), [{ id: 'b1' }]);
  assert.deepEqual(JSON.parse((await send('/orders', 'eve')).body), []);
});

/** What `check` says of an API with this operation. */
async function check(routes: string, operation: string, more = ''): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-objects-'));
  try {
    const file = join(folder, 'portcullis.yaml');
    await writeFile(join(folder, 'shop.graphql'), 'type Query { order: String }');
    await writeFile(
      file,
      `version: 1
issuers: { acme: { issuer: https://id.acme.example, audience: a, algorithms: [ES256] } }
apis:
  a:
    routes: [${routes}]
    upstream: http://127.0.0.1:3001
    auth: [acme]
    ${more}
    operations: { ${operation} }
`,
    );
    return await new Promise((resolve) => {
      execFile(process.execPath, [PROGRAM, 'check', '--config', file], (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const OWN = 'response.ownerId == principal.subject';

test('check tells where a rule can’t wait for the reply, and warns of one that knows no caller', async () => {
  assert.match(await check('POST /x', `POST /x: { object: ${OWN} }`), /what a POST does is done when its reply comes/);
  assert.match(await check("'* /x'", `'* /x': { object: ${OWN} }`), /is done when its reply comes/);
  assert.match(
    await check('GET /x', `GET /x: { websocket: {}, object: ${OWN} }`),
    /a policy of this operation reads bodies, and none can read the frames of a WebSocket/,
  );
  const graphql = 'graphql: { schema: ./shop.graphql }';
  for (const object of [OWN, 'request.body.variables.id in principal.claims.orders', 'tenant == "a"'])
    for (const [routes, operation] of [
      ['POST /g', 'POST /g'],
      ['GET /g', 'GET /g'],
      ['POST /g', 'Query.order'],
    ])
      assert.match(
        await check(routes as string, `${operation}: { object: '${object}' }`, graphql),
        /a document of GraphQL asks for objects that a rule does not see/,
      );
  assert.match(await check('GET /x', 'GET /x: { object: response.open }'), /names nothing of the caller/);
});
