import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BrowserClient, locationOf } from './browser-client.ts';
import { followSignIn } from './openid-provider.ts';
import { type RelyingParty, startRelyingParty } from './relying-party.ts';

let party: RelyingParty<'plain'>;

before(async () => {
  party = await startRelyingParty({ names: ['plain'], settings: () => ({}), prepare: () => undefined });
});

after(() => party.stop());

// Item 51 of the list of what breaks others.
test('of two hundred tabs that sign in at the same moment any one is finished, and none gets 431', async () => {
  const { gateway } = party;
  const at = { port: gateway.https, ca: gateway.ca };
  const path = `/.portcullis/login?return_to=${encodeURIComponent('/orders?page=2&filter=open')}`;
  // None has seen the cookies of another yet; and they come from several networks, since each is paced.
  const tabs = Array.from({ length: 200 }, (_, tab) => tab).map(async (tab) => {
    const browser = new BrowserClient(at, { 'x-forwarded-for': `10.200.${tab % 4}.1` });
    const login = await browser.navigate(path);
    assert.equal(login.status, 303, login.body);
    return { login, cookies: [...browser.cookies] };
  });
  const opened = await Promise.all(tabs);
  const browser = new BrowserClient(at, { 'x-forwarded-for': '10.201.0.1' });
  for (const { cookies } of opened) for (const [name, value] of cookies) browser.cookies.set(name, value);
  assert.equal(browser.cookies.size, 200);
  const until = `${browser.origin}/.portcullis/callback/plain`;
  for (const index of [0, 199]) {
    const came = await followSignIn(locationOf(opened[index]?.login ?? { status: 0, headers: {}, body: '' }), until);
    const reply = await browser.navigate(`${came.pathname}${came.search}`);
    assert.deepEqual([reply.status, locationOf(reply)], [303, `${browser.origin}/orders?page=2&filter=open`]);
    assert.equal((await browser.navigate('/orders')).status, 200);
  }
  // With the next ones that begin the old ones end, in replies whose heads are small enough for proxies.
  for (let round = 0; round < 13; round++) {
    const login = await browser.navigate(path);
    assert.ok(login.status === 303 && JSON.stringify(login.headers).length < 4_096);
  }
  assert.equal(browser.cookies.size, 9, 'eight attempts, and the session');
});
