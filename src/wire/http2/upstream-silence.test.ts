import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Silence } from './upstream-silence.ts';

test('a connection is asked after ten seconds of silence, and given up after ten more', () => {
  const silence = new Silence(0);
  assert.equal(silence.judge(10_000, true), 'fine');
  assert.equal(silence.judge(10_001, true), 'ask');
  assert.equal(silence.judge(20_001, true), 'fine');
  assert.equal(silence.judge(20_002, true), 'dead');
});

test('each answer that is all there is doubles the time to the next question, up to five minutes', () => {
  const silence = new Silence(0);
  let now = 0;
  let frames = 0;
  const waits = Array.from({ length: 7 }, () => {
    const from = now;
    while (silence.judge(now, true) === 'fine') now++;
    assert.equal(silence.answered(silence.question), true);
    silence.read(++frames, now);
    return now - from;
  });
  assert.deepEqual(waits, [10_001, 20_001, 40_001, 80_001, 160_001, 300_001, 300_001]);
  silence.read((frames += 1), now);
  const from = now;
  while (silence.judge(now, true) === 'fine') now++;
  assert.equal(now - from, 10_001, 'any other frame begins anew');
});

test('other frames beside the answer are more than an answer', () => {
  const silence = new Silence(0);
  assert.equal(silence.judge(10_001, true), 'ask');
  assert.equal(silence.answered(silence.question), true);
  silence.read(2, 10_001);
  assert.equal(silence.judge(20_001, true), 'fine');
  assert.equal(silence.judge(20_002, true), 'ask');
});

test('an answer that nobody waits for, a second one, and one of other octets are none', () => {
  const silence = new Silence(0);
  assert.equal(silence.answered(silence.question), false);
  silence.judge(10_001, true);
  assert.equal(silence.answered('12345678'), false);
  assert.equal(silence.answered(silence.question), true);
  assert.equal(silence.answered(silence.question), false);
});

test('a read without a whole frame is silence', () => {
  const silence = new Silence(0);
  silence.read(1, 5_000);
  silence.read(1, 14_000);
  assert.equal(silence.judge(15_001, true), 'ask');
});

test('a connection without calls is idle after a minute, and not asked', () => {
  const silence = new Silence(0);
  assert.equal(silence.judge(60_000, false), 'fine');
  assert.equal(silence.judge(60_001, false), 'idle');
  silence.heard(60_001);
  assert.equal(silence.judge(61_000, false), 'fine');
});

test('what a PING holds is eight octets', () => {
  assert.equal(new Silence(0).question.length, 8);
});
