// What the OpenID conformance suite asks of a relying party when people sign out: docs/guide/relying-party.md.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type BrowserClient, locationOf } from './browser-client.ts';
import { eventually } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { followSignIn } from './openid-provider.ts';
import { type BadToken, type RelyingParty, SECRET, startRelyingParty } from './relying-party.ts';
import { type ProviderCall, signedWithSecret, unsigned, type Wrong } from './wrong-provider.ts';

let party: RelyingParty<'plain'>;

before(async () => {
  party = await startRelyingParty({ names: ['plain'], settings: () => ({}), prepare: () => undefined });
  const { gateway, providers } = party;
  providers.plain.deliver = async (token) => {
    const body = new URLSearchParams({ logout_token: token }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const path = '/.portcullis/backchannel-logout/plain';
    return (await ask({ port: gateway.https, ca: gateway.ca, method: 'POST', path, headers, body })).status;
  };
});

after(() => party.stop());

/** What the provider was last asked when somebody signed out. */
function endCall(): ProviderCall | undefined {
  return party.providers.plain.calls.findLast(({ what }) => what === 'GET /end');
}

interface Ended {
  readonly browser: BrowserClient;
  /** Of the same person, in another browser. */
  readonly beside: BrowserClient;
  /** What the gateway said to the logout token. */
  readonly status: number;
  /** What its page said in the end. */
  readonly reply: Reply;
}

/** Somebody of their own signs out here, at the provider, and comes back. */
async function signOut(wrong: Wrong): Promise<Ended> {
  const { plain } = party.providers;
  plain.subject = `ada-${plain.calls.length}`;
  const [browser, beside] = [(await party.signedIn('plain')).browser, (await party.signedIn('plain')).browser];
  plain.wrong = wrong;
  try {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-mode': 'navigate' };
    const left = await browser.call('/.portcullis/logout', { method: 'POST', body: `csrf=${browser.csrf}`, headers });
    assert.equal(left.status, 303);
    assert.ok(locationOf(left).startsWith(`${plain.issuer}/end?`), locationOf(left));
    const back = await followSignIn(locationOf(left), `${browser.origin}/`);
    assert.equal(back.pathname, '/.portcullis/logout');
    const reply = await browser.navigate(`${back.pathname}${back.search}`);
    return { browser, beside, status: plain.delivered.at(-1) ?? 0, reply };
  } finally {
    plain.wrong = {};
    plain.subject = 'ada';
  }
}

/** The browser that signed out is signed out, whatever the provider says of it, and told so. */
async function assertSignedOut({ browser, reply }: Ended): Promise<void> {
  assert.equal(reply.status, 200);
  assert.match(reply.body, /You are not signed in here/);
  assert.equal(browser.session, null);
  assert.equal((await browser.call('/orders')).status, 401);
}

test('oidcc-client-test-rp-backchannel-rpinitlogout: a logout token is heard, and ends what else the person has open', async () => {
  const ended = await signOut({});
  await assertSignedOut(ended);
  assert.equal(ended.status, 200);
  await eventually(async () => assert.equal((await ended.beside.call('/orders')).status, 401));
});

const BAD_LOGOUT_TOKENS: readonly BadToken[] = [
  ['alg-none', 'no signature', (_provider, claims) => unsigned(claims)],
  ['wrong-alg', 'the secret that both sides know', (_provider, claims) => signedWithSecret(SECRET, claims)],
  ['wrong-alg', 'an algorithm that is not its key’s', (provider, claims) => provider.signed(claims, { alg: 'PS256' })],
  ['no-event', 'no events', (provider, claims) => provider.signed({ ...claims, events: undefined })],
  ['wrong-event', 'another event', (provider, claims) => provider.signed({ ...claims, events: { 'urn:other': {} } })],
  ['with-nonce', 'a nonce', (provider, claims) => provider.signed({ ...claims, nonce: 'one' })],
  ['wrong-aud', 'another audience', (provider, claims) => provider.signed({ ...claims, aud: 'another' })],
  ['wrong-iss', 'another issuer', (provider, claims) => provider.signed({ ...claims, iss: `${provider.issuer}/` })],
];

for (const [module, what, make] of BAD_LOGOUT_TOKENS) {
  test(`oidcc-client-test-rp-backchannel-rpinitlogout-${module}: a logout token with ${what} is refused and ends nothing`, async () => {
    const ended = await signOut({ logoutToken: (claims) => make(party.providers.plain, claims) });
    await assertSignedOut(ended);
    assert.equal(ended.status, 400);
    assert.equal((await ended.beside.call('/orders')).status, 200);
  });
}

test('oidcc-client-test-rp-init-logout: who signs out here signs out at the provider, and comes back to a page of ours', async () => {
  await assertSignedOut(await signOut({}));
  const asked = endCall()?.parameters;
  assert.deepEqual([...(asked?.keys() ?? [])].toSorted(), ['client_id', 'id_token_hint', 'post_logout_redirect_uri']);
});

for (const [module, state] of [
  ['no-state', null],
  ['other-state', 'of-somebody-else'],
] as const) {
  test(`oidcc-client-test-rp-init-logout-${module}: no state goes along, and none that comes back matters`, async () => {
    const signedOut = (url: URL): void => {
      if (state !== null) url.searchParams.set('state', state);
    };
    await assertSignedOut(await signOut({ signedOut }));
    assert.equal(endCall()?.parameters.has('state'), false);
  });
}
