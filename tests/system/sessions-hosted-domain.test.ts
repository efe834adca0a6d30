import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { locationOf } from './browser-client.ts';
import { type RelyingParty, startRelyingParty } from './relying-party.ts';
import type { Claims } from './wrong-provider.ts';

// As Google: everybody can have an account, and `hd` says whose domain it is of.
let party: RelyingParty<'one' | 'two'>;

before(async () => {
  party = await startRelyingParty({
    names: ['one', 'two'],
    settings: (name) => ({ issuer: `hd: [acme.example${name === 'two' ? ', acme-labs.example' : ''}],` }),
    prepare: () => undefined,
  });
});

after(() => party.stop());

const idToken = (name: 'one' | 'two', more: Claims) => (claims: Claims) =>
  party.providers[name].signed({ ...claims, email: 'ada@acme.example', email_verified: true, ...more });

test('people of the domain sign in, and the provider is told whom it is about', async () => {
  party.providers.one.wrong = { idToken: idToken('one', { hd: 'acme.example' }) };
  await party.signedIn('one');
  party.providers.two.wrong = { idToken: idToken('two', { hd: 'acme-labs.example' }) };
  await party.signedIn('two');
  const login = await party.browser().navigate('/.portcullis/login?provider=one');
  assert.equal(new URL(locationOf(login)).searchParams.get('hd'), 'acme.example');
  const either = await party.browser().navigate('/.portcullis/login?provider=two');
  assert.equal(new URL(locationOf(either)).searchParams.get('hd'), '*');
});

for (const [what, hd] of [
  ['no domain, whatever the address says', undefined],
  ['another domain', 'evil.example'],
  ['a domain below it', 'x.acme.example'],
  ['a domain that begins so', 'acme.example.evil.example'],
  ['a list of domains', ['acme.example']],
  ['the word for all domains', '*'],
] as const) {
  test(`nobody signs in with ${what}`, async () => {
    party.providers.one.wrong = { idToken: idToken('one', { hd: 'acme.example' }) };
    await party.refusedWhile('one', { idToken: idToken('one', { hd }) });
  });
}
