import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { SESSIONS } from '../../src/session/session-record.ts';
import { startLocalServer } from './local-server.ts';
import type { OpenIdProvider } from './openid-provider.ts';
import {
  begin,
  callback,
  CLIENT,
  comeBack,
  find,
  hashOf,
  ORIGIN,
  type SessionControl,
  signIn,
  start,
} from './session-control.ts';

const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} };

/** A client whose sessions the provider names, in ID tokens and in logout tokens. */
const NAMED_SESSIONS = {
  ...CLIENT,
  backchannel_logout_uri: `${ORIGIN}/.portcullis/backchannel-logout/acme`,
  backchannel_logout_session_required: true,
};

/** What a logout token says; `more` on top of it, or instead. */
function claimsOf({ issuer }: OpenIdProvider, more: object = {}): object {
  const now = Math.floor(Date.now() / 1_000);
  const jti = Math.random().toString(36);
  return { iss: issuer, aud: CLIENT.client_id, iat: now, exp: now + 120, jti, sub: 'ada', events: EVENTS, ...more };
}

async function hear({ sessions }: SessionControl, body: string): Promise<boolean> {
  const answer = await sessions.answer({ ask: 'backchannel', issuer: 'acme', body });
  return 'ok' in answer && answer.ok;
}

const formOf = (token: string): string => new URLSearchParams({ logout_token: token }).toString();

test('who signs out here is sent to sign out at the provider too, and the session is dead before', async (t) => {
  const { peer, control } = await start(t);
  const { hash } = await signIn(control);
  const answer = await control.sessions.answer({ ask: 'end', session: hash, origin: ORIGIN });
  const url = new URL('url' in answer && answer.url !== null ? answer.url : 'x:');
  assert.equal(url.origin + url.pathname, `${peer.issuer}/session/end`);
  assert.equal(url.searchParams.get('post_logout_redirect_uri'), `${ORIGIN}/`);
  assert.equal(url.searchParams.get('client_id'), CLIENT.client_id);
  assert.ok((url.searchParams.get('id_token_hint') ?? '').length > 100);
  assert.equal(await find(control, hash), null);
  assert.deepEqual(await control.sessions.answer({ ask: 'end', session: hash, origin: ORIGIN }), { url: null });
  assert.ok(control.events.some((event) => event.kind === 'ended' && event.why === 'sign-out'));
});

test('a provider’s own logout token ends the session that it names, and no other', async (t) => {
  const told: string[] = [];
  const ours = await startLocalServer((request, response) => {
    void text(request).then((body) => {
      told.push(body);
      response.end();
    });
  });
  t.after(() => ours.stop());
  const client = { ...NAMED_SESSIONS, backchannel_logout_uri: `${ours.url}/.portcullis/backchannel-logout/acme` };
  const { peer, control } = await start(t, client);
  const other = await signIn(control);
  const jar = new Map<string, string>();
  const begun = await begin(control);
  const answer = await callback(control, begun, await comeBack(begun, jar));
  assert.ok(answer.ok);
  const hash = hashOf(answer.id);
  assert.equal(typeof answer.view.claims['sid'], 'string');
  const [kept] = await control.sessions.list(1);
  assert.ok(kept !== undefined);
  await signOutAt(peer, jar);
  assert.equal(told.length, 1);
  assert.ok(await hear(control, told[0] ?? ''), JSON.stringify(control.events.at(-1)));
  assert.equal(await find(control, hash), null);
  assert.equal((await find(control, other.hash))?.subject, 'ada');
  assert.deepEqual(
    control.logouts.map(({ issuerId, sessionId }) => [issuerId, sessionId]),
    [[peer.issuer, answer.view.claims['sid']]],
  );
  // Item 54: what was heard is not heard again.
  assert.equal(await hear(control, told[0] ?? ''), false);
});

test('a logout token of a person ends all of their sessions, and those of nobody else', async (t) => {
  const { peer, control } = await start(t);
  const ada = [await signIn(control), await signIn(control)];
  peer.account = 'bob';
  const bob = await signIn(control);
  assert.ok(await hear(control, formOf(peer.signed(claimsOf(peer)))));
  for (const { hash } of ada) assert.equal(await find(control, hash), null);
  assert.equal((await find(control, bob.hash))?.subject, 'bob');
  assert.ok(ada.every(({ hash }) => control.notices.includes(hash)));
});

test('a session at the provider ends only for the person that it is of', async (t) => {
  const { peer, control } = await start(t, NAMED_SESSIONS);
  const { hash, view } = await signIn(control);
  const { sid } = view.claims;
  assert.equal(typeof sid, 'string');
  assert.ok(await hear(control, formOf(peer.signed(claimsOf(peer, { sid, sub: 'bob' })))));
  assert.equal((await find(control, hash))?.subject, 'ada');
  assert.ok(await hear(control, formOf(peer.signed(claimsOf(peer, { sid })))));
  assert.equal(await find(control, hash), null);
});

test('a logout token that could not be acted on is heard when it is said again', async (t) => {
  const { peer, control } = await start(t);
  const { hash } = await signIn(control);
  const sessions = control.store.collection(SESSIONS);
  const found = await sessions.get(hash);
  assert.ok(found !== null);
  await sessions.put(hash, { ...found, version: Number.MAX_VALUE });
  const body = formOf(peer.signed(claimsOf(peer)));
  await assert.rejects(hear(control, body), /does not fit/);
  await sessions.put(hash, found);
  assert.equal(await hear(control, body), true);
  assert.equal(await find(control, hash), null);
  assert.equal(await hear(control, body), false);
});

// Item 54 of the list of what breaks others, and what else is no logout token.
const thief = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const BAD: readonly [string, (peer: OpenIdProvider) => string][] = [
  ['a nonce', (peer) => formOf(peer.signed(claimsOf(peer, { nonce: 'x' })))],
  ['a nonce that is null', (peer) => formOf(peer.signed(claimsOf(peer, { nonce: null })))],
  ['no events', (peer) => formOf(peer.signed(claimsOf(peer, { events: undefined })))],
  ['another event', (peer) => formOf(peer.signed(claimsOf(peer, { events: { 'http://other.example': {} } })))],
  [
    'an event that says nothing',
    (peer) => formOf(peer.signed(claimsOf(peer, { events: { [Object.keys(EVENTS)[0] ?? '']: true } }))),
  ],
  ['a list of events', (peer) => formOf(peer.signed(claimsOf(peer, { events: Object.keys(EVENTS) })))],
  ['no jti', (peer) => formOf(peer.signed(claimsOf(peer, { jti: undefined })))],
  ['nobody', (peer) => formOf(peer.signed(claimsOf(peer, { sub: undefined })))],
  ['an object for somebody', (peer) => formOf(peer.signed(claimsOf(peer, { sub: { sub: 'ada' } })))],
  ['another audience', (peer) => formOf(peer.signed(claimsOf(peer, { aud: 'another' })))],
  ['several audiences and no azp', (peer) => formOf(peer.signed(claimsOf(peer, { aud: [CLIENT.client_id, 'x'] })))],
  ['another issuer', (peer) => formOf(peer.signed(claimsOf(peer, { iss: 'https://evil.example' })))],
  ['no iat', (peer) => formOf(peer.signed(claimsOf(peer, { iat: undefined })))],
  ['no exp', (peer) => formOf(peer.signed(claimsOf(peer, { exp: undefined })))],
  ['a time that is over', (peer) => formOf(peer.signed(claimsOf(peer, { iat: 1_000, exp: 2_000 })))],
  ['a time to come', (peer) => formOf(peer.signed(claimsOf(peer, { iat: 4_000_000_000, exp: 4_000_000_100 })))],
  ['a time long ago', (peer) => formOf(peer.signed(claimsOf(peer, { iat: Date.now() / 1_000 - 3_600 })))],
  ['the type of an access token', (peer) => formOf(peer.signed(claimsOf(peer), { typ: 'at+jwt' }))],
  ['no signature', (peer) => formOf(peer.signed(claimsOf(peer), { alg: 'none' }))],
  ['a shared secret', (peer) => formOf(peer.signed(claimsOf(peer), { alg: 'HS256' }))],
  ['another key', (peer) => formOf(signedBy(thief, claimsOf(peer), { alg: 'ES256', kid: 'one' }))],
  [
    'a key that it brings along',
    (peer) => formOf(signedBy(thief, claimsOf(peer), { alg: 'ES256', jwk: thief.export({ format: 'jwk' }) })),
  ],
  ['nothing', () => ''],
  ['two of them', (peer) => `${formOf(peer.signed(claimsOf(peer)))}&${formOf(peer.signed(claimsOf(peer)))}`],
  ['more than anybody sends', (peer) => `${formOf(peer.signed(claimsOf(peer)))}&x=${'x'.repeat(30_000)}`],
  ['no JWT', () => formOf('x')],
];

for (const [what, make] of BAD) {
  test(`a logout token with ${what} ends nothing`, async (t) => {
    const { peer, control } = await start(t);
    const { hash } = await signIn(control);
    const body = make(peer);
    assert.equal(await hear(control, body), false);
    assert.equal((await find(control, hash))?.subject, 'ada');
    assert.deepEqual(control.logouts, []);
  });
}

test('an ID token in place of a logout token ends nothing', async (t) => {
  const { peer, control } = await start(t);
  const { hash } = await signIn(control);
  const answer = await control.sessions.answer({ ask: 'end', session: hash, origin: ORIGIN });
  const hint = new URL('url' in answer ? (answer.url ?? 'x:') : 'x:').searchParams.get('id_token_hint') ?? '';
  const other = await signIn(control);
  assert.equal(await hear(control, formOf(hint)), false);
  assert.equal((await find(control, other.hash))?.subject, 'ada');
  assert.ok(peer.calls.length > 0);
});

test('who signs out at the provider while they sign in here is not signed in', async (t) => {
  const { peer, control } = await start(t);
  const begun = await begin(control);
  const parameters = await comeBack(begun);
  const running = callback(control, begun, parameters);
  // The code is being exchanged now.
  assert.ok(await hear(control, formOf(peer.signed(claimsOf(peer)))));
  const answer = await running;
  assert.deepEqual(answer, { ok: false, refusal: 'failed' });
  assert.equal(await control.sessions.count(), 0);
});

test('made-up logout tokens take nothing of what is kept for new keys of those who sign in', async (t) => {
  const { peer, control } = await start(t);
  await signIn(control);
  assert.deepEqual(new Set(control.wanted), new Set(['sign-in']));
  assert.equal(
    await hear(control, formOf(signedBy(thief, claimsOf(peer), { alg: 'ES256', typ: 'logout+jwt', kid: 'nobody' }))),
    false,
  );
  assert.equal(control.wanted.at(-1), 'logout');
});

test('an operator ends one session, or all of a person', async (t) => {
  const { control } = await start(t);
  const [one, two, three] = [await signIn(control), await signIn(control), await signIn(control)];
  assert.equal(await control.sessions.end({ id: one.hash }, 'ops'), 1);
  assert.equal(await control.sessions.end({ id: one.hash }, 'ops'), 0);
  assert.equal(await control.sessions.end({ issuer: 'acme', subject: 'bob' }, 'ops'), 0);
  assert.equal(await control.sessions.end({ issuer: 'acme', subject: 'ada' }, 'ops'), 2);
  for (const { hash } of [one, two, three]) assert.equal(await find(control, hash), null);
  const ended = control.events.filter((event) => event.kind === 'ended');
  assert.ok(ended.every(({ why, author }) => why === 'operator' && author === 'ops'));
});

function signedBy(key: typeof thief, claims: object, header: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part(header)}.${part(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** Signs out at the provider, as its own page has it. */
async function signOutAt({ issuer }: OpenIdProvider, jar: ReadonlyMap<string, string>): Promise<void> {
  const cookies = new Map(jar);
  const headers = (): Record<string, string> => ({
    cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
  });
  const page = await fetch(`${issuer}/session/end`, { headers: headers() });
  for (const line of page.headers.getSetCookie()) {
    const [pair = ''] = line.split(';');
    cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
  }
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? '';
  const body = new URLSearchParams({ xsrf, logout: 'yes' });
  await fetch(`${issuer}/session/end/confirm`, { method: 'POST', headers: headers(), body, redirect: 'manual' });
}

for (const [where, aheadMs] of [
  ['behind', 60_000],
  ['ahead', -60_000],
] as const) {
  test(`with the provider’s clock a minute ${where}, a logout of all ends who had signed in before, and nobody who comes after`, async (t) => {
    const { peer, control } = await start(t);
    control.time.aheadMs = aheadMs;
    control.follow({ skewMs: 90_000 });
    const first = await signIn(control);
    const signedInAt = Number(first.view.claims['iat']);
    assert.equal(Math.sign(control.time.aheadMs), Math.sign(first.view.startedAtMs - signedInAt * 1_000 - 30_000));
    const told = (iat: number) => hear(control, formOf(peer.signed(claimsOf(peer, { iat }))));
    // It was long on its way, and is about what was before.
    assert.ok(await told(signedInAt - 1));
    assert.ok((await find(control, first.hash)) !== null);
    // What is refreshed is no newer sign-in.
    control.time.aheadMs += (first.view.refreshAtMs ?? 0) - Date.now() - control.time.aheadMs + 1_000;
    const refreshed = await control.sessions.answer({ ask: 'refresh', session: first.hash, version: 1 });
    assert.ok('view' in refreshed && refreshed.view?.version === 2);
    control.time.aheadMs = aheadMs;
    assert.ok(await told(signedInAt));
    assert.equal(await find(control, first.hash), null);
    assert.equal(control.logouts.at(-1)?.atMs, signedInAt * 1_000, 'tokens go by the provider’s clock too');
    // Heard before somebody signs in anew, also in the same second.
    const second = await signIn(control);
    assert.ok((await find(control, second.hash)) !== null);
  });
}

test('a logout that is heard while somebody signs in counts for them if it was told after they did', async (t) => {
  const { peer, control } = await start(t);
  const during = async (later: number): Promise<boolean> => {
    const begun = await begin(control);
    const came = await comeBack(begun);
    const iat = Math.floor(Date.now() / 1_000) + later;
    const answered = callback(control, begun, came);
    assert.ok(await hear(control, formOf(peer.signed(claimsOf(peer, { iat })))));
    return (await answered).ok;
  };
  assert.equal(await during(-60), true, 'it was long on its way');
  assert.equal(await during(2), false);
});
