import assert from 'node:assert/strict';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { after, before, test } from 'node:test';
import { createOfflineKinds } from '../../src/main/kinds.ts';
import { askPlainly, gatherText, type InnerGateway, type PlainReply, startInner } from './inner-gateway.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

/** What came to the upstream, in order. */
interface Arrived {
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

const arrivals: Arrived[] = [];
let upstreams: readonly LocalServer[];
let gateway: InnerGateway;

const CONFIG = (url: string, other: string): string => `version: 1
apis:
  users:
    routes:
      - GET /v1/users/{id}
      - GET /v1/files/{rest...}
      - GET /v1/x{id}
      - GET /v1/plain
      - GET /old/{id}
      - GET /moved/{rest...}
      - GET /here/{id}
      - GET /fixed
      - GET /page
      - GET /gone
      - GET /closed
    host: users.example
    basePath: /api
    upstream: { targets: ['${url}/internal', '${other}/internal'], balance: round-robin }
    auth: public
    rewrite:
      query: { remove: [debug], rename: { q: search }, set: { via: 'g w' } }
      request: { remove: [X-Debug], set: { X-Team: 'orders {request.id}', X-Caller: '{principal.subject}' } }
      response: { remove: [x-internal], set: { X-Frame-Options: SAMEORIGIN }, add: { Vary: [x-team, x-other] } }
    operations:
      GET /v1/users/{id}:
        rewrite: { path: '/people/{id}/card', host: people.internal:8080, request: { set: { X-User: '<{params.id}>' } } }
      GET /v1/files/{rest...}: { rewrite: { path: '/store/{rest...}', host: '{request.host}' } }
      GET /v1/x{id}: { rewrite: { path: '/y/{id}', query: { set: { id: '{params.id}' } } } }
      GET /old/{id}: { redirect: 'https://new.example:8443/users/{id}' }
      GET /moved/{rest...}: { redirect: { to: 'https://new.example/{rest...}?from=old', status: 302 } }
      GET /here/{id}: { redirect: { to: '/there/{id}', status: 307, query: drop } }
      GET /fixed: { respond: { body: 'User-agent: *', headers: { Cache-Control: max-age=60 } } }
      GET /page: { respond: { status: 404, bodyFile: ./page.html, contentType: text/html } }
      GET /gone: { respond: { status: 410 } }
      GET /closed: { maintenance: { message: 'Back at noon', retryAfter: 90s } }
  shut:
    host: shut.example
    routes: [GET /a, GET /open]
    upstream: '${url}'
    auth: public
    maintenance: { allow: { addresses: [192.0.2.0/24] } }
    operations: { GET /open: { maintenance: off } }
  let-in:
    host: let-in.example
    routes: [GET /a]
    upstream: '${url}'
    auth: public
    maintenance: { allow: { addresses: [127.0.0.0/8] } }
`;

before(async () => {
  const answer: RequestListener = (request, response) => {
    arrivals.push({ target: request.url ?? '', headers: request.headers });
    response.setHeader('x-internal', 'secret');
    response.setHeader('vary', 'accept');
    request.resume().on('end', () => response.end('{}'));
  };
  upstreams = [await startLocalServer(answer), await startLocalServer(answer)];
  const [one = '', other = ''] = upstreams.map(({ url }) => url);
  const gathered = await gatherText(CONFIG(one, other), { 'page.html': '<p>gone</p>' });
  gateway = await startInner(gathered, createOfflineKinds());
});

after(async () => {
  await gateway.stop();
  for (const upstream of upstreams) upstream.stop();
});

/** Asks, and says what came to the upstream with that: one request or none. */
async function ask(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly reply: PlainReply; readonly arrived: Arrived | null }> {
  arrivals.length = 0;
  const host = { host: 'users.example' };
  const reply = await askPlainly(gateway.port, { method: 'GET', path, headers: { ...host, ...headers } });
  assert.ok(arrivals.length <= 1);
  return { reply, arrived: arrivals[0] ?? null };
}

test('a path is written anew from its parameters, behind the prefix of the upstream and without the base path', async () => {
  const { reply, arrived } = await ask('/api/v1/users/%41%2B7?a=1&debug=2&q=%26&c');
  assert.equal(reply.status, 200);
  assert.equal(arrived?.target, '/internal/people/A+7/card?a=1&search=%26&c&via=g%20w');
  assert.equal(arrived.headers.host, 'people.internal:8080');
  assert.equal(arrived.headers['x-user'], '<A%2B7>');
  // The operation's edits of the request take the place of the API's.
  assert.equal(arrived.headers['x-team'], undefined);
});

test('several segments go on as several, and what was encoded in them stays so', async () => {
  const { arrived } = await ask('/api/v1/files/a/b%2520c/%C3%A9/');
  assert.equal(arrived?.target, '/internal/store/a/b%2520c/%C3%A9/?via=g%20w');
  assert.equal(arrived.headers.host, 'users.example');
  assert.equal((await ask('/api/v1/files/')).arrived?.target, '/internal/store/?via=g%20w');
});

test('no value makes another segment, a dot segment, a query or a line', async () => {
  for (const value of ['%3Fa=b', '%23x', '%3B', '%25', '%252e%252e', '%25%32%66', '%E2%80%AE', "'()*!$&,=:@"]) {
    const { arrived } = await ask(`/api/v1/users/${value}`);
    const [path = ''] = arrived?.target.split('?') ?? [];
    assert.equal(path.split('/').length, 5, value);
    assert.equal(decodeURIComponent(path.split('/')[3] ?? ''), decodeURIComponent(value));
  }
  for (const value of ['%2F', '%5C', '%0d%0aX-A:%201', '..', '%2e%2e'])
    assert.deepEqual([(await ask(`/api/v1/users/${value}`)).arrived], [null], value);
  for (const path of ['/api/v1/x..', '/api/v1/x.', '/api/v1/x..%251']) {
    const { reply, arrived } = await ask(path);
    assert.deepEqual([reply.status, arrived], [400, null], path);
    assert.match(reply.body, /dot-segment/);
  }
  assert.equal((await ask('/api/v1/x...?id=8')).arrived?.target, '/internal/y/...?id=...');
});

test('fields of requests and replies are set, added and taken away, and a caller nobody knows leaves no field', async () => {
  const { reply, arrived } = await ask('/api/v1/plain', { 'X-Debug': '1', 'X-Team': 'forged', 'X-Caller': 'root' });
  assert.equal(arrived?.target, '/internal/v1/plain?via=g%20w');
  assert.equal(arrived.headers['x-debug'], undefined);
  assert.equal(arrived.headers['x-caller'], undefined);
  assert.equal(arrived.headers['x-team'], `orders ${String(reply.headers['x-request-id'])}`);
  assert.equal(reply.headers['x-internal'], undefined);
  assert.equal(reply.headers['x-frame-options'], 'SAMEORIGIN');
  assert.equal(reply.headers['vary'], 'accept, x-team, x-other');
});

test('a parameter that is taken out reaches no server, however it is written', async () => {
  for (const query of ['debug=1', 'debug', '%64ebug=1', 'a;debug=1', 'debug=1&debug=2', 'via=x&via'])
    assert.match((await ask(`/api/v1/plain?${query}`)).arrived?.target ?? '', /\/plain\?(a&)?via=g%20w$/, query);
  // What a client sends under the name that another parameter gets would stand beside it.
  assert.match((await ask('/api/v1/plain?q=1&search=2')).arrived?.target ?? '', /\?search=1&via/);
});

test('redirects lead to a fixed host, with parameters encoded', async () => {
  const to = async (path: string): Promise<unknown> => {
    const { reply, arrived } = await ask(path);
    assert.equal(arrived, null);
    return [reply.status, reply.headers['location'], reply.body];
  };
  assert.deepEqual(await to('/api/old/7?a=b&c'), [308, 'https://new.example:8443/users/7?a=b&c', '']);
  assert.deepEqual(await to('/api/old/@evil.example'), [308, 'https://new.example:8443/users/@evil.example', '']);
  assert.deepEqual(await to('/api/moved/a/%3Fb?x=1'), [302, 'https://new.example/a/%3Fb?from=old&x=1', '']);
  assert.deepEqual(await to('/api/moved/'), [302, 'https://new.example/?from=old', '']);
  assert.deepEqual(await to('/api/here/%252Fevil.example?x=1'), [307, '/there/%252Fevil.example', '']);
});

test('fixed replies come from the configuration or from a file, and HEAD gets their head', async () => {
  const fixed = await ask('/api/fixed');
  const { headers } = fixed.reply;
  assert.deepEqual([fixed.reply.status, fixed.reply.body, fixed.arrived], [200, 'User-agent: *', null]);
  assert.deepEqual([headers['content-type'], headers['cache-control']], ['text/plain; charset=utf-8', 'max-age=60']);
  const page = await ask('/api/page');
  assert.deepEqual(
    [page.reply.status, page.reply.body, page.reply.headers['content-type']],
    [404, '<p>gone</p>', 'text/html'],
  );
  assert.equal((await ask('/api/gone')).reply.status, 410);
  const head = await askPlainly(gateway.port, {
    method: 'HEAD',
    path: '/api/page',
    headers: { host: 'users.example' },
  });
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [404, '11', '']);
});

test('what is closed for maintenance says for how long, and lets those pass who may', async () => {
  const closed = await ask('/api/closed');
  assert.deepEqual([closed.reply.status, closed.reply.headers['retry-after'], closed.arrived], [503, '90', null]);
  const problem = JSON.parse(closed.reply.body) as { type: string; detail: string };
  assert.match(problem.type, /under-maintenance$/);
  assert.equal(problem.detail, 'Back at noon');
  const shut = await ask('/a', { host: 'shut.example' });
  assert.deepEqual([shut.reply.status, shut.reply.headers['retry-after'], shut.arrived], [503, '300', null]);
  assert.equal((await ask('/open', { host: 'shut.example' })).reply.status, 200);
  assert.equal((await ask('/a', { host: 'let-in.example' })).reply.status, 200);
});
