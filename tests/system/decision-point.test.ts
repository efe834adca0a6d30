import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAdminClient } from '../../src/control/client.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminClient, adminKey } from './admin.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER, type FileIssuer } from './file-issuer.ts';
import { ask, type Reply } from './https-client.ts';
import { until } from './odd/gateway.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const DECISION_KEY = 'k'.repeat(48);

let issuer: FileIssuer;
let upstream: LocalServer;
let running: GatewayProcess;

/** Operations whose rights differ by permission, sign-in, condition on path, query and body, and API. */
const configuration = (url: string): string => `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1, connectionsPerAddress: 10000 }
admin: { port: 0, decisions: { key: '\${file:./decisions.key}' } }
data: ./data
issuers:
  acme:
    issuer: '${FILE_ISSUER}'
    audience: '${FILE_AUDIENCE}'
    jwks: ./keys.json
    claims: { roles: roles, tenant: tid }
roles:
  customer: { can: ['orders:read'] }
  support: { includes: [customer], can: ['orders:refund'] }
apis:
  orders:
    routes: ['GET /orders/{id}', 'POST /orders/{id}/refund', 'GET /status', 'DELETE /orders/{id}', 'PUT /notes']
    upstream: '${url}'
    auth: [acme]
    operations:
      GET /orders/{id}: { needs: 'orders:read' }
      POST /orders/{id}/refund: { needs: 'orders:refund', rules: [{ rule: 'request.body.amount <= 500', message: too much }] }
      GET /status: { auth: public }
      DELETE /orders/{id}: { needs: 'orders:refund', assurance: { amr: [mfa] } }
      PUT /notes: { rules: [{ rule: 'request.query.tenant == principal.tenant', message: not yours }] }
  record:
    openapi: ./record.json
    basePath: /records
    upstream: '${url}'
    auth: [acme]
    operations:
      write: { rules: [{ rule: 'principal.subject == "alice"', message: only alice }] }
  other:
    basePath: /other
    routes: ['GET /things']
    upstream: '${url}'
    auth: [acme]
`;

/** Records that are read and written, as the certification of AuthZEN wants them. */
const RECORDS = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'records', version: '1' },
  paths: {
    '/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'read', responses: { 200: { description: 'it' } } },
      put: { operationId: 'write', responses: { 204: { description: 'done' } } },
    },
  },
});

before(async () => {
  issuer = await createFileIssuer();
  upstream = await startLocalServer((_asked, reply) => void reply.end('{}'));
  running = await startGateway(configuration(upstream.url), {
    beside: { 'keys.json': issuer.keys, 'decisions.key': `${DECISION_KEY}\n`, 'record.json': RECORDS },
  });
});

after(async () => {
  await running?.stop();
  upstream?.stop();
});

interface Answer {
  readonly decision: boolean;
  readonly context: {
    readonly id: string;
    readonly operation?: string;
    readonly code?: string;
    readonly policy?: string;
    readonly rule?: string;
    readonly reason_admin?: Readonly<Record<string, string>>;
    readonly reason_user?: Readonly<Record<string, string>>;
  };
}

type Sent = {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
};

async function post(
  question: unknown,
  { key = DECISION_KEY, headers = {}, path = 'evaluation' }: Sent = {},
): Promise<Reply> {
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  const body = typeof question === 'string' ? question : JSON.stringify(question);
  return await ask({
    ...{ port: running.admin, ca: running.ca, method: 'POST', path: `/access/v1/${path}`, body },
    headers: { 'content-type': 'application/json', ...authorization, ...headers },
  });
}

async function decide(question: unknown): Promise<Answer> {
  const reply = await post(question);
  assert.equal(reply.status, 200, reply.body);
  assert.match(String(reply.headers['content-type']), /^application\/json/);
  return JSON.parse(reply.body) as Answer;
}

const ADA = { type: 'user', id: 'ada', properties: { issuer: 'acme', roles: ['customer'], tenant: 't1' } };
const ORDER = { type: 'route', id: '/orders/7', properties: { host: 'localhost' } };

interface Caller {
  readonly sub: string;
  readonly roles: readonly string[];
  readonly tid?: string;
  readonly amr?: readonly string[];
  readonly scope?: string;
}

const CALLERS: readonly Caller[] = [
  { sub: 'ada', roles: ['customer'], tid: 't1' },
  { sub: 'bob', roles: ['support'], tid: 't2' },
  { sub: 'cleo', roles: ['support'], tid: 't1', amr: ['mfa'] },
  { sub: 'dan', roles: [] },
  { sub: 'eve', roles: ['support'], tid: 't1', amr: ['mfa'], scope: 'orders:read' },
];

const REQUESTS: readonly { readonly method: string; readonly target: string; readonly body?: object }[] = [
  { method: 'GET', target: '/orders/7' },
  { method: 'HEAD', target: '/orders/7' },
  { method: 'POST', target: '/orders/7/refund', body: { amount: 5 } },
  { method: 'POST', target: '/orders/7/refund', body: { amount: 501 } },
  { method: 'POST', target: '/orders/7/refund', body: { amount: 'much' } },
  { method: 'GET', target: '/status' },
  { method: 'DELETE', target: '/orders/7' },
  { method: 'PUT', target: '/notes?tenant=t1' },
  { method: 'PUT', target: '/notes?tenant=t1&tenant=t2' },
  { method: 'PATCH', target: '/notes' },
  { method: 'GET', target: '/nothing' },
  { method: 'GET', target: '/orders/%2e%2e' },
];

/** What traffic gets: a status, and the code where the gateway refuses. */
async function sent(caller: Caller | null, { method, target, body }: (typeof REQUESTS)[number]): Promise<string> {
  const headers: Record<string, string> =
    caller === null ? {} : { authorization: `Bearer ${await issuer.sign({ ...caller })}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const reply = await ask({ port: running.https, ca: running.ca, method, path: target, headers, ...text });
  if (reply.status === 200) return 'permitted';
  return method === 'HEAD' ? String(reply.status) : (JSON.parse(reply.body) as { code: string }).code;
}

async function asked(caller: Caller | null, { method, target, body }: (typeof REQUESTS)[number]): Promise<string> {
  const { sub = '', tid, ...rest } = caller ?? {};
  const { decision, context } = await decide({
    subject:
      caller === null
        ? { type: 'anonymous', id: 'nobody' }
        : {
            type: 'user',
            id: sub,
            properties: { ...rest, issuer: FILE_ISSUER, ...(tid === undefined ? {} : { tenant: tid }) },
          },
    action: { name: method },
    resource: { type: 'route', id: target, properties: { host: 'localhost', ...(body === undefined ? {} : { body }) } },
  });
  if (decision) return 'permitted';
  const [status = ''] = Object.keys(context.reason_admin ?? {});
  return method === 'HEAD' ? status : (context.code ?? 'undecided');
}

test('for every caller and request the decision is what traffic meets', async () => {
  const outcomes: string[] = [];
  for (const caller of [null, ...CALLERS]) {
    for (const request of REQUESTS) {
      const [traffic, decision] = [await sent(caller, request), await asked(caller, request)];
      assert.equal(decision, traffic, `${caller?.sub ?? 'nobody'} ${request.method} ${request.target}`);
      outcomes.push(decision);
    }
  }
  // It saw both, and more than one sort of refusal.
  assert.ok(outcomes.filter((each) => each === 'permitted').length > 10);
  assert.ok(new Set(outcomes).size > 6, [...new Set(outcomes)].join());
});

test('a key of its own opens the decision point and nothing else; the admin key opens both, and nothing is free', async () => {
  const question = { subject: ADA, action: { name: 'GET' }, resource: ORDER };
  assert.equal((await post(question)).status, 200);
  assert.equal((await post(question, { key: await adminKey(running.folder) })).status, 200);
  for (const key of [null, 'x'.repeat(48), `${DECISION_KEY}x`]) {
    const refused = await post(question, { key });
    assert.equal(refused.status, 401);
    assert.match(String(refused.headers['www-authenticate']), /^Bearer/);
  }
  const headers = { authorization: `Bearer ${DECISION_KEY}` };
  for (const path of ['/v1/status', '/metrics', '/v1/revisions', '/openapi.json', '/nothing'])
    assert.equal((await ask({ port: running.admin, ca: running.ca, path, headers })).status, 401, path);
  const reload = await ask({ port: running.admin, ca: running.ca, method: 'POST', path: '/v1/reload', headers });
  assert.equal(reload.status, 401);
});

test('the client of the admin API asks with the key for decisions, and is told why there is none', async () => {
  const { admin: port, ca: caPem } = running;
  const question = { subject: ADA, action: { name: 'GET' }, resource: ORDER };
  const client = createAdminClient({ host: '127.0.0.1', port, caPem, key: DECISION_KEY });
  const answer = await client.decide(question);
  assert.ok(answer.ok);
  assert.equal(answer.value.decision, true);
  assert.equal((await client.status()).ok, false);
  assert.equal((await client.decide({ ...question, subject: 'ada' })).ok, false);
});

test('the metadata say where decisions are asked for, at the address that they were asked at', async () => {
  const { admin: port, ca } = running;
  const host = `localhost:${port}`;
  const reply = await ask({ port, ca, path: '/.well-known/authzen-configuration', headers: { host } });
  assert.equal(reply.status, 200);
  assert.deepEqual(JSON.parse(reply.body), {
    policy_decision_point: `https://${host}`,
    access_evaluation_endpoint: `https://${host}/access/v1/evaluation`,
    access_evaluations_endpoint: `https://${host}/access/v1/evaluations`,
  });
});

test('the id of a question comes back with its answer, and one that could not be sent does not', async () => {
  const question = { subject: ADA, action: { name: 'GET' }, resource: ORDER };
  const id = 'bfe9eb29-ab87-4ca3-be83-a1d5d8305716';
  assert.equal((await post(question, { headers: { 'x-request-id': id } })).headers['x-request-id'], id);
  assert.equal((await post('{', { headers: { 'x-request-id': id } })).headers['x-request-id'], id);
  const odd = await post(question, { headers: { 'x-request-id': 'x'.repeat(300) } });
  assert.match(String(odd.headers['x-request-id']), /^[0-9a-f-]{36}$/);
});

test('several questions share what they leave out, and end where they are told to', async () => {
  const resources = ['/orders/7', '/orders/7/refund', '/orders/8'].map((id) => ({
    resource: { ...ORDER, id },
    ...(id.endsWith('refund') ? { action: { name: 'POST' } } : {}),
  }));
  const decisions = async (semantic?: string): Promise<readonly boolean[]> => {
    const options = semantic === undefined ? {} : { options: { evaluations_semantic: semantic, other: 1 } };
    const reply = await post(
      { subject: ADA, action: { name: 'GET' }, evaluations: resources, ...options },
      { path: 'evaluations' },
    );
    assert.equal(reply.status, 200, reply.body);
    return (JSON.parse(reply.body) as { evaluations: readonly Answer[] }).evaluations.map(({ decision }) => decision);
  };
  assert.deepEqual(await decisions(), [true, false, true]);
  assert.deepEqual(await decisions('execute_all'), [true, false, true]);
  assert.deepEqual(await decisions('deny_on_first_deny'), [true, false]);
  assert.deepEqual(await decisions('permit_on_first_permit'), [true]);
  const single = await post({ subject: ADA, action: { name: 'GET' }, resource: ORDER }, { path: 'evaluations' });
  assert.equal((JSON.parse(single.body) as Answer).decision, true);
});

const ALICE = { type: 'user', id: 'alice' };
const BOB = { type: 'user', id: 'bob' };
const RECORD = { type: 'record', id: 'record-1' };

test('the decisions of the core of the certification scenario are made, by operations and the ids of objects', async () => {
  const one = async (subject: object, name: string, context?: object): Promise<boolean> =>
    (await decide({ subject, action: { name }, resource: RECORD, ...(context === undefined ? {} : { context }) }))
      .decision;
  assert.equal(await one(ALICE, 'read'), true);
  assert.equal(await one(ALICE, 'write'), true);
  assert.equal(await one(BOB, 'read'), true);
  assert.equal(await one(BOB, 'write'), false);
  assert.equal(await one(ALICE, 'read', { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1', source: 'x' }), true);
  const several = await post(
    { subject: BOB, resource: RECORD, evaluations: [{ action: { name: 'read' } }, { action: { name: 'write' } }] },
    { path: 'evaluations' },
  );
  const { evaluations } = JSON.parse(several.body) as { readonly evaluations: readonly Answer[] };
  assert.deepEqual(
    evaluations.map(({ decision }) => decision),
    [true, false],
  );
});

test('what is no question is 400, and is never taken for one', async () => {
  const whole = { subject: ALICE, action: { name: 'read' }, resource: RECORD };
  const malformed: readonly unknown[] = [
    '',
    '{',
    { ...whole, subject: undefined },
    { ...whole, action: {} },
    { ...whole, resource: { type: 'record' } },
    { ...whole, subject: 'alice' },
    { ...whole, action: { name: 123 } },
  ];
  for (const question of malformed) assert.equal((await post(question)).status, 400, JSON.stringify(question));
  assert.equal((await post(whole, { headers: { 'content-type': 'text/plain' } })).status, 400);
  const options = { options: { evaluations_semantic: 'some' } };
  assert.equal((await post({ ...whole, ...options }, { path: 'evaluations' })).status, 400);
  assert.equal((await post(`{"subject":"${'x'.repeat(1024 * 1024)}"}`)).status, 413);
});

test('a denial by hand holds for decisions at once, whether its issuer is told or not', async () => {
  const client = await adminClient(running);
  const question = { subject: ADA, action: { name: 'GET' }, resource: ORDER };
  const made = await client.addGrant(
    {
      ...{ effect: 'deny', kind: 'subject', issuer: 'acme', name: 'ada', reason: 'left' },
      ...{ roles: [], permissions: ['orders:read'], all: false, forMs: null },
    },
    'kim',
  );
  assert.ok(made.ok, made.ok ? '' : made.error);
  assert.equal((await decide(question)).decision, false);
  const untold = { type: 'user', id: 'ada', properties: { roles: ['customer'], tenant: 't1' } };
  assert.equal((await decide({ ...question, subject: untold })).decision, false);
  await client.removeGrant(made.value.id, 'kim');
  assert.equal((await decide(question)).decision, true);
});

test('a decision is recorded before it is given: who asked, who would do what, and by what it was decided', async () => {
  const refund = { type: 'route', id: '/orders/7/refund', properties: { host: 'localhost', body: { amount: 1 } } };
  const { context } = await decide({ subject: ADA, action: { name: 'POST' }, resource: refund });
  const folder = join(running.folder, 'data', 'ledger');
  const line = await until('the ledger holds the decision', async () => {
    const files = await readdir(folder);
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'latin1').catch(() => '')));
    return texts.flatMap((text) => text.split('\n')).find((each) => each.includes(context.id)) ?? null;
  });
  const record = JSON.parse(line.slice(line.indexOf('{'))) as Record<string, string>;
  assert.equal(record['author'], 'decision point');
  assert.equal(record['action'], 'decision.deny');
  assert.equal(record['target'], 'POST orders/POST /orders/{id}/refund');
  assert.match(record['before'] ?? '', /^[\w-]{22}$/);
  assert.doesNotMatch(line, /ada/);
  assert.equal((JSON.parse(record['after'] ?? '') as { code: string }).code, 'forbidden');
});

test('many batches at once are all answered, and what the operator does is recorded beside them', async () => {
  const evaluations = Array.from({ length: 100 }, () => ({}));
  const batch = { subject: ADA, action: { name: 'GET' }, resource: ORDER, evaluations };
  const replies = await Promise.all(Array.from({ length: 16 }, () => post(batch, { path: 'evaluations' })));
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
});
