import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { SessionQuestion } from '../../../session/contract.ts';
import { createRoleTable } from '../../role-table.ts';
import type { Told } from '../../desk.ts';
import { GoneSessions } from './gone-sessions.ts';
import { cookieOf, configOf, idOf, NOW, Thread, viewOf, wordsOf } from './fixture.test.ts';

const asAda = { headers: { cookie: cookieOf('a') } };

function questionsOf({ desk }: Thread, ask: SessionQuestion['ask']): number {
  return desk.asked.filter((question) => question.ask === ask).length;
}

test('a session that the thread knows is judged at once, by the very same caller', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  const first = await thread.ask(asAda);
  const second = thread.askNow(asAda);
  assert.equal(second, first, 'nothing is made anew for a warm request');
  assert.equal(questionsOf(thread, 'find'), 1);
});

test('twenty requests at once ask the control side once', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => thread.ask(asAda)));
  assert.deepEqual(new Set(verdicts.map(wordsOf)), new Set(['identified ada']));
  assert.equal(questionsOf(thread, 'find'), 1);
});

test('after half a minute the control side is asked again', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  await thread.ask(asAda);
  thread.pass(29_999);
  await thread.ask(asAda);
  assert.equal(questionsOf(thread, 'find'), 1);
  thread.pass(1);
  await thread.ask(asAda);
  assert.equal(questionsOf(thread, 'find'), 2);
});

test('a session that has ended is known no more as soon as that is announced, and what stands in its name is over', async () => {
  const thread = new Thread();
  const key = thread.desk.keep('a', viewOf('ada'));
  const verdict = await thread.ask(asAda);
  assert.ok(verdict.kind === 'identified');
  assert.equal(verdict.principal.expiresAtMs, NOW + 43_200_000);
  thread.desk.end(key);
  assert.ok(verdict.principal.expiresAtMs <= thread.nowMs, 'streams of it are judged again');
  assert.equal(wordsOf(await thread.ask(asAda)), 'session-ended ended');
});

test('a notice that overtakes the answer to a question wins', async () => {
  const thread = new Thread();
  const key = thread.desk.keep('a', viewOf('ada'));
  const pending = thread.ask(asAda);
  thread.desk.end(key);
  assert.equal(wordsOf(await pending), 'session-ended ended');
  assert.equal(questionsOf(thread, 'find'), 2);
});

test('where nobody answers, nobody is let in', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  thread.desk.ask = async () => await Promise.resolve(null);
  assert.equal(wordsOf(await thread.ask(asAda)), 'sessions-unavailable unavailable');
});

test('a session that is over by its own times lets nobody in, whatever the control side says of it', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada', { idleEndsAtMs: NOW }));
  thread.desk.keep('b', viewOf('bob', { endsAtMs: NOW }));
  assert.equal(wordsOf(await thread.ask(asAda)), 'session-ended ended');
  assert.equal(wordsOf(await thread.ask({ headers: { cookie: cookieOf('b') } })), 'session-ended ended');
});

test('when its idle time is over here, the control side is asked whether another thread has seen it used', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada', { idleEndsAtMs: NOW + 10_000 }));
  await thread.ask(asAda);
  thread.desk.keep('a', viewOf('ada', { idleEndsAtMs: NOW + 60_000 }));
  thread.pass(10_000);
  assert.equal(wordsOf(await thread.ask(asAda)), 'identified ada');
});

test('its uses are told in one message, and each session once in half a minute', async () => {
  const thread = new Thread();
  const keys = ['a', 'b'].map((letter) => thread.desk.keep(letter, viewOf(letter)));
  const use = async (): Promise<void> => {
    for (const letter of ['a', 'b', 'a']) await thread.ask({ headers: { cookie: cookieOf(letter) } });
  };
  await use();
  await setImmediate();
  const first = thread.desk.told.flat() as unknown as { session: string; atMs: number }[];
  assert.deepEqual(new Set(first.map(({ session }) => session)), new Set(keys));
  assert.equal(first.length, 2);
  thread.pass(20_000);
  await use();
  await setImmediate();
  assert.equal(thread.desk.told.flat().length, 2, 'nothing more for a while');
  thread.pass(10_000);
  await use();
  await setImmediate();
  assert.equal(thread.desk.told.flat().length, 4);
});

/** A thread with a session whose token is about to end; `refreshed` is what the control side makes of it. */
async function expiring(refreshed: Told | Promise<Told>): Promise<Thread> {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada', { refreshAtMs: NOW + 1_000 }));
  thread.desk.answer = () => refreshed;
  await thread.ask(asAda);
  thread.pass(1_000);
  return thread;
}

test('twenty requests at once with a session that is due are one refresh, and all of them pass', async () => {
  const view = viewOf('ada', { version: 2, refreshAtMs: NOW + 300_000 });
  const thread = await expiring({ view } as unknown as Told);
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => thread.ask(asAda)));
  assert.deepEqual(new Set(verdicts.map(wordsOf)), new Set(['identified ada']));
  assert.equal(questionsOf(thread, 'refresh'), 1);
  assert.deepEqual(thread.desk.asked.at(-1), { ask: 'refresh', session: (await keyOf('a')) ?? '', version: 1 });
  await thread.ask(asAda);
  assert.equal(questionsOf(thread, 'refresh'), 1);
});

async function keyOf(letter: string): Promise<string> {
  const { keyOfSession } = await import('./live-sessions.ts');
  return keyOfSession(idOf(letter));
}

test('a session that the provider has ended is found out by the refresh', async () => {
  const thread = await expiring({ view: null });
  assert.equal(wordsOf(await thread.ask(asAda)), 'session-ended ended');
});

test('where nobody refreshes, a session goes on for a while, is not asked for at each request, and then is in doubt', async () => {
  const thread = await expiring(null);
  assert.equal(wordsOf(await thread.ask(asAda)), 'identified ada');
  assert.equal(wordsOf(await thread.ask(asAda)), 'identified ada');
  assert.equal(questionsOf(thread, 'refresh'), 1);
  thread.desk.ask = async () => await Promise.resolve(null);
  thread.pass(30_000);
  assert.equal(wordsOf(await thread.ask(asAda)), 'sessions-unavailable unavailable');
});

test('a session that ends while it is refreshed lets nobody in', async () => {
  const { promise, resolve } = Promise.withResolvers<Told>();
  const thread = await expiring(promise);
  const pending = thread.ask(asAda);
  thread.desk.end(await keyOf('a'));
  resolve(null);
  assert.equal(wordsOf(await pending), 'sessions-unavailable unavailable');
});

test('an end that is told before the answer to a refresh wins, whatever the answer says', async () => {
  const { promise, resolve } = Promise.withResolvers<Told>();
  const thread = await expiring(promise);
  const pending = thread.ask(asAda);
  thread.desk.end(await keyOf('a'));
  thread.desk.answer = () => ({ view: null });
  resolve({ view: viewOf('ada', { version: 2, refreshAtMs: NOW + 300_000 }) } as unknown as Told);
  assert.equal(wordsOf(await pending), 'session-ended ended');
  assert.equal(wordsOf(await thread.ask(asAda)), 'session-ended ended', 'nothing of it is kept');
});

test('another Snapshot’s roles make another caller of the same session', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  const before = await thread.ask(asAda);
  thread.roles = createRoleTable([{ name: 'customer', can: [], includes: [] }], ['orders:read']);
  const after = await thread.ask(asAda);
  assert.ok(before.kind === 'identified' && after.kind === 'identified');
  assert.deepEqual([before.principal.permissions.has(0), after.principal.permissions.has(0)], [true, false]);
  assert.equal(after.principal.subject, 'ada');
  assert.equal(after.principal.kind, 'user');
});

test('a session of an issuer that bore this name before another does lets nobody in', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada', { claims: { iss: 'https://former.example', sub: 'ada' } }));
  assert.equal(wordsOf(await thread.ask(asAda)), 'session-ended other-issuer');
});

test('claims of another type than they are read as let nobody in', async () => {
  const thread = new Thread();
  thread.desk.keep(
    'a',
    viewOf('ada', { claims: { iss: 'https://id.example', sub: 'ada', roles: { customer: true } } }),
  );
  assert.equal(wordsOf(await thread.ask(asAda)), 'invalid-token claims');
});

test('a stranger who tries ids out is not heard for a while, and others are', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  const tried = (at: number): string => `__Host-portcullis-session=${String(at).padStart(42, '0')}E`;
  for (let at = 0; at < 200; at++) await thread.ask({ headers: { cookie: tried(at) }, address: '198.51.100.1' });
  assert.ok(questionsOf(thread, 'find') <= 51, `${questionsOf(thread, 'find')} looks`);
  assert.equal(
    wordsOf(await thread.ask({ headers: { cookie: tried(201) }, address: '198.51.100.1' })),
    'sessions-unavailable unavailable',
  );
  assert.equal(wordsOf(await thread.ask(asAda)), 'identified ada');
});

test('a page that is left open with a session that has ended is told so each time, and costs one look in half a minute', async () => {
  const thread = new Thread();
  const poll = async (): Promise<void> => {
    for (let at = 0; at < 1_000; at++) {
      assert.equal(wordsOf(await thread.ask(asAda)), 'session-ended ended');
      thread.pass(25);
    }
  };
  await poll();
  assert.equal(questionsOf(thread, 'find'), 1);
  thread.pass(5_000);
  await poll();
  assert.equal(questionsOf(thread, 'find'), 2);
  thread.desk.keep('b', viewOf('bob'));
  assert.equal(wordsOf(await thread.ask({ headers: { cookie: cookieOf('b') } })), 'identified bob');
});

test('whoever was in just now stays in, however many ids somebody else of the same network tries out', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  assert.equal(wordsOf(await thread.ask(asAda)), 'identified ada');
  const tried = (at: number): string => `__Host-portcullis-session=${String(at).padStart(42, '0')}E`;
  for (let at = 0; at < 200; at++) await thread.ask({ headers: { cookie: tried(at) } });
  thread.pass(30_000);
  for (let at = 200; at < 400; at++) await thread.ask({ headers: { cookie: tried(at) } });
  assert.equal(wordsOf(await thread.ask({ headers: { cookie: tried(400) } })), 'sessions-unavailable unavailable');
  assert.equal(wordsOf(await thread.ask(asAda)), 'identified ada');
});

test('no more ids that lead nowhere are remembered than may be', () => {
  const gone = new GoneSessions();
  for (let at = 0; at < 5_000; at++) gone.add(String(at), at);
  const kept = Array.from({ length: 5_000 }, (_, at) => at).filter((at) => gone.has(String(at), 5_000));
  assert.deepEqual([kept.length, kept[0]], [4_096, 904]);
  gone.add('904', 5_000);
  gone.add('5000', 5_000);
  assert.ok(gone.has('904', 5_000) && !gone.has('905', 5_000), 'what was asked for last is kept longest');
});

test('a thread keeps no more sessions than it may', async () => {
  const thread = new Thread();
  const { LiveSessions, keyOfSession } = await import('./live-sessions.ts');
  const { SessionDesk } = await import('./session-desk.ts');
  thread.desk.ask = async () => await Promise.resolve({ view: viewOf('ada') } as unknown as Told);
  const clock = { now: () => NOW, monotonic: () => 0 };
  const sessions = new LiveSessions({ clock, desk: new SessionDesk(thread.desk) });
  for (let at = 0; at < 25_000; at++) await sessions.find(keyOfSession(String(at)), NOW, '192.0.2.1');
  assert.ok(sessions.size <= 10_000, String(sessions.size));
});

test('an operation whose `auth` does not name sessions has no step', () => {
  const thread = new Thread();
  const at = { operations: [{ id: 'orders/any', name: 'any' }], roles: thread.roles } as never;
  const compiled = thread.kind.compile(configOf({ issuers: [] }), at, {} as never);
  assert.ok(compiled.ok);
  assert.deepEqual(compiled.value.get('orders/any'), {});
});

test('whoever is not sure enough is sent to sign in better, where a page is asked for and that can help', async () => {
  const thread = new Thread();
  thread.desk.keep('a', viewOf('ada'));
  thread.desk.keep('b', viewOf('bob', { startedAtMs: NOW - 5_000 }));
  const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const wanted = { acrValues: ['mfa', 'gold'], maxAgeS: 600 };
  const offered = async (letter: string, headers: Readonly<Record<string, string>>, asked = wanted) =>
    await thread.stepUp({ headers: { cookie: cookieOf(letter), ...headers } }, asked);
  const better = '/.portcullis/login?provider=acme&acr_values=mfa+gold&max_age=600&return_to=%2Forders';
  assert.equal(await offered('a', page), better);
  assert.equal(await offered('a', {}), null, 'a program is refused');
  assert.equal(await offered('a', page, { acrValues: [], maxAgeS: null } as never), '401', 'no sign-in would help');
  assert.equal(await offered('b', page), '401', 'who has just done so would go round in circles');
  assert.equal(await offered('b', {}), null);
});
