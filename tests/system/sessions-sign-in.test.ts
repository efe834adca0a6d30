import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOpenIdProvider } from './openid-provider.ts';
import { begin, callback, CLIENT, comeBack, find, hashOf, openSessionControl } from './session-control.ts';

test('who signs in with a provider gets a session of what its ID token says, and goes where they wanted to', async (t) => {
  const peer = await startOpenIdProvider(t, CLIENT);
  const control = await openSessionControl(t, peer.issuer);
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
  assert.equal(await find(control, answer.id), null);
  assert.ok(peer.calls.includes('POST /request'), 'the request is pushed where that is offered');
  assert.deepEqual(
    control.events.map(({ kind }) => kind),
    ['begun'],
  );
});
