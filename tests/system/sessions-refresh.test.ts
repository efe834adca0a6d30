import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionView } from '../../src/session/contract.ts';
import { type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';
import { CLIENT, find, openSessionControl, type SessionControl, signIn, start } from './session-control.ts';

async function refresh({ sessions }: SessionControl, session: string, version: number): Promise<SessionView | null> {
  const answer = await sessions.answer({ ask: 'refresh', session, version });
  return 'view' in answer ? answer.view : null;
}

const tokenCalls = ({ calls }: OpenIdProvider): number => calls.filter((call) => call === 'POST /token').length;

/** Until the moment at which a session is to be refreshed. */
function becomeDue({ time }: SessionControl, { refreshAtMs }: SessionView): void {
  time.aheadMs += (refreshAtMs ?? 0) - Date.now() - time.aheadMs + 1_000;
}

// Item 53 of the list of what breaks others.
test('20 requests over a session whose token ends refresh it once, and all go on with the same', async (t) => {
  const { peer, control } = await start(t);
  const { hash, view } = await signIn(control);
  becomeDue(control, view);
  const before = tokenCalls(peer);
  const views = await Promise.all(Array.from({ length: 20 }, () => refresh(control, hash, view.version)));
  assert.equal(tokenCalls(peer), before + 1);
  assert.ok(views.every((one) => one?.version === view.version + 1));
  assert.ok((views[0]?.refreshAtMs ?? 0) > (view.refreshAtMs ?? 0));
  // Who was slower, and asks with what it knew, is told what there is.
  assert.equal((await refresh(control, hash, view.version))?.version, view.version + 1);
  assert.equal(tokenCalls(peer), before + 1);
  assert.deepEqual(await find(control, hash), views[0]);
  assert.ok(control.notices.includes(hash), 'threads are told that what they know is old');
});

test('a session is refreshed again and again by the tokens that rotate, and keeps its csrf token', async (t) => {
  const { control } = await start(t);
  const { hash, view } = await signIn(control);
  let now = view;
  for (let round = 0; round < 3; round++) {
    becomeDue(control, now);
    const next = await refresh(control, hash, now.version);
    assert.ok(next !== null && next.version === now.version + 1);
    assert.equal(next.csrf, view.csrf);
    now = next;
  }
});

test('nobody refreshes before it is time, however often they ask', async (t) => {
  const { peer, control } = await start(t);
  const { hash, view } = await signIn(control);
  const before = tokenCalls(peer);
  for (let count = 0; count < 5; count++) assert.deepEqual(await refresh(control, hash, view.version), view);
  assert.equal(tokenCalls(peer), before);
});

test('while the provider can’t be asked a session goes on, and is asked for again after half a minute', async (t) => {
  const { peer, control } = await start(t);
  const { hash, view } = await signIn(control);
  becomeDue(control, view);
  peer.broken = { status: 503 };
  const before = tokenCalls(peer);
  const kept = await refresh(control, hash, view.version);
  assert.equal(kept?.subject, 'ada');
  for (let count = 0; count < 10; count++) await refresh(control, hash, kept?.version ?? 0);
  assert.equal(tokenCalls(peer), before + 1);
  assert.ok(control.events.some((event) => event.kind === 'refreshed' && event.result === 'unavailable'));
  peer.broken = null;
  control.time.aheadMs += 31_000;
  const renewed = await refresh(control, hash, kept?.version ?? 0);
  assert.ok((renewed?.refreshAtMs ?? 0) > (kept?.refreshAtMs ?? 0) + 10_000);
});

test('a page of a proxy in place of tokens ends no session', async (t) => {
  const { peer, control } = await start(t);
  const { hash, view } = await signIn(control);
  becomeDue(control, view);
  peer.broken = { status: 200 };
  assert.equal((await refresh(control, hash, view.version))?.subject, 'ada');
});

test('a session ends when the provider refreshes it no more', async (t) => {
  const { peer, control } = await start(t);
  const { hash, view } = await signIn(control);
  // As an administrator of the provider would: all that was granted is taken back.
  await peer.withdraw();
  becomeDue(control, view);
  assert.equal(await refresh(control, hash, view.version), null);
  assert.equal(await find(control, hash), null);
  assert.ok(control.events.some((event) => event.kind === 'ended' && event.why === 'refresh-refused'));
});

test('a session that ends while it is refreshed stays dead, and what came for it is given back', async (t) => {
  const peer = await startOpenIdProvider(t, CLIENT);
  const [came, ended] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
  const givenBack: (string | null)[] = [];
  const control = await openSessionControl(t, peer.issuer, (egress) => ({
    async call(asked) {
      const form = new URLSearchParams(Buffer.from(asked.body ?? []).toString());
      if (asked.url.endsWith('/revocation')) givenBack.push(form.get('token'));
      const reply = await egress.call(asked);
      if (form.get('grant_type') !== 'refresh_token' || !reply.ok) return reply;
      came.resolve((JSON.parse(Buffer.from(reply.value.body).toString()) as { refresh_token: string }).refresh_token);
      await ended.promise;
      return reply;
    },
  }));
  const { hash, view } = await signIn(control);
  becomeDue(control, view);
  const running = refresh(control, hash, view.version);
  const token = await came.promise;
  assert.equal(await control.sessions.end({ id: hash }, 'operator'), 1);
  ended.resolve();
  assert.equal(await running, null);
  assert.equal(await find(control, hash), null);
  assert.ok(givenBack.includes(token));
});

test('a session that is not used, or too old, is none; a use moves the one and not the other', async (t) => {
  const { control } = await start(t);
  const [idle, used] = [await signIn(control), await signIn(control)];
  for (let round = 0; round < 3; round++) {
    control.time.aheadMs += 25 * 60_000;
    control.sessions.use([{ session: used.hash, atMs: Date.now() + control.time.aheadMs }]);
  }
  assert.equal(await find(control, idle.hash), null);
  const found = await find(control, used.hash);
  assert.ok(found !== null && found.idleEndsAtMs > used.view.idleEndsAtMs);
  assert.equal(found.endsAtMs, used.view.endsAtMs);
  while (control.time.aheadMs < 12 * 3_600_000) {
    control.time.aheadMs += 25 * 60_000;
    control.sessions.use([{ session: used.hash, atMs: Date.now() + control.time.aheadMs }]);
  }
  assert.equal(await find(control, used.hash), null);
  assert.equal(await control.sessions.count(), 0);
});

test('a restart keeps sessions and when they were used; what lies on the disk opens none', async (t) => {
  const { control } = await start(t);
  const { id, hash } = await signIn(control);
  control.time.aheadMs = 20 * 60_000;
  control.sessions.use([{ session: hash, atMs: Date.now() + control.time.aheadMs }]);
  await control.sessions.close();
  const next = control.again();
  next.time.aheadMs = 40 * 60_000;
  assert.equal((await find(next, hash))?.subject, 'ada');
  const [kept] = await next.sessions.list(10);
  assert.deepEqual([kept?.id, kept?.subject, kept?.issuer, kept?.refreshes], [hash, 'ada', 'acme', true]);
  assert.ok(!JSON.stringify(kept).includes(id));
});

test('sessions of a provider that is gone, or that knows the gateway as another now, are none', async (t) => {
  const { control } = await start(t);
  const { hash } = await signIn(control);
  control.follow({ clientId: 'another' });
  assert.equal(await find(control, hash), null);
  control.follow();
  assert.equal(await find(control, hash), null, 'and it does not come back');
});

test('shorter limits count for sessions that there are', async (t) => {
  const { control } = await start(t);
  const { hash } = await signIn(control);
  control.time.aheadMs = 6 * 60_000;
  assert.ok((await find(control, hash)) !== null);
  control.follow({}, { absoluteMs: 5 * 60_000 });
  assert.equal(await find(control, hash), null);
});

test('a person has a hundred sessions at most: the one goes that was used longest ago', async (t) => {
  const { control } = await start(t);
  control.follow({ par: 'off' });
  const first = await signIn(control);
  for (let count = 0; count < 100; count++) {
    control.time.aheadMs += 10;
    await signIn(control);
  }
  assert.equal(await find(control, first.hash), null);
  assert.equal(await control.sessions.count(), 100);
});
