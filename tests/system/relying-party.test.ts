// What the OpenID conformance suite asks of a relying party, module by module: docs/guide/relying-party.md lists them all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { askAdmin } from './admin.ts';
import { type BrowserClient, locationOf } from './browser-client.ts';
import { eventually } from './eventually.ts';
import { followSignIn } from './openid-provider.ts';
import { type BadToken, type RelyingParty, SECRET, startRelyingParty } from './relying-party.ts';
import {
  type Claims,
  halfHash,
  providerKey,
  signedText,
  signedWith,
  signedWithSecret,
  spoilt,
  unsigned,
  type Wrong,
  type WrongProvider,
} from './wrong-provider.ts';

/** Each is one of its own where what is tried stays with the gateway: keys, metadata, sessions that are refreshed. */
const NAMES = [
  ...['plain', 'told', 'mismatch', 'single', 'several', 'rotating', 'late'],
  ...['renewing', 'otherissuer', 'othersubject'],
] as const;
type Name = (typeof NAMES)[number];
const ASKS_USERINFO: readonly Name[] = ['told', 'renewing', 'otherissuer', 'othersubject'];

let party: RelyingParty<Name>;

before(async () => {
  party = await startRelyingParty({
    names: NAMES,
    settings: (name, { issuer }) => ({
      // Its keys are had without its metadata, so that the gateway starts.
      ...(name === 'mismatch' ? { issuer: `jwks: '${issuer}/jwks',` } : {}),
      ...(ASKS_USERINFO.includes(name) ? { login: 'userinfo: true, scopes: [openid, profile, email]' } : {}),
    }),
    prepare,
  });
});

after(() => party.stop());

/** What is wrong with some of them from the first. */
function prepare({ mismatch, single, several, late, told, ...others }: RelyingParty<Name>['providers']): void {
  const { renewing, otherissuer, othersubject } = others;
  mismatch.wrong = { metadata: { issuer: 'https://evil.example' } };
  told.wrong = { metadata: { userinfo_signing_alg_values_supported: ['RS256'] } };
  const nameless = (name: string) => {
    const key = providerKey(name);
    const { kid: _kid, ...published } = key.published;
    return { ...key, published };
  };
  single.keys = [nameless('one')];
  several.keys = [nameless('one'), nameless('two')];
  const withoutName = (provider: WrongProvider): Wrong => ({
    idToken: (claims) => provider.signed(claims, { kid: undefined }),
  });
  single.wrong = withoutName(single);
  several.wrong = withoutName(several);
  const next = providerKey('next');
  late.wrong = { beforeTokens: () => void (late.keys = [next]) };
  for (const provider of [renewing, otherissuer, othersubject]) provider.expiresIn = 6;
  otherissuer.wrong = {
    renewed: (claims) => otherissuer.signed({ ...claims, iss: 'https://evil.example' }),
  };
  othersubject.wrong = { renewed: (claims) => othersubject.signed({ ...claims, sub: 'eve' }) };
}

function callsOf({ calls }: WrongProvider, what: string): WrongProvider['calls'] {
  return calls.filter((call) => call.what === what);
}

test('oidcc-client-test: who is sent to the provider comes back signed in', async () => {
  const { told } = await party.signedIn('plain');
  assert.deepEqual([told['x-portcullis-subject'], told['x-portcullis-roles']], ['ada', 'customer']);
});

test('oidcc-client-test-discovery-openid-config: its endpoints are those of its metadata', async () => {
  await party.signedIn('plain');
  assert.ok(callsOf(party.providers.plain, 'GET /.well-known/openid-configuration').length > 0);
});

test('oidcc-client-test-discovery-jwks-uri-keys: its keys are where its metadata says', async () => {
  await party.signedIn('plain');
  assert.ok(callsOf(party.providers.plain, 'GET /jwks').length > 0);
});

test('oidcc-client-test-discovery-issuer-mismatch: metadata of another issuer leads nobody anywhere', async () => {
  const browser = party.browser();
  const login = await browser.navigate('/.portcullis/login?provider=mismatch');
  assert.equal(login.status, 503);
  assert.deepEqual(callsOf(party.providers.mismatch, 'GET /authorize'), []);
  assert.ok(callsOf(party.providers.mismatch, 'GET /.well-known/openid-configuration').length > 0);
});

test('oidcc-client-test-client-secret-basic: the secret is shown in the head, and in no form', async () => {
  await party.signedIn('plain');
  const call = callsOf(party.providers.plain, 'POST /token').at(-1);
  assert.match(call?.authorization ?? '', /^Basic /);
  assert.equal(call?.parameters.has('client_secret'), false);
});

test('oidcc-client-test-nonce-unless-code-flow: each time a nonce of its own is sent', async () => {
  await party.signedIn('plain');
  await party.signedIn('plain');
  const nonces = callsOf(party.providers.plain, 'GET /authorize').map(({ parameters }) => parameters.get('nonce'));
  assert.ok(nonces.every((nonce) => nonce !== null && nonce.length >= 43));
  assert.equal(new Set(nonces).size, nonces.length);
});

test('oidcc-client-test-idtoken-sig-rs256: an ID token signed with RS256 is taken', async () => {
  const { plain } = party.providers;
  assert.equal(plain.keys[0]?.alg, 'RS256');
  await party.signedIn('plain');
});

test('oidcc-client-test-kid-absent-single-jwks: an ID token that names no key is taken where there is one', async () => {
  await party.signedIn('single');
});

test('oidcc-client-test-kid-absent-multiple-jwks: an ID token that names no key is refused where there are two', async () => {
  await party.refused('several');
  party.providers.several.wrong = {};
  await party.refused('several');
});

const BAD_ID_TOKENS: readonly BadToken[] = [
  ['idtoken-sig-none', 'an unsigned ID token', (_provider, claims) => unsigned(claims)],
  ['invalid-sig-rs256', 'a wrong signature of RS256', (provider, claims) => spoilt(provider.signed(claims))],
  [
    'invalid-sig-es256',
    'a wrong signature of ES256',
    ({ keys: [, ec] }, claims) => spoilt(signedWith(ec ?? assert.fail('no key'), claims)),
  ],
  ['invalid-sig-hs256', 'a wrong signature of HS256', (_provider, claims) => spoilt(signedWithSecret(SECRET, claims))],
  ['invalid-iss', 'another issuer', (provider, claims) => provider.signed({ ...claims, iss: `${provider.issuer}/` })],
  ['invalid-aud', 'another audience', (provider, claims) => provider.signed({ ...claims, aud: 'another' })],
  ['missing-aud', 'no audience', (provider, claims) => provider.signed({ ...claims, aud: undefined })],
  ['missing-iat', 'no iat', (provider, claims) => provider.signed({ ...claims, iat: undefined })],
  ['missing-sub', 'no subject', (provider, claims) => provider.signed({ ...claims, sub: undefined })],
  ['nonce-invalid', 'another nonce', (provider, claims) => provider.signed({ ...claims, nonce: 'another' })],
  [
    'invalid-athash',
    'the hash of another access token',
    (provider, claims) => provider.signed({ ...claims, at_hash: halfHash('another') }),
  ],
];

for (const [module, what, make] of BAD_ID_TOKENS) {
  test(`oidcc-client-test-${module}: nobody signs in by an ID token with ${what}`, async () => {
    await party.refusedWhile('plain', { idToken: (claims) => make(party.providers.plain, claims) });
  });
}

test('nobody signs in by an ID token that is signed with the secret that both sides know', async () => {
  await party.refusedWhile('plain', { idToken: (claims) => signedWithSecret(SECRET, claims) });
});

test('an ID token signed with ES256 is taken where its key is that of the set', async () => {
  const { plain } = party.providers;
  const [, ec] = plain.keys;
  plain.wrong = { idToken: (claims) => signedWith(ec ?? assert.fail('no key'), claims) };
  await party.signedIn('plain').finally(() => (plain.wrong = {}));
});

for (const [module, more] of [
  ['missing-athash', { id_token: 'x.y.z', access_token: 'x', token_type: 'Bearer' }],
  ['missing-chash', { id_token: 'x.y.z' }],
  ['invalid-chash', { id_token: 'x.y.z', access_token: 'x', token_type: 'Bearer', expires_in: '60' }],
] as const) {
  test(`oidcc-client-test-${module}: tokens that a browser brings beside the code sign nobody in`, async () => {
    const browser = party.browser();
    const login = await browser.navigate('/.portcullis/login?provider=plain');
    const asked = callsOf(party.providers.plain, 'POST /token').length;
    const came = await followSignIn(locationOf(login), `${browser.origin}/.portcullis/callback/plain`);
    for (const [name, value] of Object.entries(more)) came.searchParams.set(name, value);
    assert.equal((await browser.navigate(`${came.pathname}${came.search}`)).status, 403);
    assert.equal(browser.session, null);
    assert.equal(callsOf(party.providers.plain, 'POST /token').length, asked, 'the code is not even exchanged');
  });
}

test('oidcc-client-test-form-post-error: an answer by a form is not taken, and no session comes of it', async () => {
  const browser = party.browser();
  const login = await browser.navigate('/.portcullis/login?provider=plain');
  const state = new URL(locationOf(login)).searchParams.get('state') ?? '';
  const reply = await browser.ask('/.portcullis/callback/plain', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' },
    body: new URLSearchParams({ error: 'login_required', state }).toString(),
  });
  assert.equal(reply.status, 405);
  assert.equal(browser.session, null);
});

test('oidcc-client-test-3rd-party-init-login: a page of ours begins for whoever is sent there; an issuer is not named by its URL', async () => {
  const browser = party.browser();
  assert.equal((await browser.navigate('/.portcullis/login?provider=plain')).status, 303);
  const issuer = encodeURIComponent(party.providers.plain.issuer);
  const path = `/.portcullis/login?iss=${issuer}&target_link_uri=https%3A%2F%2Fevil.example`;
  assert.equal((await browser.navigate(path)).status, 400);
});

test('oidcc-client-test-signing-key-rotation: whoever signs in after the keys have changed comes in', async () => {
  await party.signedIn('rotating');
  party.providers.rotating.keys = [providerKey('next')];
  await party.signedIn('rotating');
});

test('oidcc-client-test-signing-key-rotation-just-before-signing: keys that changed a moment ago are found', async () => {
  await party.signedIn('late');
});

test('oidcc-client-test-userinfo-bearer-header: userinfo is asked with the token in the head', async () => {
  await party.signedIn('told');
  const call = callsOf(party.providers.told, 'GET /userinfo').at(-1);
  assert.match(call?.authorization ?? '', /^Bearer [\w-]+$/);
  assert.equal(call?.parameters.size, 0, 'and in no query');
});

test('oidcc-client-test-scope-userinfo-claims: what userinfo says for the scopes counts where the ID token says nothing', async () => {
  const { told } = party.providers;
  const idToken = (claims: Claims): string => told.signed({ ...claims, roles: undefined });
  told.wrong = { ...told.wrong, idToken };
  const ada = await party.signedIn('told');
  assert.equal(ada.told['x-portcullis-roles'], 'customer');
  assert.equal(callsOf(told, 'GET /authorize').at(-1)?.parameters.get('scope'), 'openid profile email');
});

test('oidcc-client-test-userinfo-invalid-sub: userinfo of somebody else signs nobody in', async () => {
  const userinfo = (claims: Claims) => ({
    type: 'application/json',
    body: JSON.stringify({ ...claims, sub: 'eve' }),
  });
  await party.refusedWhile('told', { userinfo });
});

test('oidcc-client-test-userinfo-signed: userinfo that is signed is taken, and refused where its signature is wrong', async () => {
  const { told } = party.providers;
  const usual = told.wrong;
  const all = (claims: Claims): Claims => ({ ...claims, iss: told.issuer, aud: 'gateway' });
  const jwt = (make: (claims: Claims) => string): Wrong => ({
    userinfo: (claims) => ({ type: 'application/jwt', body: make(all(claims)) }),
  });
  told.wrong = { ...usual, ...jwt((claims) => told.signed(claims)) };
  const ada = await party.signedIn('told').finally(() => (told.wrong = usual));
  assert.equal(ada.told['x-portcullis-roles'], 'customer');
  await party.refusedWhile(
    'told',
    jwt((claims) => spoilt(told.signed(claims))),
  );
  await party.refusedWhile('told', jwt(unsigned));
  await party.refusedWhile(
    'told',
    jwt((claims) => signedWithSecret(SECRET, claims)),
  );
  await party.refusedWhile(
    'told',
    jwt((claims) => told.signed({ ...claims, aud: 'another' })),
  );
  await party.refusedWhile(
    'told',
    jwt((claims) => told.signed({ ...claims, sub: 'eve' })),
  );
});

for (const [what, change] of [
  ['has one claim twice', (json: string) => json.replace('{', '{"roles":["admin"],')],
  ['is nested without end', (json: string) => json.replace('{', `{"more":${'['.repeat(8_000)}${']'.repeat(8_000)},`)],
] as const) {
  test(`nobody signs in by signed userinfo that ${what}`, async () => {
    const { told } = party.providers;
    const [key = assert.fail('no key')] = told.keys;
    const userinfo = (claims: Claims) => {
      const json = JSON.stringify({ ...claims, iss: told.issuer, aud: 'gateway' });
      return { type: 'application/jwt', body: signedText(key, change(json)) };
    };
    await party.refusedWhile('told', { userinfo });
  });
}

for (const [module, source] of [
  [
    'aggregated-claims',
    (told: WrongProvider) => ({ JWT: told.signed({ phone_number: '+49 30 1', roles: ['admin'] }) }),
  ],
  ['distributed-claims', (told: WrongProvider) => ({ endpoint: `${told.issuer}/claims`, access_token: 'x' })],
] as const) {
  test(`oidcc-client-test-${module}: they come in, and what others say of them is neither fetched nor believed`, async () => {
    const { told } = party.providers;
    const usual = told.wrong;
    const more = { _claim_names: { phone_number: 'one', roles: 'one' }, _claim_sources: { one: source(told) } };
    const userinfo = (claims: Claims) => ({ type: 'application/json', body: JSON.stringify({ ...claims, ...more }) });
    told.wrong = { ...usual, userinfo };
    const ada = await party.signedIn('told').finally(() => (told.wrong = usual));
    assert.equal(ada.told['x-portcullis-roles'], 'customer');
    assert.equal((await ada.browser.call('/admin')).status, 403);
    assert.deepEqual(callsOf(told, 'GET /claims'), []);
  });
}

/** Until its session was refreshed; the refresh that came. */
async function renewedBy(name: Name, browser: BrowserClient): Promise<void> {
  await eventually(async () => {
    assert.equal((await browser.call('/orders')).status, 200);
    const grants = callsOf(party.providers[name], 'POST /token').map(({ parameters }) => parameters.get('grant_type'));
    assert.ok(grants.includes('refresh_token'));
  });
}

test('oidcc-client-test-refresh-token: new tokens are had by the refresh token, and userinfo is asked with them', async () => {
  const ada = await party.signedIn('renewing');
  const [first] = callsOf(party.providers.renewing, 'GET /userinfo');
  await renewedBy('renewing', ada.browser);
  await eventually(() => assert.ok(callsOf(party.providers.renewing, 'GET /userinfo').length > 1));
  assert.notEqual(callsOf(party.providers.renewing, 'GET /userinfo').at(-1)?.authorization, first?.authorization);
  assert.equal((await ada.browser.readSession())['subject'], 'ada');
});

for (const [module, name] of [
  ['refresh-token-invalid-issuer', 'otherissuer'],
  ['refresh-token-invalid-sub', 'othersubject'],
] as const) {
  test(`oidcc-client-test-${module}: of a refresh with an ID token of another nothing counts`, async () => {
    const ada = await party.signedIn(name);
    await renewedBy(name, ada.browser);
    assert.equal((await ada.browser.readSession())['subject'], 'ada');
    const opened = JSON.parse((await ada.browser.call('/orders')).body) as Claims;
    assert.equal(opened['x-portcullis-subject'], 'ada');
    assert.equal(callsOf(party.providers[name], 'GET /userinfo').length, 1, 'the new access token is not used');
    const { body } = await askAdmin(party.gateway, '/v1/alerts');
    const alerts = JSON.parse(body) as { kind: string; key: string; severity: string }[];
    const told = alerts.filter(({ kind, key }) => kind === 'issuer.login-failing' && key === name);
    assert.deepEqual(
      told.map(({ severity }) => severity),
      ['medium'],
      body,
    );
  });
}
