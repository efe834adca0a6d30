import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER } from './file-issuer.ts';
import { adminClient } from './admin.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const DECISION_KEY = 'k'.repeat(48);

let upstream: LocalServer;
let running: GatewayProcess;

/** Two issuers, keys and certificates, each with an operation that takes those callers alone, and one that signs in. */
const configuration = (url: string): string => `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0, decisions: { key: '\${file:./decisions.key}' } }
data: ./data
issuers:
  acme: { issuer: '${FILE_ISSUER}', audience: '${FILE_AUDIENCE}', jwks: ./keys.json }
  entra:
    issuer: https://entra.example
    audience: a
    login: { clientId: portcullis, clientSecret: '\${file:./decisions.key}' }
roles:
  customer: { can: ['orders:read'] }
sessions: { idle: 30m, absolute: 12h }
apis:
  orders:
    routes: ['GET /tokens', 'GET /keys', 'GET /page', 'GET /open', 'GET /mine']
    upstream: '${url}'
    auth: [acme]
    operations:
      GET /tokens: { needs: 'orders:read' }
      GET /keys: { auth: [api-key] }
      GET /page: { auth: [session, acme] }
      GET /open: { auth: public }
      GET /mine: { object: response.owner == principal.subject }
  inside:
    basePath: /inside
    routes: ['GET /things']
    upstream: '${url}'
    auth: [acme]
    operations:
      GET /things: { when: "inNetwork(address.ip, '10.0.0.0/8')" }
`;

before(async () => {
  const { keys } = await createFileIssuer();
  upstream = await startLocalServer((_asked, reply) => void reply.end('{}'));
  running = await startGateway(configuration(upstream.url), {
    beside: { 'keys.json': keys, 'decisions.key': DECISION_KEY },
  });
});

after(async () => {
  await running?.stop();
  upstream?.stop();
});

interface Answer {
  readonly decision: boolean;
  readonly context: {
    readonly code?: string;
    readonly operation?: string;
    readonly reason_admin: Readonly<Record<string, string>>;
  };
}

async function post(question: unknown, path = 'evaluation'): Promise<Reply> {
  return await ask({
    ...{ port: running.admin, ca: running.ca, method: 'POST', path: `/access/v1/${path}` },
    headers: { 'content-type': 'application/json', authorization: `Bearer ${DECISION_KEY}` },
    body: JSON.stringify(question),
  });
}

async function decide(question: unknown): Promise<Answer> {
  const reply = await post(question);
  assert.equal(reply.status, 200, reply.body);
  return JSON.parse(reply.body) as Answer;
}

const questionOf = (subject: object, id: string, properties: object = {}) => ({
  ...{ subject, action: { name: 'GET' } },
  resource: { type: 'route', id, properties },
});

const subjectOf = (type: string, properties: object = {}) => ({
  ...{ type, id: 'ada' },
  properties: { roles: ['customer'], ...properties },
});

test('callers whom an operation takes from nobody are refused, also where it is not told who vouches for them', async () => {
  const permitted = async (type: string, path: string): Promise<boolean> =>
    (await decide(questionOf(subjectOf(type), path))).decision;
  assert.equal(await permitted('user', '/tokens'), true);
  assert.equal(await permitted('service', '/tokens'), true);
  assert.equal(await permitted('certificate', '/tokens'), false);
  assert.equal(await permitted('key', '/tokens'), false);
  assert.equal(await permitted('user', '/keys'), false);
  assert.equal(await permitted('service', '/keys'), false);
  assert.equal(await permitted('certificate', '/keys'), false);
  assert.equal(await permitted('key', '/keys'), true);
  assert.equal(await permitted('user', '/page'), true);
  for (const type of ['user', 'service', 'certificate', 'key']) assert.equal(await permitted(type, '/open'), true);
});

test('whoever would be sent to sign in is not let in', async () => {
  const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const nobody = { type: 'anonymous', id: 'nobody' };
  const traffic = await ask({ port: running.https, ca: running.ca, path: '/page', headers });
  assert.equal(traffic.status, 303);
  assert.equal((await decide(questionOf(nobody, '/page', { headers }))).decision, false);
  assert.equal((await decide(questionOf(nobody, '/page'))).decision, false);
  assert.equal((await decide(questionOf(nobody, '/open', { headers }))).decision, true);
});

test('null in the place of a part of a question is not its default', async () => {
  const whole = questionOf(subjectOf('user'), '/tokens');
  for (const name of ['subject', 'action', 'resource', 'context']) {
    const several = await post({ context: {}, ...whole, evaluations: [{}, { [name]: null }] }, 'evaluations');
    assert.equal(several.status, 400, name);
    assert.equal((await post({ ...whole, [name]: null })).status, 400, name);
  }
  assert.equal((await post({ ...whole, evaluations: [{}] }, 'evaluations')).status, 200);
});

test('answers stay short, whatever is told of a caller', async () => {
  const long = 'r'.repeat(256);
  const roles = Array.from({ length: 1_000 }, (_, number) => `${number}${long}`.slice(0, 256));
  const evaluations = Array.from({ length: 100 }, () => ({}));
  const several = await post({ ...questionOf(subjectOf('user', { roles }), '/tokens'), evaluations }, 'evaluations');
  assert.equal(several.status, 200);
  assert.ok(several.body.length < 1_000_000, String(several.body.length));
  const [first] = (JSON.parse(several.body) as { readonly evaluations: readonly Answer[] }).evaluations;
  assert.match(first?.context.reason_admin['403'] ?? '', / and 980 more\) may not call /);
  for (const told of [{ roles: [`${long}r`] }, { scope: `a ${long}r` }, { permissions: [`${long}r`] }]) {
    const { decision, context } = await decide(questionOf(subjectOf('user', told), '/tokens'));
    assert.equal(decision, false);
    assert.match(context.reason_admin['403'] ?? '', /256 characters at most/);
  }
});

test('it is told where a permission is there, and the scopes of the credential leave it out', async () => {
  const reason = async (properties: object): Promise<string> =>
    (await decide(questionOf(subjectOf('user', properties), '/tokens'))).context.reason_admin['403'] ?? '';
  assert.match(
    await reason({ scope: 'other' }),
    /needs orders:read .*, and the scopes of their credential leave that out/,
  );
  assert.match(await reason({ roles: [], scope: 'other' }), /and nothing of what they are gives them that/);
});

test('it is not told of a reply without an object that the object is theirs, or that it is not', async () => {
  const reason = async (responseStatus: number): Promise<string> => {
    const response = { owner: 'bob' };
    const { context } = await decide(questionOf(subjectOf('user'), '/mine', { response, responseStatus }));
    return Object.values(context.reason_admin).join();
  };
  assert.match(await reason(200), /: the object is not theirs by the rule /);
  assert.match(await reason(206), /: the reply is none that the rule .* can be asked of/);
  assert.doesNotMatch(await reason(503), /theirs|taken out/);
});

test('whoever is kept out by hand is, but where nobody is asked who they are', async () => {
  const client = await adminClient(running);
  const denial = { effect: 'deny', kind: 'subject', issuer: 'acme', name: 'ada', reason: 'left' } as const;
  const made = await client.addGrant({ ...denial, roles: [], permissions: [], all: true, forMs: null }, 'kim');
  assert.ok(made.ok, made.ok ? '' : made.error);
  const told = subjectOf('user', { issuer: 'acme' });
  const answers = await Promise.all(['/tokens', '/open', '/nowhere'].map((path) => decide(questionOf(told, path))));
  assert.deepEqual(
    answers.map(({ decision, context }) => [decision, context.code ?? null, context.operation ?? null]),
    [
      [false, 'access-denied', 'orders/GET /tokens'],
      [true, null, 'orders/GET /open'],
      [false, 'not-found', null],
    ],
  );
  await client.removeGrant(made.value.id, 'kim');
  assert.equal((await decide(questionOf(told, '/tokens'))).decision, true);
});

test('the address is asked for where an API judges by it, and by others it is not', async () => {
  const asked = async (path: string, context: object = {}): Promise<boolean> =>
    (await decide({ ...questionOf(subjectOf('user', { issuer: 'acme' }), path), context })).decision;
  assert.equal(await asked('/inside/things'), false);
  assert.equal(await asked('/inside/things', { address: '192.0.2.1' }), false);
  assert.equal(await asked('/inside/things', { address: '10.0.0.1' }), true);
  assert.equal(await asked('/tokens'), true);
});
