import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminClient, askAdmin } from './admin.ts';
import { type Outcome, run } from './command.ts';
import { until } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';

const REPORTER = 'a bearer of those who report leaks';
const reporter = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PUBLIC_KEYS = JSON.stringify({
  public_keys: [
    {
      key_identifier: 'one',
      key: reporter.publicKey.export({ type: 'spki', format: 'pem' }),
      is_current: true,
    },
  ],
});
/** Each key that was made, so that at the end none of them stands anywhere. */
const keys: string[] = [];

let upstream: LocalServer;
let gateway: GatewayProcess;
/** The fields of the request that came to the upstream last. */
let arrived: Readonly<Record<string, unknown>> | null = null;

before(async () => {
  upstream = await startLocalServer((request, reply) => {
    arrived = request.headers;
    // A stream of events stays open until somebody ends it.
    if (request.url === '/events') reply.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    else reply.end('answered');
  });
  const { url } = upstream;
  gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: 2 }
admin: { port: 0 }
data: ./data
apiKeys: { leakReports: { publicKeys: ./reporters.json, bearer: '\${env:REPORTER}' } }
roles: { reader: { can: [orders:read] }, writer: { includes: [reader], can: [orders:create] } }
apis:
  orders:
    routes: [GET /orders, POST /orders, GET /events]
    upstream: '${url}'
    auth: [api-key]
    operations:
      GET /orders: { needs: [orders:read] }
      POST /orders: { needs: [orders:create] }
  bills:
    routes: [GET /bills]
    upstream: '${url}'
    auth: [api-key]
    apiKey: { header: x-bills-key }
`,
    { environment: { REPORTER }, beside: { 'reporters.json': PUBLIC_KEYS } },
  );
});

after(async () => {
  await gateway?.stop();
  upstream?.stop();
});

interface Made {
  readonly key: string;
  readonly report: { readonly id: string; readonly subject: string; readonly state: string };
}

/** What the admin API says of a change of keys. */
async function change(path: string, body?: object): Promise<{ readonly status: number; readonly json: unknown }> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(text.length) };
  const reply = await askAdmin(gateway, path, {
    method: 'POST',
    headers,
    ...(text === undefined ? {} : { body: text }),
  });
  return { status: reply.status, json: JSON.parse(reply.body) as unknown };
}

async function made(wish: object): Promise<Made> {
  const { status, json } = await change('/v1/keys', wish);
  assert.equal(status, 200, JSON.stringify(json));
  keys.push((json as Made).key);
  return json as Made;
}

function call(headers: Readonly<Record<string, string>>, path = '/orders', method = 'GET'): Promise<Reply> {
  arrived = null;
  return ask({ port: gateway.https, ca: gateway.ca, path, method, headers });
}

function codeOf({ status, body }: Reply): string {
  return status === 200 ? '200' : `${status} ${(JSON.parse(body) as { code: string }).code}`;
}

test('a key opens what its roles permit, and goes no further than the gateway', async () => {
  const { key, report } = await made({ name: 'reports', roles: ['reader'], subject: 'reporting', tenant: 'acme' });
  assert.match(key, /^pcl_live_[0-9a-z]{16}_[0-9A-Za-z]{49}$/);
  for (const headers of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }]) {
    assert.equal(codeOf(await call(headers)), '200');
    assert.equal(arrived?.['x-portcullis-subject'], 'reporting');
    assert.equal(arrived?.['x-portcullis-roles'], 'reader');
    assert.equal(arrived?.['x-portcullis-tenant'], 'acme');
    assert.ok(!JSON.stringify(arrived).includes(report.id), 'nothing of the key goes upstream');
    const refused = await call(headers, '/orders', 'POST');
    assert.equal(codeOf(refused), '403 forbidden');
    assert.equal(refused.headers['www-authenticate'], undefined, 'no token was shown, and none would do');
  }
});

const command = (...args: string[]): Promise<Outcome> =>
  run('node', [PROGRAM, 'keys', ...args, '--config', join(gateway.folder, 'portcullis.yaml')]);

test('a key is as good over HTTP/2', async () => {
  const { key } = await made({ name: 'reports', roles: ['reader'] });
  const session = connect(`https://localhost:${gateway.https}`, { ca: gateway.ca });
  const statusOf = (headers: Readonly<Record<string, string>>): Promise<number> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/orders', ...headers });
      stream.on('response', (reply) => resolve(Number(reply[':status'])));
      stream.on('error', reject);
      stream.resume().end();
    });
  try {
    assert.equal(await statusOf({ 'x-api-key': key }), 200);
    assert.equal(await statusOf({ authorization: `Bearer ${key}` }), 200);
    assert.equal(await statusOf({ 'x-api-key': key.toUpperCase() }), 401);
    assert.equal(await statusOf({ 'x-api-key': key, authorization: `Bearer ${key}` }), 400);
    assert.equal(await statusOf({}), 401);
  } finally {
    session.close();
  }
});

test('whatever is wrong with a key, the answer is the same', async () => {
  const { key } = await made({ name: 'bills', apis: ['bills'] });
  const far = await made({ name: 'far', addresses: ['198.51.100.0/24'] });
  const shown = [
    key,
    far.key,
    key.slice(0, -1),
    key.toLowerCase(),
    key.replace('pcl_live', 'pcl_test'),
    `${key.slice(0, 9)}${'0'.repeat(16)}${key.slice(25)}`,
    'x',
  ];
  const replies = await Promise.all(shown.map((text) => call({ 'x-api-key': text })));
  const said = replies.map(({ status, headers, body }) => {
    const { instance: _instance, ...problem } = JSON.parse(body) as Record<string, unknown>;
    return JSON.stringify([status, headers['www-authenticate'], problem]);
  });
  assert.equal(new Set(said).size, 1, said.join('\n'));
  assert.match(said[0] ?? '', /401.*ApiKey realm=.*invalid-api-key/);
  assert.equal(codeOf(await call({ 'x-bills-key': key }, '/bills')), '200');
});

test('two credentials are refused, and so is a key in a query', async () => {
  const { key } = await made({ name: 'reports', roles: ['reader'] });
  assert.equal(codeOf(await call({ 'x-api-key': key, authorization: `Bearer ${key}` })), '400 several-credentials');
  assert.equal(codeOf(await call({ 'x-api-key': key, authorization: 'Bearer a.b.c' })), '400 several-credentials');
  assert.equal(codeOf(await call({ 'x-api-key': `${key}, ${key}` })), '401 invalid-api-key');
  for (const query of [`api_key=${key}`, `access_token=${key}`, `x=${key}`]) {
    const asked = await call({}, `/orders?${query}`);
    assert.equal(codeOf(asked), '400 credential-in-query', query.slice(0, 12));
  }
});

test('a key that is revoked opens nothing in any thread when the answer is there', async () => {
  const { key, report } = await made({ name: 'short', roles: ['reader'] });
  for (let count = 0; count < 10; count++) assert.equal((await call({ 'x-api-key': key })).status, 200);
  assert.equal((await change(`/v1/keys/${report.id}/disable`)).status, 200);
  for (let count = 0; count < 10; count++) assert.equal((await call({ 'x-api-key': key })).status, 401);
  assert.equal((await change(`/v1/keys/${report.id}/enable`)).status, 200);
  for (let count = 0; count < 10; count++) assert.equal((await call({ 'x-api-key': key })).status, 200);
  for (const reason of ['', 'a%0Ab', 'a%E2%80%A8b', 'x'.repeat(201)])
    assert.equal((await change(`/v1/keys/${report.id}/revoke?reason=${reason}`)).status, 400, reason);
  assert.equal((await change(`/v1/keys/${report.id}/revoke?reason=lost`)).status, 200);
  for (let count = 0; count < 20; count++) assert.equal((await call({ 'x-api-key': key })).status, 401);
  assert.equal((await change(`/v1/keys/${report.id}/enable`)).status, 409);
});

test('a stream that a key opened ends when the key is revoked', async () => {
  const { key, report: facts } = await made({ name: 'streaming', roles: ['reader'] });
  arrived = null;
  const ended = ask({ port: gateway.https, ca: gateway.ca, path: '/events', headers: { 'x-api-key': key } }).then(
    () => 'ended',
    () => 'cut',
  );
  await until('the stream has begun', () => arrived !== null && 'x-portcullis-subject' in arrived);
  const early = await Promise.race([ended, delay(300, 'open')]);
  assert.equal(early, 'open');
  await change(`/v1/keys/${facts.id}/revoke`);
  assert.match(await ended, /ended|cut/);
});

test('the command makes keys, replaces them with an overlap and takes them back', async () => {
  const done = await command('create', '--name', 'nightly', '--role', 'reader', '--expires', '30d', '--owner', 'ada');
  assert.equal(done.code, 0, done.stderr);
  const old = done.stdout.trim();
  keys.push(old);
  assert.match(old, /^pcl_live_[0-9a-z]{16}_[0-9A-Za-z]{49}$/);
  assert.match(done.stderr, /nightly/);
  assert.equal((await call({ 'x-api-key': old })).status, 200);
  const [, , id = ''] = old.split('_');
  const rotated = await command('rotate', id, '--overlap', '1h');
  const next = rotated.stdout.trim();
  keys.push(next);
  assert.match(rotated.stderr, new RegExp(`takes the place of ${id}`));
  for (const key of [old, next]) assert.equal((await call({ 'x-api-key': key })).status, 200);
  assert.match((await command('show', id)).stdout, new RegExp(`replaced by *${next.split('_')[2]}`));
  assert.equal((await command('revoke', id, '--reason', 'done')).code, 0);
  assert.equal((await call({ 'x-api-key': old })).status, 401);
  assert.equal((await call({ 'x-api-key': next })).status, 200);
  const again = await command('rotate', next.split('_')[2] ?? '', '--overlap', '0s');
  keys.push(again.stdout.trim());
  assert.equal((await call({ 'x-api-key': next })).status, 401, 'without an overlap the old one ends');
  const listed = await command('list', '--state', 'revoked');
  assert.match(listed.stdout, new RegExp(id));
  const slip = await command('create', '--name', 'x', '--role', 'raeder');
  assert.equal(slip.code, 1);
  assert.match(slip.stderr, /roles\[0\]\s+the configuration in force has no "raeder"\s+did you mean "reader"\?/);
});

test('when a key was used last is known to the minute', async () => {
  const { key, report } = await made({ name: 'used', roles: ['reader'] });
  const client = await adminClient(gateway);
  const last = async (): Promise<number | null> => {
    const found = await client.keys.show(report.id);
    return found.ok ? (found.value?.lastUsedAt ?? null) : null;
  };
  assert.equal(await last(), null);
  await call({ 'x-api-key': key });
  await until('the use is known', async () => (await last()) !== null);
  const at = (await last()) ?? 0;
  assert.ok(Math.abs(Date.now() - at) < 120_000 && at % 60_000 === 0, String(at));
});

interface Answer {
  readonly token_hash: string;
  readonly token_type: string;
  readonly label: string;
}

function report(body: string, headers: Readonly<Record<string, string>>): Promise<Reply> {
  const path = '/.portcullis/leaks/api-keys';
  const type = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  return ask({ port: gateway.https, ca: gateway.ca, method: 'POST', path, body, headers: { ...type, ...headers } });
}

test('a key that a scanner reports is revoked at once, and nobody else can report one', async () => {
  const { key, report: facts } = await made({ name: 'lost', roles: ['reader'] });
  const stranger = key.slice(0, -7) + (key.at(-7) === 'x' ? 'y' : 'x') + key.slice(-6);
  const entry = (token: string) => ({
    token,
    type: 'portcullis_key',
    url: `https://example/${token}`,
    source: 'commit',
  });
  const body = JSON.stringify([entry(key), entry(stranger), entry('x-header: nothing of ours')]);
  const signature = sign('sha256', Buffer.from(body), reporter.privateKey).toString('base64');
  const signed = { 'github-public-key-identifier': 'one', 'github-public-key-signature': signature };
  for (const proof of [
    {},
    { authorization: `Bearer ${REPORTER}x` },
    { authorization: `Bearer ${key}` },
    { ...signed, 'github-public-key-identifier': 'two' },
    { ...signed, 'github-public-key-signature': `A${signature.slice(1)}` },
  ]) {
    assert.equal((await report(body, proof as Record<string, string>)).status, 401);
  }
  assert.equal((await report(`${body} `, signed)).status, 401, 'another body');
  assert.equal((await call({ 'x-api-key': key })).status, 200);
  const reply = await report(body, signed);
  assert.equal(reply.status, 200);
  const answers = JSON.parse(reply.body) as readonly Answer[];
  assert.deepEqual(
    answers.map(({ label }) => label),
    ['true_positive', 'false_positive', 'false_positive'],
  );
  assert.equal(answers[0]?.token_hash, createHash('sha256').update(key).digest('hex'));
  for (let count = 0; count < 20; count++) assert.equal((await call({ 'x-api-key': key })).status, 401);
  const shown = await command('show', facts.id);
  assert.match(shown.stdout, /revoked since .*, by leak report/);
  const alerts = await askAdmin(gateway, '/v1/alerts');
  assert.match(alerts.body, new RegExp(`"kind":"api-key.leaked","key":"${facts.id}"`));
  const again = await report(JSON.stringify([entry(key)]), { authorization: `Bearer ${REPORTER}` });
  assert.equal((JSON.parse(again.body) as readonly Answer[])[0]?.label, 'true_positive');
});

test('reports are bounded, and of one form', async () => {
  const proof = { authorization: `Bearer ${REPORTER}` };
  for (const body of [
    '',
    '{}',
    '[1]',
    '[{"token":1}]',
    '[{}]',
    'x',
    `[${'{"token":"a"},'.repeat(1_000)}{"token":"a"}]`,
  ])
    assert.match(codeOf(await report(body, proof)), /^400 /, body.slice(0, 20));
  assert.equal(codeOf(await report(JSON.stringify([{ token: 'x'.repeat(1_100_000) }]), proof)), '413 body-too-large');
  assert.equal(codeOf(await report('[]', { ...proof, 'content-type': 'text/plain' })), '415 unsupported-media-type');
  assert.equal((await report('[]', proof)).status, 200);
});

test('every change stands in the ledger, and no key stands anywhere', async () => {
  const audit = await run('node', [
    PROGRAM,
    'audit',
    'show',
    '--last',
    '500',
    '--config',
    join(gateway.folder, 'portcullis.yaml'),
  ]);
  for (const action of ['key.create', 'key.rotate', 'key.revoke', 'key.disable', 'key.enable', 'key.leaked'])
    assert.match(audit.stdout, new RegExp(action.replace('.', '\\.')), action);
  const folder = join(gateway.folder, 'data');
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  const everything = [...texts, gateway.said(), audit.stdout, (await askAdmin(gateway, '/v1/alerts')).body].join('\n');
  assert.ok(keys.length > 10);
  for (const key of keys) assert.ok(!everything.includes(key.slice(26)), 'the secret of a key was written somewhere');
});
