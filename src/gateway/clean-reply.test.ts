import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { BANNERS } from '../base/index.ts';
import { PASS } from '../policy/index.ts';
import { bearers, request } from './cache-fixture.test.ts';
import {
  apiText,
  type Bench,
  codeOf,
  fieldsOf,
  gatheredOf,
  kindOf,
  replyText,
  snapshotOf,
  startBench,
  step,
} from './fixture.test.ts';
import { kindTable } from './kind-table.ts';

const GET = 'GET /v1/x HTTP/1.1\r\nhost: x.example\r\n\r\n';

/** A bench whose API has these keys besides, and whose upstream says these fields. */
async function saying(t: TestContext, fields: string | ((port: string) => string), keys = ''): Promise<Bench> {
  const bench = await startBench(t, { api: `routes: ['* /{rest...}']\n    basePath: /v1${keys}` });
  const lines = typeof fields === 'string' ? fields : fields(bench.upstream.url);
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('x', lines));
  return bench;
}

test('each cookie of a reply stands alone, in its order, hardened, and unsound ones are gone', async (t) => {
  const bench = await saying(
    t,
    'Set-Cookie: a=1\r\nx-a: 1\r\nset-cookie: b=2; Domain=evil.example\r\nSet-Cookie: c=3; Secure',
  );
  const { head } = await bench.ask(GET);
  assert.deepEqual(
    [...head.matchAll(/^set-cookie: (.*)\r$/gim)].map(([, value]) => value),
    ['a=1; HttpOnly; SameSite=Lax', 'c=3; HttpOnly; Secure; SameSite=Lax'],
  );
  assert.match(head, /\r\nx-a: 1\r\n/);
});

test('with `cookies: pass` they pass as they come', async (t) => {
  const bench = await saying(t, 'Set-Cookie: a=1; Domain=evil.example', '\n    cookies: pass');
  assert.match((await bench.ask(GET)).head, /\r\nSet-Cookie: a=1; Domain=evil.example\r\n/);
});

test('no upstream gives a browser a session of the gateway, whatever passes besides', async (t) => {
  const fields = 'set-cookie: __Host-portcullis-session=evil; Path=/; Secure\r\nset-cookie: a=1; Domain=evil.example';
  for (const keys of ['', '\n    cookies: pass']) {
    const bench = await saying(t, fields, keys);
    assert.doesNotMatch((await bench.ask(GET)).head, /portcullis-session/i);
  }
});

test('the names of exceptions are those of the API', async (t) => {
  const keys = '\n    cookies: { readable: [XSRF-TOKEN], crossSite: [b] }';
  const bench = await saying(t, 'set-cookie: XSRF-TOKEN=1\r\nset-cookie: b=2; secure', keys);
  const { head } = await bench.ask(GET);
  assert.match(
    head,
    /\r\nset-cookie: XSRF-TOKEN=1; SameSite=Lax\r\nset-cookie: b=2; HttpOnly; Secure; SameSite=None\r\n/,
  );
});

test('addresses of the upstream do not leave, and lead to their public place', async (t) => {
  const bench = await saying(
    t,
    (url) =>
      `Location: ${url}/x\r\ncontent-location: ${url}/y\r\nlink: <${url}/z>; rel=next\r\nrefresh: 0;url=${url}/r\r\nserver: s`,
  );
  const { headers, head } = await bench.ask(GET);
  assert.deepEqual(
    [headers['location'], headers['content-location'], headers['link'], headers['refresh'], headers['server']],
    ['/v1/x', '/v1/y', '</v1/z>; rel=next', '0;url=/v1/r', undefined],
  );
  assert.ok(!head.includes('127.0.0.1'));
});

test('with `locations: pass` they pass as they come', async (t) => {
  const bench = await saying(t, (url) => `Location: ${url}/x`, '\n    locations: pass');
  assert.equal((await bench.ask(GET)).headers['location'], `${bench.upstream.url}/x`);
});

for (const fields of [
  'location: //evil.example',
  'location: /\\evil.example',
  'location: javascript:alert(1)',
  'location: /a\r\nlocation: /b',
  'refresh: 0;url=//evil.example',
  'refresh: 0;url=/a\r\nrefresh: 0;url=/b',
]) {
  test(`a reply that says ${JSON.stringify(fields)} is refused, and says nothing of it`, async (t) => {
    const bench = await saying(t, fields);
    const reply = await bench.ask(GET);
    assert.deepEqual([reply.status, codeOf(reply)], [502, 'upstream-refused-location']);
    assert.doesNotMatch(`${reply.head}${reply.body}`, /evil|alert|\r\nlocation/i);
  });
}

test('a Content-Location that can be read in two ways is taken out', async (t) => {
  const bench = await saying(t, 'content-location: //evil.example');
  const { status, headers } = await bench.ask(GET);
  assert.deepEqual([status, headers['content-location']], [200, undefined]);
});

test('where destinations are listed a redirect elsewhere is refused', async (t) => {
  const keys = '\n    locations: { allow: [https://id.acme.example] }';
  const bench = await saying(t, 'location: https://id.acme.example/login', keys);
  assert.equal((await bench.ask(GET)).headers['location'], 'https://id.acme.example/login');
  const other = await saying(t, 'location: https://evil.example/login', keys);
  assert.equal((await other.ask(GET)).status, 502);
});

test('what a policy says of a redirect stands', async (t) => {
  const own = kindOf('p', {
    respond: step((_exchange, _reply, editor) => (editor.setHeader('location', '//own.example'), PASS)),
  });
  const bench = await startBench(t, { kinds: [own] });
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('x', `location: ${bench.upstream.url}/x`));
  assert.equal((await bench.ask(GET)).headers['location'], '//own.example');
});

test('every banner is taken out, in any case, and Via with them', async (t) => {
  const names = [...BANNERS];
  for (let at = 0; at < names.length; at += 60) {
    const lines = names.slice(at, at + 60).map((name) => `${name.toUpperCase()}: secret`);
    assert.doesNotMatch((await (await saying(t, lines.join('\r\n'))).ask(GET)).head, /secret/);
  }
});

test('with `banners: pass` they are passed on', async (t) => {
  const bench = await saying(
    t,
    'Server: s\r\nx-powered-by: p\r\nvia: 1.1 v\r\nx-request-id: own',
    '\n    banners: pass',
  );
  const { headers, head } = await bench.ask(GET);
  assert.deepEqual([headers['server'], headers['x-powered-by'], headers['via']], ['s', 'p', '1.1 v']);
  assert.ok(!head.includes('own'));
});

test('other names are taken out besides, and single ones are kept', async (t) => {
  const keys = '\n    banners: { also: [X-Node-Name], keep: [server] }';
  const bench = await saying(t, 'Server: s\r\nx-powered-by: p\r\nx-node-NAME: n\r\nx-other: o', keys);
  const { headers } = await bench.ask(GET);
  assert.deepEqual(
    [headers['server'], headers['x-powered-by'], headers['x-node-name'], headers['x-other']],
    ['s', undefined, undefined, 'o'],
  );
});

test('with `override` what is written down takes the place of what the upstream says', async (t) => {
  const said = 'frameOptions: SAMEORIGIN, permissionsPolicy: camera=(), cacheControl: no-store';
  const fields =
    'x-frame-options: ALLOWALL\r\npermissions-policy: camera=*\r\ncache-control: public\r\nreferrer-policy: unsafe-url';
  const own = await saying(t, fields, `\n    securityHeaders: { ${said}, override: true }`);
  const named = ({ headers }: Awaited<ReturnType<Bench['ask']>>): unknown[] =>
    ['x-frame-options', 'permissions-policy', 'cache-control', 'referrer-policy'].map((name) => headers[name]);
  assert.deepEqual(named(await own.ask(GET)), ['SAMEORIGIN', 'camera=()', 'public', 'unsafe-url']);
  const giving = await saying(t, fields, `\n    securityHeaders: { ${said} }`);
  assert.deepEqual(named(await giving.ask(GET)), ['ALLOWALL', 'camera=*', 'public', 'unsafe-url']);
});

test('with `override` what is kept of replies is written down for known callers alone', async (t) => {
  const keys = `\n    securityHeaders: { cacheControl: no-store, override: true }`;
  const bench = await startBench(t, { kinds: [bearers()], api: `routes: ['* /{rest...}']${keys}` });
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('x', 'cache-control: public'));
  const said = async (more: string): Promise<string | undefined> =>
    (await bench.ask(request('/x', more))).headers['cache-control'];
  assert.deepEqual([await said('authorization: Bearer ada\r\n'), await said('')], ['no-store', 'public']);
});

test('reports of a content policy are asked for as browsers read it', async (t) => {
  const policy = `{ policy: "default-src 'self'; report-to csp", reportOnly: true }`;
  const keys = `\n    securityHeaders: { contentSecurityPolicy: ${policy}, reportingEndpoints: 'csp="/reports"' }`;
  const { headers } = await (await saying(t, 'content-type: a/b', keys)).ask(GET);
  assert.deepEqual(
    ['content-security-policy-report-only', 'content-security-policy', 'reporting-endpoints'].map(
      (name) => headers[name],
    ),
    ["default-src 'self'; report-to csp", "default-src 'none'; frame-ancestors 'none'", 'csp="/reports"'],
  );
});

test('a stored reply is cleaned each time that it is given, for whoever asks', async (t) => {
  const keys = '\n    cache: { ttl: 60s }';
  const bench = await saying(t, (url) => `location: ${url}/x\r\nlink: <http://x.example/l>\r\nserver: s`, keys);
  for (let round = 0; round < 3; round++) {
    const { headers } = await bench.ask(GET);
    assert.deepEqual([headers['location'], headers['link'], headers['server']], ['/v1/x', '</v1/l>', undefined]);
  }
  assert.equal(bench.upstream.requests.length, 1);
  const { headers } = await bench.ask(GET.replace('x.example', 'y.example'));
  assert.equal(headers['link'], '<http://x.example/l>', 'it is another host’s there');
});

test('a head that addresses make larger than one may be is refused', async (t) => {
  const links = Array.from({ length: 2_000 }, () => '</>').join(',');
  const long = `/${'a'.repeat(60)}`;
  const bench = await startBench(t, { api: `routes: ['* /{rest...}']\n    basePath: ${long}` });
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('x', `link: ${links}`));
  assert.equal((await bench.ask(GET.replace('/v1', long))).status, 502);
});

test('a reply that has nothing of it is the object that it was', async (t) => {
  const bench = await saying(t, 'content-type: a/b\r\nserver: s');
  const api = bench.gateway.current?.apis[0];
  assert.ok(api !== undefined);
  const fields = fieldsOf(['content-type', 'a/b'], ['server', 's'], ['expires', '0']);
  const head = { fields } as unknown as Parameters<typeof api.cleaning.head>[0];
  assert.equal(api.cleaning.head(head, {} as never, true), head);
});

test('links of early hints lead as those of replies do, and too many of them are left out', async (t) => {
  const hinted = async (links: string, keys = '', base = '/v1'): Promise<string> => {
    const bench = await startBench(t, { api: `routes: ['* /{rest...}']\n    basePath: ${base}${keys}` });
    const value = links.replaceAll('URL', bench.upstream.url);
    bench.upstream.respond = ({ socket }) =>
      void socket.write(`HTTP/1.1 103 X\r\nlink: ${value}\r\n\r\n${replyText('x').toString()}`);
    const client = bench.client().send(GET.replace('/v1', base));
    const first = await client.reply();
    assert.equal(first.status === 103 ? (await client.reply()).status : first.status, 200);
    return (first.status === 103 ? first.headers['link'] : 'none')?.replaceAll(bench.upstream.url, 'URL') ?? '';
  };
  assert.equal(await hinted('<URL/a.css>; rel=preload, </b.js>'), '</v1/a.css>; rel=preload, </v1/b.js>');
  assert.equal(await hinted('<URL/a.css>', '\n    locations: pass'), '<URL/a.css>');
  const long = `/${'a'.repeat(60)}`;
  assert.equal(await hinted(Array.from({ length: 2_000 }, () => '</>').join(','), '', long), 'none');
});

test('a cookie of any target’s own name goes to the host that was asked for', async (t) => {
  const bench = await startBench(t);
  const canary = `canary: { targets: ['http://canary.internal:1'], percent: 1, by: request }`;
  const url = `{ targets: ['${bench.upstream.url}'], ${canary} }`;
  assert.ok(bench.install(apiText(url, [])));
  bench.upstream.respond = ({ socket }) =>
    void socket.write(replyText('x', 'set-cookie: a=1; Domain=canary.internal\r\nset-cookie: b=1; Domain=127.0.0.1'));
  const said = new Set<string>();
  for (let asked = 0; asked < 5; asked++) said.add((await bench.ask(GET)).headers['set-cookie'] ?? '');
  assert.ok(said.has('a=1; HttpOnly; SameSite=Lax, b=1; HttpOnly; SameSite=Lax'), [...said].join());
});

test('where targets are found while the gateway runs, what only an inner network has is the upstream’s', () => {
  const kinds = kindTable([]);
  const led = (upstream: string, location: string): unknown => {
    const [api] = snapshotOf(gatheredOf(apiText(upstream, []), kinds), kinds).apis;
    const { cleaning } = api ?? assert.fail('no API');
    const head = { fields: fieldsOf(['location', location]) } as unknown as Parameters<typeof cleaning.head>[0];
    const cleaned = cleaning.head(head, { host: 'x.example', port: null, peer: { tls: null } } as never, false);
    return typeof cleaned === 'string' ? cleaned : cleaned.fields.get('location');
  };
  const found = '{ discover: { file: /t.yaml } }';
  assert.equal(led(found, 'http://10.0.0.7:8080/x'), '/x');
  assert.equal(led(found, 'http://[fd00::7]/x'), '/x');
  assert.equal(led(found, 'http://8.8.8.8/x'), 'http://8.8.8.8/x');
  assert.equal(led('http://127.0.0.1:1', 'http://10.0.0.7:8080/x'), 'http://10.0.0.7:8080/x');
  const named = '{ discover: { dns: http://orders.example:3000 } }';
  assert.equal(led(named, 'http://orders.example:3000/x'), '/x');
});

test('banners of an upstream that speaks HTTP/2 are taken out', async (t) => {
  const server = createHttp2Server();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({
      ':status': 200,
      server: 'secret',
      'x-powered-by': 'secret',
      'alt-svc': 'h3="secret:443"',
      kept: '1',
    });
    stream.end('body');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => void server.close());
  const bench = await startBench(t);
  t.after(() => bench.gateway.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.ok(bench.install(apiText(`{ targets: ['${url}'], protocol: h2 }`, [])));
  const { status, headers, head } = await bench.ask(GET);
  assert.deepEqual([status, headers['kept']], [200, '1']);
  assert.doesNotMatch(head, /secret/);
});
