import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { countingKinds } from './counting-kinds.ts';
import { type GraphqlServer, SHOP_SCHEMA, startGraphqlServer } from './graphql-server.ts';
import { askPlainly, gatherText, type InnerGateway, type PlainReply, startInner } from './inner-gateway.ts';

const ISSUER = 'https://id.acme.example';
const AUDIENCE = 'https://api.acme.example';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEYS = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }] });

function bearer(subject: string, roles: readonly string[]): Readonly<Record<string, string>> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: subject, iat: now, exp: now + 600, roles };
  const signed = [{ alg: 'ES256', kid: 'one' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return { authorization: `Bearer ${signed}.${signature.toString('base64url')}` };
}

const LISTED = 'query Listed { me { name } }';
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

let server: GraphqlServer;
let gateway: InnerGateway;

const configuration = (url: string): string => `version: 1
issuers: { acme: { issuer: '${ISSUER}', audience: '${AUDIENCE}', jwks: ./keys.json, claims: { roles: roles } } }
roles: { customer: { can: ['shop:read'] }, support: { includes: [customer], can: ['orders:refund', 'users:mail'] }, developer: { can: ['shop:read'] } }
deny:
  - { id: nobody-but, when: "principal.subject == 'mallory'" }
  - { id: watched, when: "principal.subject == 'zoe'", mode: observe }
apis:
  shop:
    routes: [POST /graphql, GET /graphql]
    upstream: '${url}'
    auth: [acme]
    limit: 100/h per user
    graphql:
      schema: ./schema.graphql
      introspection: [developer]
      batch: 2
      operations: ./operations.json
      cost: { limit: 500 }
    operations:
      Query.me: { needs: ['shop:read'] }
      User.email: { needs: ['users:mail'] }
      Mutation.refund: { needs: ['orders:refund'], rules: ['principal.subject != "eve"'], when: 'principal.subject != "ivan"' }
      Mutation.signIn: { limit: 3/h per user }
`;

before(async () => {
  server = await startGraphqlServer();
  const operations = JSON.stringify({ [hashOf(LISTED)]: LISTED });
  const gathered = await gatherText(configuration(server.url), {
    'schema.graphql': SHOP_SCHEMA,
    'operations.json': operations,
    'keys.json': KEYS,
  });
  gateway = await startInner(gathered, countingKinds());
});

after(async () => {
  await gateway.stop();
  await server.stop();
});

async function post(sent: unknown, as: Readonly<Record<string, string>>, path = '/graphql'): Promise<PlainReply> {
  const body = typeof sent === 'string' ? sent : JSON.stringify(sent);
  const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), ...as };
  return askPlainly(gateway.port, { method: 'POST', path, headers, body });
}

async function get(query: string, as: Readonly<Record<string, string>>): Promise<PlainReply> {
  return askPlainly(gateway.port, { method: 'GET', path: `/graphql?query=${encodeURIComponent(query)}`, headers: as });
}

/** What became of it: the data, or the code of the refusal. */
function outcomeOf({ status, body }: PlainReply): string {
  const value = JSON.parse(body) as { readonly code?: string; readonly data?: unknown; readonly errors?: unknown };
  return `${status} ${value.code ?? JSON.stringify(value)}`;
}

const ada = bearer('ada', ['customer']);
const sam = bearer('sam', ['support']);
const query = (text: string): { query: string } => ({ query: text });

test('a query goes to the server as it came, and its reply back', async () => {
  const sent = { query: 'query Me($n: Int) { me { name friends(first: $n) { id } } }', variables: { n: 3 } };
  assert.equal(outcomeOf(await post(sent, ada)), '200 {"data":{"me":{"name":"user 1","friends":[]}}}');
  assert.equal(server.asked.at(-1), `POST /graphql ${JSON.stringify(sent)}`);
  assert.equal(outcomeOf(await get('{ me { name } }', ada)), '200 {"data":{"me":{"name":"user 1"}}}');
});

test('who may ask for a field is judged wherever it is asked for', async () => {
  const nobody = bearer('nil', []);
  assert.equal(outcomeOf(await post(query('{ me { name } }'), nobody)), '403 forbidden');
  assert.equal(
    outcomeOf(await post(query('{ order(id: 1) { total } }'), nobody)),
    '200 {"data":{"order":{"total":5}}}',
  );
  for (const hidden of [
    '{ order(id: 1) { owner { email } } }',
    '{ x: order(id: 1) { ...A } } fragment A on Order { owner { e: email } }',
    '{ node(id: 1) { ... on User { email } } }',
    '{ order(id: 1) { owner { shop { me { name } } } } }',
    '{ order(id: 1) { owner { name email @skip(if: true) } } }',
  ]) {
    assert.equal(outcomeOf(await post(query(hidden), nobody)), '403 forbidden', hidden);
    assert.match(outcomeOf(await post(query(hidden), sam)), /^200/, hidden);
  }
});

test('mutations are judged by their own rights and conditions, and never asked by GET', async () => {
  const refund = 'mutation { refund(order: 7) { total } }';
  assert.equal(outcomeOf(await post(query(refund), ada)), '403 forbidden');
  assert.equal(outcomeOf(await post(query(refund), sam)), '200 {"data":{"refund":{"total":5}}}');
  assert.equal(outcomeOf(await post(query(refund), bearer('eve', ['support']))), '400 rule-not-met');
  assert.equal(outcomeOf(await post(query(refund), bearer('ivan', ['support']))), '403 forbidden');
  assert.equal(outcomeOf(await post(query('{ me { name } }'), bearer('mallory', ['customer']))), '403 forbidden');
  const byGet = await get(refund, sam);
  assert.equal(outcomeOf(byGet), '405 method-not-allowed');
  assert.equal(byGet.headers['allow'], 'POST');
});

test('each time that a field is asked for is a call: aliases and lists try no more names than single requests', async () => {
  const four = ['a', 'b', 'c', 'd'].map((name) => `${name}: signIn(name: "${name}")`).join(' ');
  const kim = bearer('kim', ['customer']);
  assert.equal(outcomeOf(await post(query(`mutation { ${four} }`), kim)), '429 rate-limited');
  const lee = bearer('lee', ['customer']);
  const two = query('mutation { a: signIn(name: "a") b: signIn(name: "b") }');
  assert.equal(outcomeOf(await post([two, two], lee)), '429 rate-limited');
  const max = bearer('max', ['customer']);
  assert.match(outcomeOf(await post(two, max)), /^200/);
  assert.equal(outcomeOf(await post(two, max)), '429 rate-limited');
});

test('the schema is told to those alone who may ask for it', async () => {
  const text = '{ ...A } fragment A on Query { x: __schema { queryType { name } } }';
  assert.equal(outcomeOf(await post(query(text), ada)), '403 graphql-forbidden');
  assert.match(outcomeOf(await post(query(text), bearer('dev', ['developer']))), /^200 \{"data":\{"x"/);
  assert.match(outcomeOf(await post(query('{ me { __typename } }'), ada)), /^200/);
});

test('a document that is known can be called by its hash, and no other', async () => {
  const persisted = (hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: hash } } });
  assert.equal(outcomeOf(await post(persisted(hashOf('{ me { name } }')), ada)), '403 graphql-forbidden');
  // The server of this test keeps none; what matters is that it is asked.
  const before = server.asked.length;
  await post(persisted(hashOf(LISTED)), ada);
  assert.equal(server.asked.length, before + 1);
  const other = { ...query('{ order(id: 1) { total } }'), ...persisted(hashOf(LISTED)) };
  assert.equal(outcomeOf(await post(other, ada)), '400 invalid-graphql');
});

test('what is no request of GraphQL, or one that two readers could read differently, goes nowhere', async () => {
  const before = server.asked.length;
  const me = '{ me { name } }';
  const refused: readonly (readonly [string, unknown, (string | undefined)?, string?])[] = [
    ['400 invalid-graphql', { query: me, id: 'x' }],
    ['400 invalid-graphql', { query: me, extensions: { tracing: true } }],
    ['400 invalid-graphql', { query: `${me} query B { me { email } }` }],
    ['400 invalid-graphql', { query: 'query A { me { name } } query B { me { name } }' }],
    ['400 invalid-graphql', { query: 'query A { me { name } } query B { me { name } }', operationName: 'C' }],
    ['400 invalid-graphql', { query: '\ufeff{ me { name } }' }],
    ['400 invalid-graphql', { query: '{ me { nickname } }' }],
    ['400 invalid-graphql', { query: 'query Q($n: Int) { me { friends(first: $n) { id } } }', variables: { n: 'x' } }],
    ['400 invalid-graphql', []],
    ['400 graphql-too-complex', [query(me), query(me), query(me)]],
    ['400 malformed-body', '{"query":"{ me { name } }","query":"{ me { email } }"}'],
    ['400 invalid-graphql', query(me), undefined, '/graphql?query=%7Bme%7Bemail%7D%7D'],
    ['415 unsupported-media-type', 'query=%7Bme%7Bname%7D%7D', 'application/x-www-form-urlencoded'],
    ['415 unsupported-media-type', JSON.stringify(query(me)), 'text/plain'],
    ['415 unsupported-media-type', me, 'application/graphql'],
    ['415 unsupported-media-type', '--x\r\n\r\n--x--', 'multipart/form-data; boundary=x'],
    ['403 graphql-forbidden', query('subscription { ticks(to: 2) }')],
  ];
  for (const [expected, sent, type, path] of refused) {
    const headers = type === undefined ? ada : { ...ada, 'content-type': type };
    assert.equal(outcomeOf(await post(sent, headers, path)), expected, JSON.stringify(sent));
  }
  assert.equal(server.asked.length, before);
});

test('bombs are refused by their bounds', async () => {
  const before = server.asked.length;
  const nest = (depth: number): string => (depth === 0 ? 'id' : `friends { ${nest(depth - 1)} }`);
  const doubles = Array.from({ length: 30 }, (_, at) => `fragment F${at} on User { ...F${at + 1} ...F${at + 1} }`);
  const bombs: readonly string[] = [
    `{ me { ${nest(20)} } }`,
    `{ me { ${Array.from({ length: 16 }, (_, at) => `a${at}: name`).join(' ')} } }`,
    `{ ${'me { name } '.repeat(150)} }`,
    `{ ${'__typename '.repeat(300)} }`,
    `{ me { ...F0 } } ${doubles.join(' ')} fragment F30 on User { id }`,
    '{ me { ...A } } fragment A on User { friends { ...A } }',
    `{ me { name ${'@skip(if: false) '.repeat(60)} } }`,
    `{ me ${'{'.repeat(3_000)}`,
    `{ order(id: ${'['.repeat(3_000)}`,
    '{ orders(first: 1000) { edges { node { id } } } }',
    '{ orders { edges { node { lines { order { lines { sku } } } } } } }',
    `{ me { name } } # ${'x'.repeat(300_000)}`,
  ];
  for (const bomb of bombs) {
    assert.equal(outcomeOf(await post(query(bomb), ada)), '400 graphql-too-complex', bomb.slice(0, 80));
  }
  assert.equal(server.asked.length, before);
});

test('errors of the server keep their message and lose what tells of its inside', async () => {
  const { status, body } = await post(query('{ explode }'), ada);
  assert.equal(status, 200);
  assert.doesNotMatch(body, /relation|character|stack|at /);
  assert.match(body, /Internal server error/);
  assert.match(body, /"path":\["explode"\]/);
});

test('records say what was asked for, and which field was refused', async () => {
  await post(query('{ me { name } order(id: 1) { total } }'), ada);
  await post(query('mutation { refund(order: 7) { total } }'), ada);
  const intents = gateway.ledger.newest(100).filter((record) => record.kind === 'intent');
  const told = intents.map((record) => ('rule' in record ? `${record.operation} ${record.policy} ${record.rule}` : ''));
  assert.ok(told.includes('shop/POST /graphql null Query.me, Query.order'), told.join('\n'));
  assert.ok(told.includes('shop/POST /graphql shop/permission Mutation.refund: needs orders:refund'), told.join('\n'));
});

test('limits of the API count requests, however many fields one asks for, and operations have policies of their own alone', async () => {
  const zoe = bearer('zoe', ['customer']);
  const { headers } = await post(query('{ a: me { name } b: me { name } order(id: 1) { total } }'), zoe);
  assert.match(String(headers['ratelimit']), /r=99/);
  const policies = (name: string): readonly string[] => {
    const plan = gateway.snapshot.operations.find(({ operation }) => operation.id === name)?.plan();
    assert.ok(plan?.ok);
    return plan.value.request.map(({ stage, policy }) => `${stage} ${policy}`);
  };
  assert.deepEqual(policies('shop/Query.me'), ['authorize shop/permission']);
  assert.deepEqual(policies('shop/Mutation.signIn'), ['limit shop/rate']);
  assert.deepEqual(policies('shop/Query.order'), []);
  const route = gateway.snapshot.operations.find(({ operation }) => operation.id === 'shop/POST /graphql')?.plan();
  assert.ok(route?.ok);
  const replies = route.value.respond.all.map(({ policy }) => policy);
  // What is kept of a failure is what came.
  assert.ok(replies.indexOf('shop/upstream-errors') < replies.indexOf('shop/graphql'), replies.join());
});

test('fields of the root are operations in reports', () => {
  const rows = gateway.snapshot.coverage.filter(({ operation }) => operation === 'shop/Mutation.refund');
  assert.equal(rows.length, 1);
  assert.equal(rows[0]?.namedInBody, 'Mutation.refund');
  assert.deepEqual(
    rows[0]?.cells.filter(({ aspect }) => aspect === 'authorization').map(({ holds }) => holds),
    ['needs orders:refund', 'denied by 1 rule', '1 rule that only observes', 'when 1 condition'],
  );
});
