import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Principal } from '../../principal.ts';
import { crossSiteFault } from './cross-site.ts';
import { HOST, requestOf, Thread, wordsOf } from './fixture.test.ts';

const PAGE = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

test('a page is the host’s own where nothing that tells which page it is says otherwise', () => {
  const faultOf = (headers: Readonly<Record<string, string>>): string | null =>
    crossSiteFault(requestOf({ method: 'POST', headers }), null);
  const own = `https://${HOST}`;
  const same = { 'sec-fetch-site': 'same-origin' };
  for (const headers of [{ origin: own }, { ...same }, { origin: own, ...same }, { origin: 'null', ...same }])
    assert.equal(faultOf(headers), null, JSON.stringify(headers));
  assert.equal(faultOf({ origin: 'https://evil.example', ...same }), 'origin', 'two words that do not fit');
  assert.equal(faultOf({ origin: own, 'sec-fetch-site': 'same-site' }), 'origin');
  assert.equal(faultOf({ origin: 'null' }), 'origin');
  assert.equal(faultOf({ 'sec-fetch-site': 'none' }), 'site');
  assert.equal(faultOf({}), 'unknown');
});

test('who has been identified already, or bears a token, is sent nowhere', async () => {
  const thread = new Thread();
  assert.match(wordsOf(await thread.ask({ headers: PAGE })), /^303 /);
  assert.equal(wordsOf(await thread.ask({ headers: PAGE }, {} as Principal)), 'abstain');
  assert.equal(wordsOf(await thread.ask({ headers: { ...PAGE, authorization: 'Bearer x' } })), 'abstain');
});
