import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Events, OAuth2Server } from 'oauth2-mock-server';
import type { Egress } from '../../src/ports/index.ts';
import { begin, callback, comeBack, openSessionControl, type SessionControl, signIn } from './session-control.ts';

/** A provider of other hands, whose every answer the test can change. */
async function start(t: TestContext): Promise<{ readonly server: OAuth2Server; readonly control: SessionControl }> {
  const server = new OAuth2Server();
  await server.issuer.keys.generate('RS256');
  await server.start(0, '127.0.0.1');
  t.after(() => server.stop());
  // It calls itself `localhost`; what counts is that it says the same everywhere.
  const control = await openSessionControl(t, server.issuer.url ?? '', takingSecrets);
  return { server, control };
}

/** It says that it asks no client who they are, though it lets those pass that show it. */
function takingSecrets(egress: Egress): Egress {
  return {
    async call(request) {
      const reply = await egress.call(request);
      if (!reply.ok || !request.url.includes('/.well-known/')) return reply;
      const text = Buffer.from(reply.value.body).toString().replace('["none"]', '["client_secret_basic"]');
      return { ok: true, value: { ...reply.value, body: Buffer.from(text) } };
    },
  };
}

/** Changes the ID token that comes next, and leaves access tokens as they are. */
function changeIdToken(
  { service }: OAuth2Server,
  change: (token: { header: object; payload: Record<string, unknown> }) => void,
): void {
  service.on(Events.BeforeTokenSigning, (token: { header: object; payload: Record<string, unknown> }) => {
    if (Object.hasOwn(token.payload, 'nonce')) change(token);
  });
}

async function outcome(control: SessionControl): Promise<string> {
  const begun = await begin(control);
  const answer = await callback(control, begun, await comeBack(begun));
  return answer.ok ? 'signed in' : answer.refusal;
}

test('people sign in with a provider that was made by others', async (t) => {
  const { control } = await start(t);
  const { view } = await signIn(control);
  assert.equal(view.subject, 'johndoe');
  assert.equal(view.claims['iss'], control.settings.issuer);
});

const BAD: readonly [string, (payload: Record<string, unknown>, header: Record<string, unknown>) => void][] = [
  ['another nonce', (payload) => (payload['nonce'] = 'x')],
  ['another audience', (payload) => (payload['aud'] = 'x')],
  ['another issuer', (payload) => (payload['iss'] = 'https://evil.example')],
  ['a time that is over', (payload) => (payload['exp'] = 1)],
  ['no exp', (payload) => delete payload['exp']],
  ['no iat', (payload) => delete payload['iat']],
  ['an iat of yesterday', (payload) => (payload['iat'] = Number(payload['iat']) - 86_400)],
  ['an iat of tomorrow', (payload) => (payload['iat'] = Number(payload['iat']) + 86_400)],
  ['no subject', (payload) => delete payload['sub']],
  ['a subject that is a number', (payload) => (payload['sub'] = 1)],
  ['the hash of another access token', (payload) => (payload['at_hash'] = 'AAAAAAAAAAAAAAAAAAAAAA')],
  ['another party', (payload) => (payload['azp'] = 'x')],
  ['the name of a key that is nowhere', (_payload, header) => (header['kid'] = 'x')],
  ['the type of an access token', (_payload, header) => (header['typ'] = 'at+jwt')],
  ['more of them than is kept', (payload) => (payload['more'] = 'x'.repeat(40_000))],
];

for (const [what, change] of BAD) {
  test(`nobody signs in by an ID token with ${what}`, async (t) => {
    const { server, control } = await start(t);
    changeIdToken(server, ({ payload, header }) => change(payload, header as Record<string, unknown>));
    assert.equal(await outcome(control), 'failed');
    assert.equal(await control.sessions.count(), 0);
  });
}

const BAD_RESPONSES: readonly [
  string,
  (response: { body: Record<string, unknown> | ''; statusCode: number }) => void,
  string,
][] = [
  ['no ID token', (response) => delete (response.body as Record<string, unknown>)['id_token'], 'failed'],
  ['no access token', (response) => delete (response.body as Record<string, unknown>)['access_token'], 'failed'],
  [
    'an access token of another kind',
    (response) => ((response.body as Record<string, unknown>)['token_type'] = 'MAC'),
    'failed',
  ],
  ['an ID token that is none', (response) => ((response.body as Record<string, unknown>)['id_token'] = 'x'), 'failed'],
  ['status 500', (response) => (response.statusCode = 500), 'provider-unavailable'],
  ['status 429', (response) => (response.statusCode = 429), 'provider-unavailable'],
  ['status 302', (response) => (response.statusCode = 302), 'failed'],
];

for (const [what, change, expected] of BAD_RESPONSES) {
  test(`nobody signs in by a reply with ${what}`, async (t) => {
    const { server, control } = await start(t);
    server.service.on(Events.BeforeResponse, (response: Parameters<typeof change>[0]) => change(response));
    assert.equal(await outcome(control), expected);
    assert.equal(await control.sessions.count(), 0);
  });
}

test('userinfo of somebody else signs nobody in', async (t) => {
  const { server, control } = await start(t);
  control.follow({ userinfo: true });
  server.service.on(Events.BeforeUserinfo, (response: { body: Record<string, unknown> }) => {
    response.body = { sub: 'somebody else', roles: ['admin'] };
  });
  assert.equal(await outcome(control), 'failed');
});

test('userinfo can’t change what the ID token says', async (t) => {
  const { server, control } = await start(t);
  control.follow({ userinfo: true });
  server.service.on(Events.BeforeUserinfo, (response: { body: Record<string, unknown> }) => {
    response.body = { sub: 'johndoe', aud: 'x', acr: 'strong', auth_time: 1, scope: 'admin', email: 'j@example.com' };
  });
  const { view } = await signIn(control);
  const { aud, acr, auth_time: time, scope, email } = view.claims;
  assert.deepEqual([aud, acr, time, scope, email], ['gateway', undefined, undefined, undefined, 'j@example.com']);
});
