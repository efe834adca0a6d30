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

test('where too much is being asked nothing more is, until answers come', async () => {
  const { desk, sent } = deskOf();
  const asked = Array.from({ length: 1_024 }, (_, number) => desk.ask('session', number));
  assert.equal(await desk.ask('session', 'more'), null);
  assert.equal(sent.length, 1_024);
  desk.receive({ kind: 'deskAnswered', ask: 1, answer: true });
  assert.equal(await asked[0], true);
  void desk.ask('session', 'again');
  assert.equal(sent.length, 1_025);
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
