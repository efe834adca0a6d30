// Two verifiers stand behind each other where people sign in: which of them refuses an ID token, and that ours would alone.
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { Secret } from '../../src/base/index.ts';
import { parseJson } from '../../src/body/index.ts';
import { readJwt, readKeySet, verifyIdToken } from '../../src/credential/index.ts';
import { begin, callback, comeBack, openSessionControl, type SessionControl, signIn } from './session-control.ts';
import {
  type Claims,
  type ProviderKey,
  signedText,
  signedWith,
  signedWithSecret,
  spoilt,
  startWrongProviders,
  unsigned,
  type WrongProvider,
} from './wrong-provider.ts';

const SECRET = 'a-secret-of-more-than-sixteen-characters';

interface Scene {
  readonly provider: WrongProvider;
  readonly control: SessionControl;
}

async function start(t: TestContext): Promise<Scene> {
  const { providers, server } = await startWrongProviders(['acme'], SECRET);
  t.after(() => server.stop());
  const control = await openSessionControl(t, providers.acme.issuer);
  control.follow({ proof: { kind: 'secret', value: new Secret(Buffer.from(SECRET)) } });
  return { provider: providers.acme, control };
}

type Make = (claims: Claims, key: ProviderKey, provider: WrongProvider) => string;

/** What is said of an ID token at the end of the whole way, and what our verifier says of it alone; null where it is taken. */
async function judged(
  { provider, control }: Scene,
  make: Make,
): Promise<{ whole: string | null; ours: string | null }> {
  let made: { readonly token: string; readonly nonce: string } | null = null;
  provider.wrong = {
    // What an access token is bound by to it is judged in tests of its own.
    idToken: ({ at_hash: _hash, ...claims }) => {
      const token = make(claims, provider.keys[0] ?? assert.fail('no key'), provider);
      made = { token, nonce: String(claims['nonce']) };
      return token;
    },
  };
  const begun = await begin(control);
  const answer = await callback(control, begun, await comeBack(begun));
  const said = control.events.at(-1);
  const { token, nonce } = made ?? assert.fail('no ID token was made');
  return { whole: answer.ok || said?.kind !== 'refused' ? null : said.words, ours: oursOf(provider, token, nonce) };
}

function oursOf({ keys, issuer }: WrongProvider, token: string, nonce: string): string | null {
  const read = readJwt(token, parseJson);
  if (!read.ok) return read.error;
  const set = readKeySet(Buffer.from(JSON.stringify({ keys: keys.map(({ published }) => published) })));
  assert.ok(set.ok);
  const rows = new Map(set.value.rows.map((row) => [row.thumbprint, row]));
  const profile = {
    issuer,
    clientId: 'gateway',
    tenants: null,
    hostedDomains: null,
    skewMs: 5_000,
    algorithms: ['ES256', 'RS256'],
  } as const;
  const demand = { nonce, accessToken: null, maxAgeMs: null, acrValues: null, earlier: null };
  const verified = verifyIdToken(read.value, profile, demand, { rows, nowMs: Date.now() });
  return verified.ok ? null : verified.error;
}

/** Signed as it should be over parts that are spelled in another way. */
function respelled(claims: Claims, { kid, alg, key }: ProviderKey, spell: (part: string) => string): string {
  const [header = '', payload = ''] = [{ alg, kid }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const input = `${header}.${spell(payload)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const besides =
  (members: string): Make =>
  (claims, key) =>
    signedText(key, `{${members},${JSON.stringify(claims).slice(1)}`);
const headed =
  (header: Claims): Make =>
  (claims, key) =>
    signedWith(key, claims, header);
const claiming =
  (more: Claims): Make =>
  (claims, key) =>
    signedWith(key, { ...claims, ...more });

/** What our reader refuses before anybody else reads it, also where another would find something else wrong first. */
const UNREADABLE: readonly (readonly [what: string, fault: string, make: Make])[] = [
  ['a claim twice', 'json', besides('"sub":"root"')],
  ['a claim twice, once by an escape', 'json', besides('"s\\u0075b":"root"')],
  ['JSON that is 40 deep', 'json', besides(`"deep":${'['.repeat(40)}${']'.repeat(40)}`)],
  ['250 claims', 'json', besides(Array.from({ length: 250 }, (_, at) => `"c${at}":1`).join(','))],
  ['NUL in a claim', 'json', besides('"name":"ada\\u0000root"')],
  ['a lone surrogate', 'json', besides('"name":"\\ud800"')],
  ['a mark of byte order', 'json', (claims, key) => signedText(key, `\ufeff${JSON.stringify(claims)}`)],
  ['200 KB', 'too-long', claiming({ more: 'x'.repeat(150_000) })],
  [
    'white space in a part',
    'encoding',
    (claims, key) => respelled(claims, key, (part) => `${part.slice(0, 8)}\n${part.slice(8)}`),
  ],
  ['padding', 'encoding', (claims, key) => respelled(claims, key, (part) => `${part}=`)],
  [
    'other bits behind the last octet',
    'encoding',
    (claims, key) => {
      const length = JSON.stringify({ ...claims, pad: '' }).length;
      const padded = { ...claims, pad: 'x'.repeat((4 - (length % 3)) % 3) };
      return respelled(padded, key, (part) => part.slice(0, -1) + DIGITS[DIGITS.indexOf(part.at(-1) ?? '') ^ 1]);
    },
  ],
  ['four parts', 'not-compact', (claims, key) => `${signedWith(key, claims)}.AAAA`],
  ['the form of an encrypted one', 'encrypted', (claims, key) => `${signedWith(key, claims)}.AAAA.AAAA`],
  ['crit', 'critical', headed({ crit: ['exp'], exp: 1 })],
  ['b64', 'critical', headed({ b64: true })],
  [
    'a claim twice and a signature that does not hold',
    'json',
    (claims, key) => spoilt(besides('"sub":"root"')(claims, key, null as never)),
  ],
];

for (const [what, fault, make] of UNREADABLE) {
  test(`an ID token with ${what} is refused by the reader of all tokens, before another reads it`, async (t) => {
    assert.deepEqual(await judged(await start(t), make), { whole: `its ID token is refused: ${fault}`, ours: fault });
  });
}

/** What openid-client refuses, by its code, and our verifier alone too. */
const REFUSED_TWICE: readonly (readonly [what: string, code: string, fault: string, make: Make])[] = [
  ['no signature', 'OAUTH_INVALID_RESPONSE', 'algorithm', (claims) => unsigned(claims)],
  [
    'a signature that does not hold',
    'OAUTH_INVALID_RESPONSE',
    'signature',
    (claims, key) => spoilt(signedWith(key, claims)),
  ],
  [
    'the signature of a shared secret',
    'OAUTH_INVALID_RESPONSE',
    'algorithm',
    (claims) => signedWithSecret(SECRET, claims),
  ],
  ['another issuer', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED', 'issuer', claiming({ iss: 'https://evil.example' })],
  ['another audience', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED', 'audience', claiming({ aud: 'another' })],
  ['no audience', 'OAUTH_INVALID_RESPONSE', 'audience', claiming({ aud: undefined })],
  ['no iat', 'OAUTH_INVALID_RESPONSE', 'claims', claiming({ iat: undefined })],
  ['no exp', 'OAUTH_INVALID_RESPONSE', 'claims', claiming({ exp: undefined })],
  ['no subject', 'OAUTH_INVALID_RESPONSE', 'subject', claiming({ sub: undefined })],
  ['another nonce', 'OAUTH_JWT_CLAIM_COMPARISON_FAILED', 'nonce', claiming({ nonce: 'another' })],
  [
    'a time that is over',
    'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
    'expired',
    claiming({ exp: Math.floor(Date.now() / 1_000) - 60 }),
  ],
];

for (const [what, code, fault, make] of REFUSED_TWICE) {
  test(`an ID token with ${what} is refused by openid-client, and would be by our verifier alone`, async (t) => {
    assert.deepEqual(await judged(await start(t), make), { whole: `what it sent can't be used: ${code}`, ours: fault });
  });
}

/** What openid-client would take. */
const REFUSED_BY_OURS: readonly (readonly [what: string, fault: string, make: Make])[] = [
  ['the type of an access token', 'type', headed({ typ: 'at+jwt' })],
  ['an event', 'token-kind', claiming({ events: {} })],
  ['the claim of an access token', 'token-kind', claiming({ token_use: 'access' })],
  ['another party', 'audience', claiming({ azp: 'another' })],
  ['an iat of an hour ago', 'expired', claiming({ iat: Math.floor(Date.now() / 1_000) - 3_600 })],
  ['a subject of 300 characters', 'subject', claiming({ sub: 'x'.repeat(300) })],
  ['a line break in its subject', 'subject', claiming({ sub: 'ada\nroot' })],
  ['a session that is a number', 'claims', claiming({ sid: 1 })],
];

for (const [what, fault, make] of REFUSED_BY_OURS) {
  test(`an ID token with ${what} is refused by our verifier alone`, async (t) => {
    assert.deepEqual(await judged(await start(t), make), { whole: `its ID token is refused: ${fault}`, ours: fault });
  });
}

test('an ID token as it should be is taken by both', async (t) => {
  assert.deepEqual(await judged(await start(t), (claims, key) => signedWith(key, claims)), { whole: null, ours: null });
});

test('a renewed ID token is read as strictly as the first', async (t) => {
  const { provider, control } = await start(t);
  provider.expiresIn = 5;
  provider.wrong = {
    renewed: (claims) => besides('"sub":"root"')(claims, provider.keys[0] ?? assert.fail(), provider),
  };
  const { hash, view } = await signIn(control);
  control.time.aheadMs = 10_000;
  await control.sessions.answer({ ask: 'refresh', session: hash, version: view.version });
  const words = 'its ID token is refused: json';
  assert.deepEqual(control.events.at(-1), { kind: 'refreshed', issuer: 'acme', result: 'untrusted', words });
});
