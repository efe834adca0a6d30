import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomFillSync, sign } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { after, before, test } from 'node:test';
import { ok } from '../../src/base/index.ts';
import {
  API_KEY_HASH_ROW,
  API_KEY_HASH_TABLE,
  apiKeyTableOf,
  createApiKeyHash,
  makeApiKey,
} from '../../src/credential/index.ts';
import type { Gathered } from '../../src/config/index.ts';
import { type KindTable, kindTable } from '../../src/gateway/index.ts';
import { listKinds } from '../../src/main/kinds.ts';
import {
  type OperationId,
  OVERLAY_TABLE,
  overlayKey,
  type PolicyKind,
  revocationKey,
  REVOCATIONS,
  type Stage,
  STAGES,
  type Steps,
} from '../../src/policy/index.ts';
import { countingKinds } from './counting-kinds.ts';
import { askPlainly, gatherText, type InnerGateway, type PlainAsk, startInner } from './inner-gateway.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const ISSUER = 'https://id.acme.example';
const AUDIENCE = 'https://api.acme.example';

const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths: {
    '/orders': {
      post: {
        operationId: 'createOrder',
        security: [{ oauth: ['orders:create'] }],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['quantity'],
                properties: { quantity: { type: 'integer', minimum: 1, maximum: 10 } },
              },
            },
          },
        },
        responses: { 200: { description: 'made' } },
      },
      get: {
        operationId: 'listOrders',
        parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', maximum: 100 } }],
        responses: { 200: { description: 'all' } },
      },
    },
  },
};

const SHOP = 'type Query { open: Boolean } type Mutation { close: Boolean }';
/** What a GraphQL server says of its inside. */
const TELLING = '{"data":null,"errors":[{"message":"no","extensions":{"exception":"shop.js:12"}}]}';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEYS = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }] });

function token(subject: string, roles: readonly string[], key: KeyObject = privateKey, more: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: subject, iat: now, exp: now + 600, roles, ...more };
  const signed = [{ alg: 'ES256', kid: 'one' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

let upstream: LocalServer;
let gathered: Gathered;
/** The fields that came to the upstream with the request that is under way. */
let arrived: IncomingHttpHeaders | null = null;

before(async () => {
  upstream = await startLocalServer((request, response) => {
    arrived = request.headers;
    response.statusCode = request.url === '/failing' ? 500 : 200;
    const isAsked = request.url === '/graphql';
    if (isAsked) response.setHeader('content-type', 'application/json');
    const body = isAsked ? TELLING : '{}';
    request.resume().on('end', () => response.end(body));
  });
  const { url } = upstream;
  gathered = await gatherText(
    `version: 1
issuers:
  acme:
    issuer: '${ISSUER}'
    audience: '${AUDIENCE}'
    jwks: ./keys.json
    claims: { roles: roles }
  people:
    issuer: https://people.acme.example
    audience: '${AUDIENCE}'
    login: { clientId: gateway, clientSecret: '\${file:./secret}' }
roles: { customer: { can: ['orders:create'] } }
apis:
  orders:
    openapi: ./orders.json
    upstream: '${url}'
    auth: [acme]
    limit: [3/h per user, 9/h per address]
  notes:
    routes: [GET /notes, POST /notes, POST /pictures, GET /health, GET /failing, DELETE /notes]
    upstream: '${url}'
    auth: [acme]
    body: 16B
    sanitize: { query: { mood: nfc } }
    operations:
      GET /health: { auth: public }
      DELETE /notes: { assurance: { acr: gold } }
      POST /pictures: { files: { types: [image/gif] } }
      POST /notes: { rules: ['request.headers["x-tone"] in values.tones || !has(request.body.loud)'] }
    values: { tones: [calm] }
  shop:
    routes: [POST /graphql]
    upstream: '${url}'
    auth: [acme]
    graphql: { schema: ./shop.graphql }
    operations: { Mutation.close: { needs: ['orders:create'] } }
  desk:
    routes: [GET /desk]
    upstream: '${url}'
    auth: [api-key, session]
`,
    {
      secret: 'a-secret-of-more-than-sixteen-characters',
      'orders.json': JSON.stringify(DESCRIPTION),
      'keys.json': KEYS,
      'shop.graphql': SHOP,
    },
  );
});

after(() => upstream.stop());

const json = { 'content-type': 'application/json' };
const bearer = (subject: string, roles: readonly string[] = ['customer'], key?: KeyObject, more?: object) => ({
  authorization: `Bearer ${token(subject, roles, key, more)}`,
});
const SUBJECT = 'x-portcullis-subject';
const forged = { 'X-Portcullis-Subject': 'root', 'x-portcullis-roles': 'admin' };
/** An API key that somebody was given. */
const KEY = makeApiKey('live', (bytes) => void randomFillSync(bytes));
const HASH_KEY = Buffer.alloc(32, 7);
/** What the control side knows besides: a key, one caller who is kept out by hand, and that what another was given is revoked. */
const ROWS = {
  [API_KEY_HASH_TABLE.name]: new Map([[API_KEY_HASH_ROW, { hashKey: HASH_KEY.toString('base64') }]]),
  [apiKeyTableOf(KEY.id)]: new Map([
    [
      KEY.id,
      {
        ...{ hash: createApiKeyHash(HASH_KEY)(KEY.text), state: 'active', environment: 'live', subject: 'robot' },
        ...{ name: 'robot', owner: null, tenant: null, roles: [], scopes: null },
        ...{ apis: null, addresses: null, expiresAtMs: null },
      },
    ],
  ]),
  [REVOCATIONS.name]: new Map([[revocationKey('subject', ISSUER, 'liz'), { before: null }]]),
  [OVERLAY_TABLE.name]: new Map([
    [
      overlayKey({ kind: 'subject', issuer: ISSUER, name: 'max' }),
      [{ effect: 'deny', roles: [], permissions: [], expiresAtMs: null }],
    ],
  ]),
};
const cookie = `__Host-portcullis-session=${'A'.repeat(43)}`;
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** Requests in the order in which they are sent, and what must become of each: a status, and who it went upstream as, or why not. */
function battery(): readonly (readonly [expected: string, asked: PlainAsk])[] {
  const get = (path: string, headers: PlainAsk['headers']): PlainAsk => ({ method: 'GET', path, headers });
  const send = (path: string, body: string, headers: PlainAsk['headers'], method = 'POST'): PlainAsk => ({
    method,
    path,
    headers: { ...json, ...headers, 'content-length': String(Buffer.byteLength(body)) },
    body,
  });
  const create = (body: string, headers: PlainAsk['headers']): PlainAsk => send('/orders', body, headers);
  return [
    ['200 as ada', get('/orders?limit=5', bearer('ada'))],
    ['401 unauthenticated', get('/orders', {})],
    ['401 invalid-token', get('/orders', bearer('ada', ['customer'], stranger))],
    ['400 invalid-parameters', get('/orders?limit=500', bearer('ada'))],
    ['400 invalid-parameters', get('/orders?debug=true', bearer('bob'))],
    ['200 as bob', create('{"quantity":2}', bearer('bob'))],
    ['403 forbidden', create('{"quantity":2}', bearer('eve', []))],
    ['400 invalid-body', create('{"quantity":2,"price":0}', bearer('bob'))],
    ['429 rate-limited', create('{"quantity":2}', bearer('bob'))],
    ['200 as zoe', get('/orders', { ...bearer('zoe'), ...forged })],
    ['429 rate-limited', get('/orders', bearer('kim'))],
    // Nothing but sign-in stands before these.
    ['401 unauthenticated', get('/notes', forged)],
    ['401 invalid-token', get('/notes', bearer('ada', [], stranger))],
    ['200 as kim', get('/notes', { ...bearer('kim', []), ...forged })],
    ['401 invalid-token', get('/notes', bearer('kim', [], privateKey, { cnf: { jkt: 'A'.repeat(43) } }))],
    ['401 invalid-token', get('/notes', bearer('liz', []))],
    ['400 credential-in-query', get('/notes?access_token=abc', bearer('kim', []))],
    ['403 access-denied', get('/notes', bearer('max', []))],
    ['400 unclean-content', get(`/notes?mood=a${'%CC%81'.repeat(31)}`, bearer('kim', []))],
    ['200 as kim', send('/notes', '{"text":"sixty"}', bearer('kim', []))],
    ['400 rule-not-met', send('/notes', '{"loud":1}', bearer('kim', []))],
    ['200 as kim', send('/notes', '{"loud":1}', { ...bearer('kim', []), 'x-tone': 'calm' })],
    ['401 insufficient-authentication', { ...get('/notes', bearer('kim', [])), method: 'DELETE' }],
    ['413 body-too-large', send('/notes', '{"text":"longer"}', bearer('kim', []))],
    ['200 as kim', send('/pictures', 'GIF89a', { ...bearer('kim', []), 'content-type': 'image/gif' })],
    ['415 unsupported-media-type', send('/pictures', 'hello', { ...bearer('kim', []), 'content-type': 'image/gif' })],
    ['400 unexpected-body', send('/notes', '{}', bearer('kim', []), 'GET')],
    ['200 as nobody', get('/health', forged)],
    ['500 as kim replaced', get('/failing', bearer('kim', []))],
    ['404 not-found', get('/secrets', bearer('kim', []))],
    ['200 as kim', send('/graphql', '{"query":"{ open }"}', bearer('kim', []))],
    ['400 invalid-graphql', send('/graphql', '{"query":"{ shut }"}', bearer('kim', []))],
    ['403 forbidden', send('/graphql', '{"query":"mutation { close }"}', bearer('kim', []))],
    ['200 as kim', send('/graphql', '{"query":"mutation { close }"}', bearer('kim'))],
    ['401 unauthenticated', get('/desk', forged)],
    ['200 as robot', get('/desk', { 'x-api-key': KEY.text, ...forged })],
    ['401 invalid-api-key', get('/desk', { 'x-api-key': `${KEY.text.slice(0, -1)}!` })],
    ['403 plain-http', get('/desk', { cookie })],
    ['400 several-credentials', get('/desk', { 'x-api-key': KEY.text, cookie })],
  ];
}

/** What becomes of the battery, and what is missing from each reply and each request that went upstream, or too much. */
async function run(gateway: InnerGateway): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (const [, asked] of battery()) {
    arrived = null;
    const reply = await askPlainly(gateway.port, asked);
    const went = arrived as IncomingHttpHeaders | null;
    const id = reply.headers['x-request-id'];
    outcomes.push(
      [
        reply.status,
        went === null ? (JSON.parse(reply.body) as { code: string }).code : `as ${String(went[SUBJECT] ?? 'nobody')}`,
        ...(went !== null && reply.body.includes('upstream-error') ? ['replaced'] : []),
        ...(reply.body.includes('shop.js') ? ['telling'] : []),
        ...(reply.headers['ratelimit'] === undefined ? [] : ['limited']),
        ...(/^[0-9a-f-]{36}$/.test(String(id)) ? [] : ['without id']),
        ...(reply.headers['x-content-type-options'] === 'nosniff' ? [] : ['sniffed']),
        ...(reply.headers['content-type'] === undefined ? ['untyped'] : []),
        ...(went === null ? [] : faultsUpstream(went, id)),
      ].join(' '),
    );
  }
  return outcomes;
}

function faultsUpstream(went: IncomingHttpHeaders, id: unknown): readonly string[] {
  return [
    ...(went.authorization === undefined ? [] : ['with token']),
    ...(went['x-api-key'] === undefined ? [] : ['with key']),
    ...(went['x-request-id'] === id ? [] : ['under another id']),
    ...(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(String(went['traceparent'])) ? [] : ['untraced']),
  ];
}

async function outcomesWith(kinds: KindTable): Promise<readonly string[]> {
  const gateway = await startInner(gathered, kinds, ROWS);
  try {
    return await run(gateway);
  } finally {
    await gateway.stop();
  }
}

/** The kinds, without the step that one of them has in one stage. */
function without(name: string, stage: Stage): KindTable {
  return kindTable(
    listKinds(countingKinds()).map((kind): PolicyKind<unknown> => {
      if (kind.kind !== name) return kind;
      return {
        ...kind,
        sources: (config) => kind.sources(config),
        compile(config, at, got) {
          const built = kind.compile(config, at, got);
          return built.ok ? ok(dropped(built.value, stage)) : built;
        },
      };
    }),
  );
}

function dropped(all: ReadonlyMap<OperationId, Steps>, stage: Stage): ReadonlyMap<OperationId, Steps> {
  return new Map(
    [...all].map(([id, { [stage]: _gone, clean, ...rest }]) => {
      // What is cleaned is told of as a step of `inspect`.
      const kept = stage === 'inspect' || clean === undefined ? {} : { clean };
      return [id, { ...rest, ...kept } as Steps];
    }),
  );
}

test('the whole chain lets through what it should and refuses the rest', async () => {
  const outcomes = await outcomesWith(countingKinds());
  assert.deepEqual(
    outcomes.map((outcome) => outcome.replace(/ limited$/, '')),
    battery().map(([expected]) => expected),
  );
});

test('each request is recorded once as it was judged, and once as it ended', async () => {
  const gateway = await startInner(gathered, countingKinds(), ROWS);
  try {
    await run(gateway);
  } finally {
    await gateway.stop();
  }
  const records = gateway.ledger.newest(1_000);
  const idsOf = (kind: string): readonly unknown[] =>
    records.flatMap((record) => (record.kind === kind && 'id' in record ? [record.id] : [])).toSorted();
  assert.equal(new Set(idsOf('intent')).size, battery().length);
  assert.deepEqual(idsOf('completion'), idsOf('intent'));
  assert.equal(records.length, 2 * battery().length);
});

test('with any single step of the chain dropped, something else becomes of the same requests', async () => {
  const whole = await outcomesWith(countingKinds());
  const gateway = await startInner(gathered, countingKinds(), ROWS);
  await gateway.stop();
  const steps = gateway.snapshot.operations.flatMap((operation) => {
    const plan = operation.plan();
    assert.ok(plan.ok);
    const { request, respond, record } = plan.value;
    return [...request, ...respond.all, ...record].map(({ stage, policy }) => `${policy.replace(/.*\//, '')} ${stage}`);
  });
  const each = [...new Set(steps)]
    .map((step) => step.split(' ') as [kind: string, stage: Stage])
    // The step that asks the operations which a body names is the gateway's own, of no kind.
    .filter(([kind]) => kind !== 'operations');
  assert.ok(each.length >= 6, `only ${each.join('; ')}`);
  for (const [kind, stage] of each) {
    assert.ok(STAGES.includes(stage));
    assert.notDeepEqual(await outcomesWith(without(kind, stage)), whole, `nothing tells that ${kind} lost ${stage}`);
  }
});

test('with the record refused, nothing goes upstream', async () => {
  const gateway = await startInner(gathered, countingKinds(), ROWS);
  try {
    gateway.ledger.close();
    for (const outcome of await run(gateway)) assert.match(outcome, /^503 not-recorded( limited)?$/);
  } finally {
    await gateway.stop();
  }
});
