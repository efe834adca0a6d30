import { after, before, test } from 'node:test';
import { type RelyingParty, startRelyingParty } from './relying-party.ts';

// Its access tokens are not verified here but asked about; its ID tokens are verified all the same.
let party: RelyingParty<'one'>;

before(async () => {
  party = await startRelyingParty({
    names: ['one'],
    settings: () => ({
      issuer: "introspection: { client: { id: gateway, secret: '${env:CLIENT_SECRET}' }, for: all },",
    }),
    prepare: () => undefined,
  });
});

after(() => party.stop());

test('people sign in with an issuer that is asked about all of its tokens', async () => {
  await party.signedIn('one');
});
