import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Secret } from '../../src/base/index.ts';
import { eventually } from './eventually.ts';
import { startOpenIdProvider } from './openid-provider.ts';
import {
  type Begun,
  begin,
  callback,
  CLIENT,
  comeBack,
  find,
  hashOf,
  openSessionControl,
  signIn,
  start,
} from './session-control.ts';

const refusalOf = async (answer: ReturnType<typeof callback>): Promise<string> => {
  const said = await answer;
  return said.ok ? 'signed in' : said.refusal;
};

test('who signs in with a provider gets a session of what its ID token says, and goes where they wanted to', async (t) => {
  const { peer, control } = await start(t);
  const begun = await begin(control);
  const answer = await callback(control, begun, await comeBack(begun));
  assert.ok(answer.ok, JSON.stringify(control.events));
  assert.equal(answer.returnTo, '/orders?page=2');
  const { claims, subject, issuer } = answer.view;
  assert.deepEqual(
    [issuer, subject, claims['sub'], claims['roles'], claims['iss']],
    ['acme', 'ada', 'ada', ['customer'], peer.issuer],
  );
  assert.deepEqual(await find(control, hashOf(answer.id)), answer.view);
  assert.equal(await find(control, answer.id), null, 'the id itself finds nothing');
  assert.ok(peer.calls.includes('POST /request'), 'the request is pushed where that is offered');
  assert.deepEqual(
    control.events.map(({ kind }) => kind),
    ['begun'],
  );
});

test('what is asked for says PKCE with S256, a state and a nonce of its own each time, and is not pushed where that is off', async (t) => {
  const { control } = await start(t);
  control.follow({ par: 'off', prompt: 'login' });
  const [one, other] = [await begin(control), await begin(control)].map(({ url }) => new URL(url).searchParams);
  for (const asked of [one, other]) {
    assert.equal(asked?.get('code_challenge_method'), 'S256');
    assert.match(asked.get('code_challenge') ?? '', /^[\w-]{43}$/);
    assert.match(asked.get('state') ?? '', /^[\w-]{100,400}$/, 'some providers take no long ones');
    assert.match(asked.get('nonce') ?? '', /^[\w-]{43}$/);
    assert.equal(asked.get('prompt'), 'login');
    assert.equal(asked.get('client_secret'), null);
  }
  for (const name of ['code_challenge', 'state', 'nonce']) assert.notEqual(one?.get(name), other?.get(name));
});

test('userinfo says more where it is asked, and nothing of what the ID token says', async (t) => {
  const { peer, control } = await start(t);
  control.follow({ userinfo: true, scopes: ['openid', 'profile'] });
  const { view } = await signIn(control);
  assert.equal(view.claims['name'], 'ada of the provider');
  assert.ok(peer.calls.includes('GET /me'));
});

// Item 48 of the list of what breaks others: state, browser, mix-up, PKCE.
const BAD_CALLBACKS: readonly [
  string,
  (good: string, begun: Begun) => { parameters?: string; binding?: string | null; issuer?: string; origin?: string },
  string,
][] = [
  ['no state', (good) => ({ parameters: without(good, 'state') }), 'attempt-expired'],
  [
    'another state',
    (good) => ({ parameters: changed(good, 'state', randomBytes(32).toString('base64url')) }),
    'attempt-expired',
  ],
  ['a state twice', (good) => ({ parameters: `${good}&state=x` }), 'attempt-expired'],
  ['no cookie', () => ({ binding: null }), 'attempt-expired'],
  ['the cookie of another browser', () => ({ binding: hashOf('another') }), 'attempt-expired'],
  ['the path of another provider', () => ({ issuer: 'other' }), 'attempt-expired'],
  ['another host', () => ({ origin: 'https://evil.example' }), 'attempt-expired'],
  ['no iss, which this provider sends', (good) => ({ parameters: without(good, 'iss') }), 'failed'],
  ['the iss of another', (good) => ({ parameters: changed(good, 'iss', 'https://evil.example') }), 'failed'],
  ['another code', (good) => ({ parameters: changed(good, 'code', 'x'.repeat(43)) }), 'failed'],
  ['no code', (good) => ({ parameters: without(good, 'code') }), 'failed'],
  ['a code twice', (good) => ({ parameters: `${good}&code=x` }), 'attempt-expired'],
  ['tokens beside the code', (good) => ({ parameters: `${good}&id_token=x` }), 'failed'],
  ['a signed answer in place of this one', (good) => ({ parameters: `${good}&response=x.y.z` }), 'failed'],
  ['more than anybody sends', (good) => ({ parameters: `${good}&x=${'x'.repeat(8_192)}` }), 'attempt-expired'],
];

for (const [what, change, refusal] of BAD_CALLBACKS) {
  test(`nobody signs in with ${what}`, async (t) => {
    const { control } = await start(t);
    const begun = await begin(control);
    const good = await comeBack(begun);
    const { parameters = good, binding = begun.binding, ...more } = change(good, begun);
    assert.equal(await refusalOf(callback(control, { binding } as Begun, parameters, more)), refusal);
    assert.equal(await control.sessions.count(), 0);
  });
}

test('a code of another attempt, of another browser, signs nobody in: PKCE and nonce are of this one', async (t) => {
  const { control } = await start(t);
  const [mine, theirs] = [await begin(control), await begin(control)];
  const stolen = new URLSearchParams(await comeBack(theirs)).get('code') ?? '';
  const own = await comeBack(mine);
  assert.equal(await refusalOf(callback(control, mine, changed(own, 'code', stolen))), 'failed');
});

test('what was begun is finished once, by the browser that began it, whatever others try before', async (t) => {
  const { control } = await start(t);
  const begun = await begin(control);
  const good = await comeBack(begun);
  assert.equal(await refusalOf(callback(control, { binding: hashOf('x') }, good)), 'attempt-expired');
  assert.equal(await refusalOf(callback(control, begun, good)), 'signed in');
  assert.equal(await refusalOf(callback(control, begun, good)), 'attempt-expired');
});

test('what was begun is over after ten minutes', async (t) => {
  const { control } = await start(t);
  const begun = await begin(control);
  const good = await comeBack(begun);
  control.time.aheadMs = 10 * 60_000;
  assert.equal(await refusalOf(callback(control, begun, good)), 'attempt-expired');
});

test('two tabs sign in at once, and each goes where it wanted to', async (t) => {
  const { control } = await start(t);
  const tabs = [await begin(control, { returnTo: '/a' }), await begin(control, { returnTo: '/b' })];
  const came = await Promise.all(tabs.map((tab) => comeBack(tab)));
  const answers = await Promise.all(tabs.map((tab, index) => callback(control, tab, came[index] ?? '')));
  assert.deepEqual(
    answers.map((answer) => answer.ok && answer.returnTo),
    ['/a', '/b'],
  );
});

test('nobody is pushed out by whoever begins again and again, nor by a restart meanwhile', async (t) => {
  const { control } = await start(t);
  control.follow({ par: 'off' });
  const first = await begin(control);
  for (let count = 0; count < 20_000; count++) await begin(control);
  const next = control.again();
  const good = await comeBack(first);
  assert.equal(await refusalOf(callback(next, first, good)), 'signed in');
  assert.equal(await refusalOf(callback(next, first, good)), 'attempt-expired');
});

for (const par of ['auto', 'required'] as const) {
  test(`who comes back is not kept out by those who begin at a provider that is slow, with par ${par}`, async (t) => {
    const peer = await startOpenIdProvider(t, CLIENT);
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = { isOn: false };
    const control = await openSessionControl(t, peer.issuer, (egress) => ({
      async call(request) {
        if (slow.isOn && request.url.endsWith('/request')) await promise;
        return await egress.call(request);
      },
    }));
    control.follow({ par });
    const honest = await begin(control);
    const good = await comeBack(honest);
    slow.isOn = true;
    const said: string[] = [];
    const crowd = Array.from({ length: 100 }, () =>
      begin(control).then(
        ({ url }) => said.push(url),
        (fault) => said.push(String(fault)),
      ),
    );
    await eventually(() => assert.equal(said.length, 68));
    const words = par === 'auto' ? /code_challenge=/ : /provider-unavailable/;
    assert.ok(said.every((one) => words.test(one)));
    assert.equal(await refusalOf(callback(control, honest, good)), 'signed in');
    resolve();
    await Promise.all(crowd);
    assert.ok(said.slice(68).every((one) => one.includes('request_uri=')));
    assert.match((await begin(control)).url, /request_uri=/, 'it is pushed again');
  });
}

test('nothing but a path of the host that was asked is gone to afterwards', async (t) => {
  const { control } = await start(t);
  const bad = [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    'https:evil',
    '\t//evil.example',
    '/\t/evil.example',
    `/${'x'.repeat(2_048)}`,
    '',
  ];
  for (const returnTo of bad) await assert.rejects(begin(control, { returnTo }), /failed/, returnTo);
  for (const origin of ['http://app.example', 'https://app.example/', 'https://u@app.example', 'app.example']) {
    await assert.rejects(begin(control, { origin }), /failed/, origin);
  }
});

test('who says no at the provider is told so, and the provider’s own words go nowhere', async (t) => {
  const { peer, control } = await start(t);
  peer.account = null;
  const begun = await begin(control);
  const parameters = await comeBack(begun);
  assert.match(decodeURIComponent(parameters), /<script>/);
  assert.equal(await refusalOf(callback(control, begun, parameters)), 'denied');
  assert.ok(!JSON.stringify(control.events).includes('script'));
  const other = await begin(control);
  const state = new URLSearchParams({ state: 'x', error: '<script>', iss: peer.issuer });
  assert.equal(await refusalOf(callback(control, other, state.toString())), 'attempt-expired');
});

test('a session that a browser brings along, or that asked for more, is dead once another stands', async (t) => {
  const { control } = await start(t);
  const fixed = await signIn(control);
  const stepped = await signIn(control);
  const begun = await begin(control, { session: stepped.hash });
  const answer = await callback(control, begun, await comeBack(begun), { session: fixed.hash });
  assert.ok(answer.ok);
  assert.deepEqual([await find(control, fixed.hash), await find(control, stepped.hash)], [null, null]);
  assert.ok(control.notices.includes(fixed.hash) && control.notices.includes(stepped.hash), 'all threads are told');
  assert.notEqual(answer.id, fixed.id);
  assert.notEqual(answer.view.csrf, fixed.view.csrf);
});

test('a class that was asked for and not reached, or a sign-in that is too old, is not enough', async (t) => {
  const { peer, control } = await start(t);
  const weak = await begin(control, { acrValues: ['strong'] });
  assert.equal(await refusalOf(callback(control, weak, await comeBack(weak))), 'failed');
  peer.acr = 'strong';
  const { view } = await signIn(control, { acrValues: ['strong'], maxAgeSeconds: 60 });
  assert.equal(view.claims['acr'], 'strong');
  assert.equal(typeof view.claims['auth_time'], 'number');
});

test('whoever asks for a class by themselves gets round none that every sign-in must be of', async (t) => {
  const { peer, control } = await start(t);
  control.follow({ acrValues: ['strong', 'stronger'] });
  peer.acr = 'usual';
  // The query of the page is anybody's to write: it may ask for more, never for less.
  await assert.rejects(begin(control, { acrValues: ['usual'] }), /denied/);
  const mixed = await begin(control, { acrValues: ['usual', 'strong'] });
  assert.equal(await refusalOf(callback(control, mixed, await comeBack(mixed))), 'failed');
  const plain = await begin(control);
  assert.equal(await refusalOf(callback(control, plain, await comeBack(plain))), 'failed');
  control.follow();
  const early = await begin(control);
  const back = await comeBack(early);
  control.follow({ acrValues: ['strong'] });
  assert.equal(await refusalOf(callback(control, early, back)), 'failed', 'what is demanded now counts');
  peer.acr = 'strong';
  assert.equal((await signIn(control, { acrValues: ['usual', 'strong'] })).view.claims['acr'], 'strong');
  assert.equal((await signIn(control)).view.claims['acr'], 'strong');
});

test('a provider that can’t be had keeps people out, is not asked all the time, and nobody hears why', async (t) => {
  const { peer, control } = await start(t);
  peer.broken = { status: 503 };
  const asked = (): number => peer.calls.length;
  await assert.rejects(begin(control), /provider-unavailable/);
  const before = asked();
  for (let count = 0; count < 20; count++) await assert.rejects(begin(control), /provider-unavailable/);
  assert.equal(asked(), before);
  peer.broken = null;
  control.time.aheadMs = 6_000;
  await signIn(control);
  // It is known from then on; what it can't do is exchange a code.
  const begun = await begin(control);
  const good = await comeBack(begun);
  peer.broken = { status: 502 };
  assert.equal(await refusalOf(callback(control, begun, good)), 'provider-unavailable');
});

test('a redirect of the provider’s own endpoints is not followed', async (t) => {
  const { peer, control } = await start(t);
  control.follow({ par: 'off' });
  const begun = await begin(control);
  const good = await comeBack(begun);
  peer.broken = { status: 307 };
  assert.equal(await refusalOf(callback(control, begun, good)), 'failed');
  assert.match(JSON.stringify(control.events.at(-1)), /redirects are not followed/);
});

test('a wrong secret signs nobody in, and stands in no word that is told', async (t) => {
  const { control } = await start(t);
  const value = new Secret(Buffer.from('not the secret of this client'));
  control.follow({ par: 'off', proof: { kind: 'secret', value } });
  const begun = await begin(control);
  assert.equal(await refusalOf(callback(control, begun, await comeBack(begun))), 'failed');
  assert.match(JSON.stringify(control.events), /does not know us/);
  assert.ok(!JSON.stringify(control.events).includes('not the secret'));
});

for (const [what, pair] of [
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2_048 })],
  ['Ed25519', generateKeyPairSync('ed25519')],
] as const) {
  test(`the gateway shows who it is by a key of ${what} in place of a secret, and by no other key`, async (t) => {
    const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'ours', use: 'sig' };
    const { client_secret: _secret, ...client } = CLIENT;
    const method = { token_endpoint_auth_method: 'private_key_jwt' as const, jwks: { keys: [jwk as never] } };
    const peer = await startOpenIdProvider(t, { ...client, ...method });
    const named: unknown[] = [];
    const control = await openSessionControl(t, peer.issuer, (egress) => ({
      async call(asked) {
        const form = new URLSearchParams(Buffer.from(asked.body ?? []).toString());
        const [header = ''] = (form.get('client_assertion') ?? '').split('.');
        if (header !== '')
          named.push((JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: string }).kid);
        return await egress.call(asked);
      },
    }));
    const withKey = (key: KeyObject, kid: string | null): void => {
      const pem = key.export({ format: 'pem', type: 'pkcs8' }).toString();
      control.follow({ proof: { kind: 'private-key', value: new Secret(Buffer.from(pem)), kid } });
    };
    for (const kid of [null, 'ours']) {
      withKey(pair.privateKey, kid);
      assert.equal((await signIn(control)).view.subject, 'ada');
      assert.deepEqual(new Set(named.splice(0)), new Set([kid ?? undefined]));
    }
    withKey(pair.privateKey, 'another');
    await assert.rejects(begin(control), /failed/, 'the provider looks for it by its name');
    withKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, null);
    await assert.rejects(begin(control), /failed/);
  });
}

function without(query: string, name: string): string {
  const parameters = new URLSearchParams(query);
  parameters.delete(name);
  return parameters.toString();
}

function changed(query: string, name: string, value: string): string {
  const parameters = new URLSearchParams(query);
  parameters.set(name, value);
  return parameters.toString();
}
