import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../base/index.ts';
import { kindTable } from '../gateway/index.ts';
import { FOLDER, runIn, SOUND, surroundings } from './fake-context.test.ts';

test('a request that passes is shown with its operation, parameters, canonical form and upstream', async () => {
  const { code, out, complaints } = await runIn(surroundings(), 'explain', 'GET', '/v1/orders/%41?a=%7e');
  assert.deepEqual([code, complaints], [0, '']);
  for (const line of [
    /^GET \/v1\/orders\/%41\?a=%7e$/m,
    /^ {2}host +localhost$/m,
    /^ {2}target +\/v1\/orders\/A\?a=~ \(canonical form\)$/m,
    /^ {2}API +orders \(line 3\)$/m,
    /^ {2}operation +orders\/GET \/orders\/\{id\}: GET \/v1\/orders\/\{id\}$/m,
    /^ {2}parameters +id = "A"$/m,
    /^ {2}signing in +not needed: public$/m,
    /^ {2}policies +none$/m,
    /^ {2}upstream +GET http:\/\/127\.0\.0\.1:3001\/internal\/orders\/A\?a=~$/m,
    /^Passes: it goes upstream/m,
  ]) {
    assert.match(out, line);
  }
});

test('those who see the reply are named', async () => {
  const around = surroundings();
  const respond = { reads: { request: 'none', response: 'raw' }, run: () => ({ kind: 'pass' }) as const } as const;
  const leaks = {
    ...{ kind: 'leaks', summary: 'leaks', schema: null, sources: () => [] },
    compile: (_config: never, at: { readonly operations: readonly { readonly id: string }[] }) =>
      ok(new Map(at.operations.map(({ id }) => [id, id.includes('{id}') ? { respond } : {}]))),
  };
  around.kinds = new Map([...around.kinds, ...kindTable([leaks])]);
  around.files.put(`${FOLDER}/portcullis.yaml`, SOUND.replace('auth: public', 'auth: public\n    leaks: default'));
  const replyRow = async (path: string) =>
    / {2}reply +(.*)$/m.exec((await runIn(around, 'explain', 'GET', path)).out)?.[1];
  assert.equal(await replyRow('/v1/orders/7'), 'seen by orders/leaks');
  assert.equal(await replyRow('/v1/orders'), undefined);
});

const REFUSED = [
  ['GET', '/v1/orders/../customers', /Refused: 400 dot-segment \(Dot segment in path\)/],
  ['GET', '/v1/customers', /Refused: 404 not-found/],
  ['DELETE', '/v1/orders', /Refused: 405 method-not-allowed[^]*Allow: GET, HEAD, POST/],
  ['GET', 'https://localhost:8443/v1/orders#x', /Refused: 400 malformed-target/],
  ['GET', 'https://not a host/v1/orders', /Refused: 400 invalid-host/],
] as const;

for (const [method, url, words] of REFUSED) {
  test(`explain ${method} ${url} says with which code it is refused, and exits 1`, async () => {
    const { code, out } = await runIn(surroundings(), 'explain', method, url);
    assert.equal(code, 1);
    assert.match(out, words);
  });
}

test('a path alone is asked of the first API’s host, a URL of its own', async () => {
  const around = surroundings(SOUND.replace('basePath', 'host: api.acme.example\n    basePath'));
  assert.equal((await runIn(around, 'explain', 'GET', '/v1/orders')).code, 0);
  assert.match(
    (await runIn(around, 'explain', 'GET', 'https://API.acme.example:8443/v1/orders')).out,
    /host +api\.acme\.example\n/,
  );
  assert.match(
    (await runIn(around, 'explain', 'GET', 'https://other.example/v1/orders')).out,
    /421 misdirected-request/,
  );
});

test('of a URL over plain http it is said what the plain port does', async () => {
  const said = await runIn(surroundings(), 'explain', 'GET', 'http://localhost/v1/orders');
  assert.match(said.out, /plain http +over plain http, GET and HEAD without credentials are sent on to https \(308\)/);
  const off = surroundings(`${SOUND}server: { http: off }\n`);
  assert.match(
    (await runIn(off, 'explain', 'GET', 'http://localhost/v1/orders')).out,
    /nothing listens for plain http/,
  );
});

test('with --json the explanation is data', async () => {
  const { code, out } = await runIn(surroundings(), 'explain', 'POST', '/v1/orders', '--json');
  const { route, verdict } = JSON.parse(out) as {
    route: { operation: string; bodyLimitBytes: number };
    verdict: unknown;
  };
  assert.deepEqual([code, route.operation, route.bodyLimitBytes], [0, 'orders/POST /orders', 16_384]);
  assert.equal((verdict as { kind: string }).kind, 'pass');
});

test('with --json a refusal by routing tells what is allowed', async () => {
  const { code, out } = await runIn(surroundings(), 'explain', 'DELETE', '/v1/orders', '--json');
  const { verdict } = JSON.parse(out) as { verdict: Record<string, unknown> };
  assert.deepEqual(
    [code, verdict['kind'], verdict['status'], verdict['code']],
    [1, 'refused', 405, 'method-not-allowed'],
  );
  assert.deepEqual(verdict['allow'], ['GET', 'HEAD', 'POST']);
});

test('the size of a body is told as such, also where there are limits on how often', async () => {
  const limited = surroundings(SOUND.replace('basePath', 'limit: [100/min per address]\n    basePath'));
  const { out } = await runIn(limited, 'explain', 'POST', '/v1/orders');
  assert.match(out, /^ {2}body +at most 16384 bytes$/m);
});

test('whether a reply may be stored is told, and for whom', async () => {
  const stored = surroundings(SOUND.replace('basePath', 'cache: { per: everybody }\n    basePath'));
  const words = /^ {2}cache +a reply that may be stored is given again, to everybody$/m;
  assert.match((await runIn(stored, 'explain', 'GET', '/v1/orders')).out, words);
  assert.doesNotMatch((await runIn(stored, 'explain', 'POST', '/v1/orders')).out, /cache/);
  assert.doesNotMatch((await runIn(surroundings(SOUND), 'explain', 'GET', '/v1/orders')).out, /cache/);
});

const CHAT = SOUND.replace("'POST /orders': { body: 16KiB }", "'GET /orders': { websocket: on }");

test('a URL of a WebSocket is asked as one, and the page’s origin counts', async () => {
  const url = 'wss://localhost/v1/orders';
  const passed = await runIn(surroundings(CHAT), 'explain', 'GET', url);
  assert.equal(passed.code, 0, passed.complaints);
  assert.match(passed.out, /^Passes: it goes upstream, and asks for WebSocket there\.$/m);
  const refused = await runIn(surroundings(CHAT), 'explain', 'GET', url, '--header', 'origin: https://evil.example');
  assert.equal(refused.code, 1);
  assert.match(refused.out, /^Refused: 403 origin-refused/m);
  const own = await runIn(surroundings(CHAT), 'explain', 'GET', url, '--header', 'Sec-WebSocket-Version: 8');
  assert.match(own.out, /^Refused: 400 invalid-upgrade/m, 'what is said is not said again');
  const plain = await runIn(surroundings(CHAT), 'explain', 'GET', 'https://localhost/v1/orders');
  assert.match(plain.out, /^Passes: it goes upstream\.$/m);
  assert.match((await runIn(surroundings(CHAT), 'explain', 'GET', 'ws://localhost/v1/orders')).out, /over plain http/);
});

const PAGES = SOUND.replace('basePath', 'cors: { origins: [https://app.example] }\n    basePath');

test('a preflight is shown as what it asks for, and whether it is answered', async () => {
  const asked = (origin: string, method: string) =>
    runIn(
      surroundings(PAGES),
      ...['explain', 'OPTIONS', '/v1/orders', '--header', `origin: ${origin}`],
      ...['--header', `access-control-request-method: ${method}`],
    );
  const answered = await asked('https://app.example', 'POST');
  assert.equal(answered.code, 0, answered.complaints);
  assert.match(answered.out, /operation +orders\/POST \/orders:[^]*^Answered by orders\/cors: 204\.$/m);
  const refused = await asked('https://evil.example', 'POST');
  assert.equal(refused.code, 1);
  assert.match(refused.out, /^Refused: 403 preflight-refused[^]*rule origins/m);
  assert.match((await asked('https://app.example', 'DELETE')).out, /^Refused: 405 method-not-allowed[^]*Allow: GET/m);
});

test('tests of a configuration can ask for WebSocket too', async () => {
  const asked = (origin: string, expect: string): string =>
    `  - { do: GET wss://localhost/v1/orders, with: { headers: { origin: '${origin}' } }, expect: ${expect} }\n`;
  const tests = `tests:\n${asked('https://localhost', 'pass')}${asked('https://evil.example', 'origin-refused')}`;
  const { code, out, complaints } = await runIn(surroundings(`${CHAT}${tests}`), 'check');
  assert.equal(code, 0, complaints);
  assert.match(out, /2 tests of the configuration: all passed/);
});

test('a request comes from the address that is said, in tests of a configuration too', async () => {
  const tests = `tests:
  - { do: GET /v1/orders, from: 192.0.2.7, expect: access-denied }
  - { do: GET /v1/orders, from: 198.51.100.7, expect: pass }
  - { do: GET /v1/orders, expect: pass }
`;
  const around = surroundings(`${SOUND}deny: { addresses: [192.0.2.0/24] }\n${tests}`);
  const { code, out, complaints } = await runIn(around, 'check');
  assert.equal(code, 0, `${out}${complaints}`);
  const denied = await runIn(around, 'explain', 'GET', '/v1/orders', '--from', '192.0.2.7');
  assert.match(denied.out, /^Refused: 403 access-denied/m);
  assert.match((await runIn(around, 'explain', 'GET', '/v1/orders')).out, /^Passes/m);
  const nobody = await runIn(around, 'explain', 'GET', '/v1/orders', '--from', 'office');
  assert.deepEqual(
    [nobody.code, nobody.complaints],
    [2, 'portcullis: --from takes an IP address such as 192.0.2.7.\n'],
  );
});

const UNUSABLE = [
  [['GET', 'orders'], /"orders" is neither a path such as \/orders\/7 nor an http, https or wss URL/],
  [['get', '/v1/orders'], /methods are case-sensitive; write "GET"/],
  [['GET', 'https://ada:hunter2@localhost/'], /holds a user name or password/],
] as const;

for (const [argv, words] of UNUSABLE) {
  test(`explain ${argv[0]} ${argv[1].slice(0, 20)} is no question, and exits 2`, async () => {
    const { code, out, complaints } = await runIn(surroundings(), 'explain', ...argv);
    assert.deepEqual([code, out], [2, '']);
    assert.match(complaints, words);
    assert.doesNotMatch(complaints, /hunter2/);
  });
}

test('an unusable configuration is told with all its issues', async () => {
  const { code, complaints } = await runIn(surroundings('apis: {}'), 'explain', 'GET', '/');
  assert.equal(code, 2);
  assert.match(complaints, /portcullis\.yaml:1:1[^]*The configuration can't be used: 2 errors/);
});

test('nothing is asked of the file system but the configuration', async () => {
  const around = surroundings();
  await runIn(around, 'explain', 'GET', '/v1/orders');
  assert.deepEqual([...around.files.held.keys()], [`${FOLDER}/portcullis.yaml`]);
});

test('a call of a third party is asked of with --egress, and what is written of secrets is their places', async () => {
  const text = `${SOUND}egress:
  callers: any
  parties:
    pay:
      url: https://api.pay.example/v1
      allow: ['GET /charges/{id}']
      secret: { header: authorization, value: 'Bearer \${env:PAY}' }
`;
  const around = surroundings(text);
  const { out, complaints } = await runIn(around, 'explain', '--egress', 'GET', '/pay/charges/7');
  assert.equal(complaints, '');
  assert.match(out, /third party +pay \(line \d+\)/);
  assert.match(out, /upstream +GET https:\/\/api\.pay\.example\/v1\/charges\/7/);
  assert.match(out, /secrets +header authorization/);
  assert.match((await runIn(around, 'explain', 'GET', '/pay/charges/7')).out, /404 not-found/);
});
