import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StillClock } from './fixture.test.ts';
import { type DeskQuestion, ThreadDesk } from './thread-desk.ts';

function deskOf() {
  const clock = new StillClock();
  const sent: DeskQuestion[] = [];
  return { clock, sent, desk: new ThreadDesk(clock, (question) => sent.push(question)) };
}

test('each question gets its own answer, in whatever order they come', async () => {
  const { desk, sent } = deskOf();
  const first = desk.ask('session', 'a');
  const second = desk.ask('session', 'b');
  assert.deepEqual(sent, [
    { kind: 'deskAsked', ask: 1, subject: 'session', question: 'a' },
    { kind: 'deskAsked', ask: 2, subject: 'session', question: 'b' },
  ]);
  desk.receive({ kind: 'deskAnswered', ask: 2, answer: 'B' });
  desk.receive({ kind: 'deskAnswered', ask: 1, answer: 'A' });
  desk.receive({ kind: 'deskAnswered', ask: 1, answer: 'late' });
  assert.deepEqual(await Promise.all([first, second]), ['A', 'B']);
});

test('what is not answered in time is answered by nothing', async () => {
  const { desk, clock } = deskOf();
  const usual = desk.ask('session', 'a');
  const short = desk.ask('session', 'b', 100);
  clock.pass(100);
  assert.equal(await short, null);
  clock.pass(4_900);
  assert.equal(await usual, null);
});

test('where too much of a subject is being asked nothing more of it is, until answers come', async () => {
  const { desk, sent, clock } = deskOf();
  const asked = Array.from({ length: 10_000 }, (_, number) => desk.ask('session', number));
  assert.equal(sent.length, 1_024);
  assert.equal(await asked[1_024], null);
  desk.receive({ kind: 'deskAnswered', ask: 1, answer: true });
  assert.equal(await asked[0], true);
  void desk.ask('session', 'again');
  assert.equal(sent.length, 1_025);
  clock.pass(5_000);
  assert.deepEqual(new Set(await Promise.all(asked.slice(1))), new Set([null]));
  for (let number = 0; number < 2_000; number++) void desk.ask('session', number);
  assert.equal(sent.length, 2_049, 'what was given up counts no more, and never twice');
});

test('a subject of which too much is asked takes no answers from others', async () => {
  const { desk, sent } = deskOf();
  for (let number = 0; number < 2_000; number++) void desk.ask('introspection', number);
  const other = desk.ask('session', 'a');
  const { ask } = sent.at(-1) as Extract<DeskQuestion, { kind: 'deskAsked' }>;
  desk.receive({ kind: 'deskAnswered', ask, answer: 'A' });
  assert.equal(await other, 'A');
});

test('what is announced is heard by whoever heeds its subject', () => {
  const { desk, sent } = deskOf();
  const heard: unknown[] = [];
  desk.heed('ended', (notice) => heard.push(notice));
  desk.receive({ kind: 'deskNotice', subject: 'ended', notice: ['x'] });
  desk.receive({ kind: 'deskNotice', subject: 'other', notice: ['y'] });
  assert.deepEqual(heard, [['x']]);
  desk.tell('used', { key: 'k' });
  assert.deepEqual(sent, [{ kind: 'deskTold', subject: 'used', notice: { key: 'k' } }]);
});
