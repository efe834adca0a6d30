import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createMemoryLimiter, createSystemClock } from '../../src/adapters/index.ts';
import { ok } from '../../src/base/index.ts';
import type { Gathered } from '../../src/config/index.ts';
import { type KindTable, kindTable } from '../../src/gateway/index.ts';
import { createKinds, listKinds } from '../../src/main/kinds.ts';
import { type OperationId, type PolicyKind, type Stage, STAGES, type Steps } from '../../src/policy/index.ts';
import { askPlainly, gatherText, type InnerGateway, type PlainAsk, startInner } from './inner-gateway.ts';

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

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEYS = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }] });

function token(subject: string, roles: readonly string[], key: KeyObject = privateKey): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: subject, iat: now, exp: now + 600, roles };
  const signed = [{ alg: 'ES256', kid: 'one' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

let upstream: Server;
let gathered: Gathered;
/** What came to the upstream of the request that is under way. */
let arrived: { readonly authorization: string | undefined; readonly subject: unknown } | null = null;

before(async () => {
  upstream = createServer((request, response) => {
    arrived = { authorization: request.headers.authorization, subject: request.headers['x-portcullis-subject'] };
    request.resume().on('end', () => response.end('{}'));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  gathered = await gatherText(
    `version: 1
issuers: { acme: { issuer: '${ISSUER}', audience: '${AUDIENCE}', jwks: ./keys.json, claims: { roles: roles } } }
roles: { customer: { can: ['orders:create'] } }
apis:
  orders:
    openapi: ./orders.json
    upstream: 'http://127.0.0.1:${(upstream.address() as AddressInfo).port}'
    auth: [acme]
    limit: [3/h per user, 9/h per address]
`,
    { 'orders.json': JSON.stringify(DESCRIPTION), 'keys.json': KEYS },
  );
});

after(() => {
  upstream.close();
});

const json = { 'content-type': 'application/json' };
const bearer = (subject: string, roles: readonly string[] = ['customer'], key?: KeyObject) => ({
  authorization: `Bearer ${token(subject, roles, key)}`,
});
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** Requests in the order in which they are sent, and what must become of each: a status, and whether it went upstream. */
function battery(): readonly (readonly [expected: string, asked: PlainAsk])[] {
  const list = (path: string, headers: PlainAsk['headers']): PlainAsk => ({ method: 'GET', path, headers });
  const create = (body: string, headers: PlainAsk['headers']): PlainAsk => ({
    method: 'POST',
    path: '/orders',
    headers: { ...json, ...headers, 'content-length': String(Buffer.byteLength(body)) },
    body,
  });
  return [
    ['200 ada', list('/orders?limit=5', bearer('ada'))],
    ['401', list('/orders', {})],
    ['401', list('/orders', bearer('ada', ['customer'], stranger))],
    ['400', list('/orders?limit=500', bearer('ada'))],
    ['400', list('/orders?debug=true', bearer('bob'))],
    ['200 bob', create('{"quantity":2}', bearer('bob'))],
    ['403', create('{"quantity":2}', bearer('eve', []))],
    ['400', create('{"quantity":2,"price":0}', bearer('bob'))],
    ['429', create('{"quantity":2}', bearer('bob'))],
    ['200 zoe', list('/orders', bearer('zoe'))],
    ['429', list('/orders', bearer('kim'))],
  ];
}

/** What becomes of the battery, and what the fields of each reply say. */
async function run(gateway: InnerGateway): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (const [, asked] of battery()) {
    arrived = null;
    const { status, headers } = await askPlainly(gateway.port, asked);
    const went = arrived as { authorization: string | undefined; subject: unknown } | null;
    const told =
      went === null ? '' : ` ${String(went.subject)}${went.authorization === undefined ? '' : ' with token'}`;
    outcomes.push(`${status}${told}${headers['ratelimit'] === undefined ? '' : ' limited'}`);
  }
  return outcomes;
}

async function outcomesWith(kinds: KindTable): Promise<readonly string[]> {
  const gateway = await startInner(gathered, kinds);
  try {
    return await run(gateway);
  } finally {
    await gateway.stop();
  }
}

/** The kinds as they run in a gateway thread, each time with a limiter that has counted nothing yet. */
function countingKinds(): KindTable {
  return createKinds({
    clock: createSystemClock(),
    limiter: createMemoryLimiter(),
    keys: { want: () => null },
    log: { write() {} },
  });
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
  return new Map([...all].map(([id, { [stage]: _gone, ...rest }]) => [id, rest as Steps]));
}

test('the whole chain lets through what it should and refuses the rest', async () => {
  const outcomes = await outcomesWith(countingKinds());
  assert.deepEqual(
    outcomes.map((outcome) => outcome.replace(/ limited$/, '')),
    battery().map(([expected]) => expected),
  );
});

test('with any single step of the chain dropped, something else becomes of the same requests', async () => {
  const whole = await outcomesWith(countingKinds());
  const gateway = await startInner(gathered, countingKinds());
  await gateway.stop();
  const steps = gateway.snapshot.operations.flatMap((operation) => {
    const plan = operation.plan();
    assert.ok(plan.ok);
    const { request, respond, record } = plan.value;
    return [...request, ...respond, ...record].map(({ stage, policy }) => `${policy.replace(/.*\//, '')} ${stage}`);
  });
  const each = [...new Set(steps)].map((step) => step.split(' ') as [kind: string, stage: Stage]);
  assert.ok(each.length >= 6, `only ${each.join('; ')}`);
  for (const [kind, stage] of each) {
    assert.ok(STAGES.includes(stage));
    assert.notDeepEqual(await outcomesWith(without(kind, stage)), whole, `nothing tells that ${kind} lost ${stage}`);
  }
});

test('with the record refused, nothing goes upstream', async () => {
  const gateway = await startInner(gathered, countingKinds());
  try {
    gateway.ledger.close();
    for (const outcome of await run(gateway)) assert.match(outcome, /^503( limited)?$/);
  } finally {
    await gateway.stop();
  }
});
