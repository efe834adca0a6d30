import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Told } from '../../desk.ts';
import {
  ACME,
  configOf,
  cookieOf,
  CSRF,
  fieldsOf,
  idOf,
  NOW,
  PARTNER,
  Thread,
  viewOf,
  wordsOf,
} from './fixture.test.ts';

const LOGIN = '/.portcullis/login';
const LOGOUT = '/.portcullis/logout';
const SESSION = '/.portcullis/session';
const CALLBACK = '/.portcullis/callback/acme';
const OWN = { origin: 'https://app.example', 'sec-fetch-site': 'same-origin' };

/** A thread at whose provider a login can begin and end. */
function threadThatSignsIn(): Thread {
  const thread = new Thread();
  thread.desk.answer = (question) => {
    if (question.ask === 'begin')
      return { ok: true, url: 'https://id.example/auth?x=1', attempt: 'abcdefgh', expiresAtMs: NOW + 600_000 };
    if (question.ask === 'callback') return { ok: true, id: idOf('n'), returnTo: '/orders?x=1', view: {} } as Told;
    return question.ask === 'end' ? { url: null } : null;
  };
  return thread;
}

test('whoever may choose a provider is shown them, with nothing that a page could run', async () => {
  const thread = new Thread();
  const verdict = await thread.page({ path: LOGIN, query: 'return_to=%2Forders%3Fa%3D%27%26b' });
  assert.ok(verdict.kind === 'reply');
  const { body, status } = verdict.response;
  const text = String(body);
  assert.equal(status, 200);
  assert.match(text, /&#60;b&#62;Partner &#38; co&#60;\/b&#62;/);
  assert.ok(!text.includes('<script') && !text.includes('<b>'));
  assert.match(text, /href="\/\.portcullis\/login\?provider=acme&#38;return_to=/);
  const [policy = ''] = fieldsOf(verdict, 'content-security-policy');
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; frame-ancestors 'none'$/);
  assert.deepEqual(fieldsOf(verdict, 'cache-control'), ['no-store']);
  assert.deepEqual(thread.desk.asked, []);
});

test('a login begins with what was asked for, and is bound to the browser by a cookie of its own', async () => {
  const thread = threadThatSignsIn();
  const verdict = await thread.page({
    path: LOGIN,
    query: 'provider=acme&acr_values=mfa+gold&max_age=0&return_to=%2Forders%3Fx%3D1',
    headers: { cookie: cookieOf('a') },
  });
  assert.equal(wordsOf(verdict), '303 https://id.example/auth?x=1');
  const [asked] = thread.desk.asked;
  assert.ok(asked?.ask === 'begin');
  assert.deepEqual(
    [asked.issuer, asked.origin, asked.returnTo, asked.acrValues, asked.maxAgeSeconds],
    ['acme', 'https://app.example', '/orders?x=1', ['mfa', 'gold'], 0],
  );
  assert.equal(asked.session?.length, 43);
  const [cookie = ''] = fieldsOf(verdict, 'set-cookie');
  assert.match(
    cookie,
    /^__Host-portcullis-login-abcdefgh=[\w-]{24}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$/,
  );
  assert.ok(!cookie.includes(asked.binding), 'the control side hears a hash alone');
});

for (const query of [
  'return_to=%2F%2Fevil.example',
  'return_to=%2F%5Cevil.example',
  'return_to=https%3Aevil.example',
  'return_to=%2509%2F%2Fevil.example',
  'return_to=%2Fa%0D%0ASet-Cookie%3A+x',
  'return_to=%2F%40evil.example%2F%2F',
  'return_to=%2Fa&return_to=%2Fb',
  'provider=ACME',
  'provider=../x',
  'acr_values=a&acr_values=b',
  'acr_values=%22',
  'max_age=-1',
  'max_age=1e3',
  'prompt=none',
]) {
  test(`no login begins by ${query}`, async () => {
    const thread = threadThatSignsIn();
    // One of the values of acr_values is a text that stands for itself.
    const expected = query.includes('%22') ? '303 https://id.example/auth?x=1' : 'invalid-parameters';
    const only = query.startsWith('provider=') ? query : `provider=acme&${query}`;
    assert.equal(wordsOf(await thread.page({ path: LOGIN, query: only })), expected);
  });
}

test('nobody signs in at a provider that is not there', async () => {
  assert.equal(wordsOf(await threadThatSignsIn().page({ path: LOGIN, query: 'provider=other' })), 'not-found');
});

test('whoever comes back gets a new session, whatever cookie they had before, and its attempt is over', async () => {
  const thread = threadThatSignsIn();
  const secret = 's'.repeat(24);
  const verdict = await thread.page({
    path: CALLBACK,
    query: 'code=c&state=abcdefghijklmnop&iss=https%3A%2F%2Fid.example',
    headers: { cookie: `__Host-portcullis-login-abcdefgh=${secret}; ${cookieOf('f')}` },
  });
  assert.equal(wordsOf(verdict), '303 https://app.example/orders?x=1');
  const [session = '', attempt = ''] = fieldsOf(verdict, 'set-cookie');
  assert.ok(session.startsWith(`__Host-portcullis-session=${idOf('n')};`));
  assert.match(attempt, /^__Host-portcullis-login-abcdefgh=; .*Max-Age=0$/);
  const [asked] = thread.desk.asked;
  assert.ok(asked?.ask === 'callback');
  assert.equal(asked.parameters, 'code=c&state=abcdefghijklmnop&iss=https%3A%2F%2Fid.example');
  assert.equal(asked.binding?.length, 43);
  assert.equal(asked.session?.length, 43, 'the session that it had ends');
});

test('without the cookie of this attempt, or with two states, no browser is bound to it', async () => {
  const cookie = `__Host-portcullis-login-abcdefgh=${'s'.repeat(24)}`;
  for (const [query, headers] of [
    ['code=c&state=abcdefghijklmnop', {}],
    ['code=c&state=ABCDEFGHijklmnop', { cookie }],
    ['code=c&state=abcdefghx&state=abcdefghy', { cookie }],
    ['code=c', { cookie }],
  ] as const) {
    const thread = threadThatSignsIn();
    await thread.page({ path: CALLBACK, query, headers });
    const [asked] = thread.desk.asked;
    assert.ok(asked?.ask === 'callback');
    assert.equal(asked.binding, null, query);
  }
});

test('where a login fails, words of ours are shown, and nothing that a provider or a link said', async () => {
  const thread = new Thread();
  thread.desk.answer = () => ({ ok: false, refusal: 'denied' });
  const query = 'error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=abcdefghx';
  const verdict = await thread.page({ path: CALLBACK, query });
  assert.ok(verdict.kind === 'reply');
  assert.equal(verdict.response.status, 403);
  assert.ok(!/alert|script|access_denied/.test(String(verdict.response.body)));
  assert.ok(!fieldsOf(verdict, 'set-cookie').some((cookie) => cookie.startsWith('__Host-portcullis-session=')));
});

test('a place that the control side gives and no browser may be sent to is the front page', async () => {
  const thread = new Thread();
  thread.desk.answer = () => ({ ok: true, id: idOf('n'), returnTo: '//evil.example', view: {} }) as Told;
  assert.equal(wordsOf(await thread.page({ path: CALLBACK, query: 'state=x' })), '303 https://app.example/');
});

test('where nobody answers, no page of a login says anything', async () => {
  const thread = new Thread();
  assert.equal(wordsOf(await thread.page({ path: LOGIN, query: 'provider=acme' })), 'sessions-unavailable');
  assert.equal(wordsOf(await thread.page({ path: CALLBACK, query: 'state=x' })), 'sessions-unavailable');
});

test('a page reads who is signed in, and what it must send along', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  const verdict = await thread.page({
    path: SESSION,
    headers: { cookie: cookieOf('a'), 'sec-fetch-site': 'same-origin' },
  });
  assert.ok(verdict.kind === 'reply');
  const said = JSON.parse(String(verdict.response.body)) as Record<string, unknown>;
  assert.deepEqual([said['subject'], said['csrf'], said['issuer']], ['ada', CSRF, 'acme']);
  assert.deepEqual(Object.keys(said).toSorted(), ['csrf', 'endsAt', 'idleEndsAt', 'issuer', 'startedAt', 'subject']);
  assert.deepEqual(fieldsOf(verdict, 'access-control-allow-origin'), []);
  assert.deepEqual(thread.desk.told, [], 'looking is no use of the session');
});

test('who is signed in is told to nobody without a session, over plain http, or for a page of another site', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  const cookie = cookieOf('a');
  const asked = { path: SESSION };
  assert.equal(wordsOf(await thread.page(asked)), 'session-ended');
  assert.equal(wordsOf(await thread.page({ ...asked, headers: { cookie }, tls: false })), 'session-ended');
  const crossSite = {
    cookie,
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'cors',
    origin: 'https://evil.example',
  };
  assert.equal(wordsOf(await thread.page({ ...asked, headers: crossSite })), 'cross-site-request');
});

test('a page that CORS lets in with credentials may read it, and no other one', async () => {
  const cors = { origins: ['https://www.app.example'], methods: null, headers: [], expose: [], maxAgeMs: 0 };
  const rules = [{ ...cors, credentials: true, privateNetwork: false }];
  const site = { host: null, rules: { csrf: 'token', afterLogout: null } as const, issuers: [ACME], cors: rules };
  const thread = new Thread(configOf({ site }));
  thread.desk.keep('a', viewOf('ada'));
  const asking = (origin: string) => thread.page({ path: SESSION, headers: { cookie: cookieOf('a'), origin } });
  const listed = await asking('https://www.app.example');
  assert.deepEqual(fieldsOf(listed, 'access-control-allow-origin'), ['https://www.app.example']);
  assert.deepEqual(fieldsOf(listed, 'access-control-allow-credentials'), ['true']);
  assert.deepEqual(fieldsOf(await asking('https://evil.example'), 'access-control-allow-origin'), []);
});

test('signing out asks first, and by GET nobody is signed out', async () => {
  const thread = threadThatSignsIn();
  thread.desk.keep('a', viewOf('ada'));
  const shown = await thread.page({ path: LOGOUT, headers: { cookie: cookieOf('a') } });
  assert.ok(shown.kind === 'reply');
  assert.match(String(shown.response.body), new RegExp(`name="csrf" value="${CSRF}"`));
  assert.ok(!thread.desk.asked.some(({ ask }) => ask === 'end'));
});

test('a form of another site signs nobody out, nor does one without the token', async () => {
  const thread = threadThatSignsIn();
  thread.desk.keep('a', viewOf('ada'));
  const post = { path: LOGOUT, method: 'POST' };
  const cookie = cookieOf('a');
  const evil = { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.equal(wordsOf(await thread.page({ ...post, headers: evil, body: `csrf=${CSRF}` })), 'cross-site-request');
  for (const body of ['', 'csrf=', 'csrf=x', `csrf=${CSRF}&csrf=${CSRF}`])
    assert.equal(
      wordsOf(await thread.page({ ...post, headers: { cookie, ...OWN }, body })),
      'cross-site-request',
      body,
    );
  assert.ok(!thread.desk.asked.some(({ ask }) => ask === 'end'));
});

test('whoever signs out has no session any more, here or at the control side', async () => {
  const thread = threadThatSignsIn();
  thread.desk.keep('a', viewOf('ada'));
  const headers = { cookie: cookieOf('a'), ...OWN, 'sec-fetch-mode': 'navigate' };
  const verdict = await thread.page({ path: LOGOUT, method: 'POST', headers, body: `csrf=${CSRF}` });
  assert.equal(wordsOf(verdict), '200');
  assert.match(fieldsOf(verdict, 'set-cookie')[0] ?? '', /^__Host-portcullis-session=; .*Max-Age=0$/);
  assert.ok(thread.desk.asked.some(({ ask }) => ask === 'end'));
});

test('a browser that signs out goes on to its provider, and a script is told where to', async () => {
  const thread = new Thread();
  thread.desk.answer = () => ({ url: 'https://id.example/end' });
  const post = { path: LOGOUT, method: 'POST', body: `csrf=${CSRF}` };
  thread.desk.keep('a', viewOf('ada'));
  const form = { cookie: cookieOf('a'), ...OWN, 'sec-fetch-mode': 'navigate' };
  assert.equal(wordsOf(await thread.page({ ...post, headers: form })), '303 https://id.example/end');
  const script = { ...form, 'sec-fetch-mode': 'cors', 'x-portcullis-csrf': CSRF };
  const verdict = await thread.page({ ...post, body: '', headers: script });
  assert.ok(verdict.kind === 'reply');
  assert.deepEqual(JSON.parse(String(verdict.response.body)), { next: 'https://id.example/end' });
});

test('what a provider tells of somebody who signed out goes to the control side as it came', async () => {
  const thread = new Thread();
  thread.desk.answer = (question) => ({ ok: question.ask === 'backchannel' && question.body === 'logout_token=good' });
  const asked = { path: '/.portcullis/backchannel-logout/partner', method: 'POST' };
  assert.equal(wordsOf(await thread.page({ ...asked, body: 'logout_token=good' })), '200');
  const refused = await thread.page({ ...asked, body: 'logout_token=bad' });
  assert.ok(refused.kind === 'reply');
  assert.equal(refused.response.status, 400);
  assert.deepEqual(JSON.parse(String(refused.response.body)), { error: 'invalid_request' });
  assert.equal(PARTNER.issuer.name, 'partner');
});
