import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { request } from 'node:https';
import { text as textOf } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { listOf, locationOf } from './browser-client.ts';
import { eventually } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { followSignIn } from './openid-provider.ts';
import { type SessionScene, startSessionScene } from './session-scene.ts';

/** A provider, an API that tells what it was told, and the gateway between browsers and it. */
let scene: SessionScene;

before(async () => {
  scene = await startSessionScene({
    answer: (request, response) => {
      if (request.url === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
        return;
      }
      if (request.url === '/give')
        response.setHeader('set-cookie', ['__Host-portcullis-session=x; Secure; Path=/', 'a=1']);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(request.headers));
    },
    keys: "roles: { customer: { can: ['orders:read'] }, admin: { can: ['admin:all'] } }\n",
    apis: (upstream) => `  shop:
    routes: ['GET /', 'GET /orders', 'POST /orders', 'GET /give', 'GET /admin', 'GET /events', 'GET /strong']
    upstream: '${upstream}'
    auth: [session]
    operations:
      GET /orders: { needs: orders:read }
      GET /admin: { needs: admin:all }
      GET /strong: { assurance: { acr: [strong] } }
  mixed:
    routes: ['GET /mixed']
    upstream: '${upstream}'
    auth: [acme, session]
  open:
    routes: ['GET /open']
    upstream: '${upstream}'
    auth: public
`,
  });
});

after(() => scene.stop());

function codeOf({ status, body }: Reply): string {
  return `${status} ${String((JSON.parse(body) as Record<string, unknown>)['code'])}`;
}

test('who opens a page signs in at the provider, comes back to it, and the API is told who they are', async () => {
  const ada = scene.browser();
  assert.equal(await ada.signIn('/orders?page=2'), `${ada.origin}/orders?page=2`);
  const reply = await ada.navigate('/orders?page=2');
  assert.equal(reply.status, 200, reply.body);
  const told = JSON.parse(reply.body) as Record<string, unknown>;
  assert.equal(told['x-portcullis-subject'], 'ada');
  assert.equal(told['x-portcullis-roles'], 'customer');
  assert.equal(told['cookie'], undefined, 'the session is of no use to anybody else');
  assert.equal((await ada.navigate('/admin')).status, 403);
});

test('cookies of the API itself go on byte for byte, and its reply can not give out a session', async () => {
  const ada = scene.browser();
  await ada.signIn('/');
  const { session } = ada;
  const headers = { cookie: `a="x, y";b = 2; __Host-portcullis-session=${session}; c=3` };
  const told = JSON.parse((await ada.ask('/', { headers })).body) as Record<string, unknown>;
  assert.equal(told['cookie'], 'a="x, y";b = 2; c=3');
  const given = await ada.navigate('/give');
  assert.deepEqual(
    listOf(given.headers['set-cookie']).map((cookie) => cookie.split(';')[0]),
    ['a=1'],
  );
  assert.equal(ada.session, session);
});

test('an API that takes no sessions does not see them either', async () => {
  const ada = scene.browser();
  await ada.signIn('/');
  const told = JSON.parse((await ada.navigate('/open')).body) as Record<string, unknown>;
  assert.equal(told['cookie'], undefined);
});

test('a program is never led to a page', async () => {
  const reply = await ask({
    port: scene.gateway.https,
    ca: scene.gateway.ca,
    path: '/orders',
    headers: { accept: 'application/json' },
  });
  assert.equal(codeOf(reply), '401 unauthenticated');
  assert.equal(reply.headers['www-authenticate'], 'Portcullis-Session realm="shop", login="/.portcullis/login"');
});

test('a session and a token at once are refused, whichever of them holds', async () => {
  const ada = scene.browser();
  await ada.signIn('/mixed');
  assert.equal((await ada.call('/mixed')).status, 200);
  const beside = { headers: { authorization: 'Bearer x' } };
  assert.equal(codeOf(await ada.call('/mixed', beside)), '400 several-credentials');
  // Where nothing but sessions is taken, too: the upstream would read another caller there.
  assert.equal((await ada.call('/orders')).status, 200);
  assert.equal(codeOf(await ada.call('/orders', beside)), '400 several-credentials');
});

test('what changes something needs the page’s own origin and the session’s token', async () => {
  const ada = scene.browser();
  await ada.signIn('/');
  const post = { method: 'POST' } as const;
  assert.equal((await ada.call('/orders', post)).status, 200);
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.equal(codeOf(await ada.call('/orders', { ...post, headers: evil })), '403 cross-site-request');
  assert.equal(codeOf(await ada.ask('/orders', post)), '403 cross-site-request');
  ada.csrf = '';
  assert.equal(codeOf(await ada.call('/orders', post)), '403 cross-site-request');
});

test('a cookie that was there before somebody signed in is not theirs afterwards', async () => {
  const attacker = scene.browser();
  await attacker.signIn('/');
  const victim = scene.browser();
  victim.cookies.set('__Host-portcullis-session', attacker.session ?? '');
  scene.provider.account = 'bob';
  const login = await victim.navigate('/.portcullis/login?provider=acme');
  const back = await followSignIn(locationOf(login), `${victim.origin}/.portcullis/callback/`, victim.elsewhere);
  await victim.navigate(`${back.pathname}${back.search}`);
  scene.provider.account = 'ada';
  assert.notEqual(victim.session, attacker.session);
  assert.equal((await victim.readSession())['subject'], 'bob');
  assert.equal(codeOf(await attacker.call('/orders')), '401 session-ended', 'what was planted is dead');
});

test('nobody finishes what another browser began', async () => {
  const ada = scene.browser();
  const login = await ada.navigate('/.portcullis/login?provider=acme');
  const back = await followSignIn(locationOf(login), `${ada.origin}/.portcullis/callback/`, ada.elsewhere);
  const other = scene.browser();
  const refused = await other.navigate(`${back.pathname}${back.search}`);
  assert.equal(refused.status, 400);
  assert.equal(other.session, null);
  assert.match(String(refused.headers['content-security-policy']), /frame-ancestors 'none'/);
});

test('two tabs sign in at once, and both come back', async () => {
  const ada = scene.browser();
  const logins = await Promise.all([
    ada.navigate('/.portcullis/login?provider=acme&return_to=%2Forders'),
    ada.navigate('/.portcullis/login?provider=acme&return_to=%2Fmixed'),
  ]);
  for (const [at, path] of ['/orders', '/mixed'].entries()) {
    const back = await followSignIn(
      locationOf(logins[at] as Reply),
      `${ada.origin}/.portcullis/callback/`,
      ada.elsewhere,
    );
    assert.equal(locationOf(await ada.navigate(`${back.pathname}${back.search}`)), `${ada.origin}${path}`);
    assert.equal((await ada.navigate('/orders')).status, 200);
  }
});

test('a hundred tabs that begin to sign in leave a browser with a head that is small enough', async () => {
  const ada = scene.browser();
  for (let at = 0; at < 100; at++) assert.equal((await ada.navigate('/.portcullis/login?provider=acme')).status, 303);
  assert.ok(ada.cookies.size <= 8, String(ada.cookies.size));
});

test('who signs out is signed out on every thread, and goes on to the provider', async () => {
  const ada = scene.browser();
  await ada.signIn('/');
  const kept = ada.session;
  for (let at = 0; at < 8; at++) assert.equal((await ada.call('/orders')).status, 200);
  const form = { method: 'POST', body: `csrf=${ada.csrf}` } as const;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-mode': 'navigate' };
  const reply = await ada.call('/.portcullis/logout', { ...form, headers });
  assert.equal(reply.status, 303);
  assert.ok(locationOf(reply).startsWith(`${scene.provider.issuer}/session/end?`), locationOf(reply));
  assert.equal(ada.session, null);
  const again = { headers: { cookie: `__Host-portcullis-session=${kept}` } };
  await eventually(async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, () => ada.ask('/orders', again)));
    assert.deepEqual(new Set(replies.map(codeOf)), new Set(['401 session-ended']));
  });
});

test('over HTTP/2 cookies come in crumbs, and are judged as one field', async (t) => {
  const ada = scene.browser();
  await ada.signIn('/');
  const client = connect(`https://127.0.0.1:${scene.gateway.https}`, { ca: scene.gateway.ca, servername: 'localhost' });
  t.after(() => client.destroy());
  const send = async (method: string, headers: OutgoingHttpHeaders): Promise<string> => {
    const authority = `localhost:${scene.gateway.https}`;
    const stream = client.request({ ':method': method, ':path': '/orders', ':authority': authority, ...headers });
    stream.end();
    const [replied] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    return `${replied[':status']} ${(await textOf(stream)).replaceAll(/.*"(?:code|cookie)":"([^"]*)".*/gs, '$1')}`;
  };
  const session = `__Host-portcullis-session=${ada.session}`;
  const own = { origin: ada.origin, 'x-portcullis-csrf': ada.csrf };
  assert.equal(await send('GET', { cookie: ['a=1', session, 'b=2'] }), '200 a=1; b=2');
  assert.equal(await send('GET', { cookie: [session, session] }), '400 several-credentials');
  assert.equal(await send('GET', { cookie: ['__Host-portcullis-session=admin'] }), '401 session-ended');
  assert.equal(await send('GET', {}), '401 unauthenticated');
  assert.equal(await send('POST', { cookie: [session, 'c=3'], ...own }), '200 c=3');
  assert.equal(await send('POST', { cookie: [session] }), '403 cross-site-request');
  assert.equal(
    await send('POST', { cookie: [session], ...own, origin: 'https://evil.example' }),
    '403 cross-site-request',
  );
});

test('a stream that stands ends when its session does', async () => {
  const ada = scene.browser();
  await ada.signIn('/');
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const headers = { host: `localhost:${scene.gateway.https}`, cookie: `__Host-portcullis-session=${ada.session}` };
  const asked = request(
    {
      host: '127.0.0.1',
      servername: 'localhost',
      port: scene.gateway.https,
      ca: scene.gateway.ca,
      path: '/events',
      headers,
    },
    (reply) => {
      reply.on('data', () => began.resolve()).on('error', () => ended.resolve());
      reply.on('close', () => ended.resolve());
    },
  );
  asked.on('error', began.reject).end();
  await began.promise;
  assert.equal((await ada.call('/.portcullis/logout', { method: 'POST' })).status, 200);
  const beganMs = performance.now();
  await ended.promise;
  assert.ok(performance.now() - beganMs < 15_000, 'at once, and not when it is looked at again anyway');
});

test('who is not sure enough for a page is sent to sign in better, and then gets it', async () => {
  const ada = scene.browser();
  await ada.signIn('/');
  const program = await ada.call('/strong');
  assert.equal(codeOf(program), '401 insufficient-authentication');
  const path = '/.portcullis/login?provider=acme&acr_values=strong&return_to=%2Fstrong';
  scene.provider.acr = 'strong';
  const before = ada.session;
  const login = await ada.navigate(path);
  const back = await followSignIn(locationOf(login), `${ada.origin}/.portcullis/callback/`);
  scene.provider.acr = 'usual';
  assert.equal(locationOf(await ada.navigate(`${back.pathname}${back.search}`)), `${ada.origin}/strong`);
  assert.notEqual(ada.session, before, 'the session is another one');
  assert.equal((await ada.navigate('/strong')).status, 200);
});

test('who signs in again and is still not sure enough sees a page that says so, and is sent nowhere', async () => {
  const ada = scene.browser();
  await ada.signIn('/');
  const page = await ada.navigate('/strong');
  assert.equal(page.status, 401);
  assert.match(String(page.headers['content-type']), /^text\/html/);
  assert.match(page.body, /needs a sign-in of another kind/);
  const again = '/.portcullis/login?provider=acme&amp;acr_values=strong&amp;return_to=%2Fstrong';
  assert.ok(page.body.replaceAll('&#38;', '&amp;').includes(`href="${again}"`), page.body);
  assert.equal(page.headers['location'], undefined);
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.match(String(page.headers['www-authenticate']), /^Portcullis-Session realm="shop"/);
  const session = ada.session;
  assert.equal((await ada.navigate('/orders')).status, 200, 'they are signed in as before');
  assert.equal(ada.session, session);
});

test('what a provider says when it refuses is shown to nobody', async () => {
  const ada = scene.browser();
  scene.provider.account = null;
  const login = await ada.navigate('/.portcullis/login?provider=acme');
  const back = await followSignIn(locationOf(login), `${ada.origin}/.portcullis/callback/`, ada.elsewhere);
  scene.provider.account = 'ada';
  const refused = await ada.navigate(`${back.pathname}${back.search}`);
  assert.equal(refused.status, 403);
  assert.doesNotMatch(refused.body, /script|alert|access_denied/);
});
