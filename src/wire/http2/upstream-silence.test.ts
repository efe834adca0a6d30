import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Silence } from './upstream-silence.ts';

const WAITING = { hasCalls: true, waiting: 0, flushed: 0 };
const IDLE = { ...WAITING, hasCalls: false };

test('a connection is asked after ten seconds of silence, and given up after ten more', () => {
  const silence = new Silence(0, 30_000);
  assert.equal(silence.judge(10_000, WAITING), 'fine');
  assert.equal(silence.judge(10_001, WAITING), 'ask');
  assert.equal(silence.judge(20_001, WAITING), 'fine');
  assert.equal(silence.judge(20_002, WAITING), 'dead');
});

test('each answer that is all there is doubles the time to the next question, up to five minutes', () => {
  const silence = new Silence(0, 30_000);
  let now = 0;
  let frames = 0;
  const waits = Array.from({ length: 7 }, () => {
    const from = now;
    while (silence.judge(now, WAITING) === 'fine') now++;
    assert.equal(silence.answered(silence.question), true);
    silence.read(++frames, now);
    return now - from;
  });
  assert.deepEqual(waits, [10_001, 20_001, 40_001, 80_001, 160_001, 300_001, 300_001]);
  silence.read((frames += 1), now);
  const from = now;
  while (silence.judge(now, WAITING) === 'fine') now++;
  assert.equal(now - from, 10_001, 'any other frame begins anew');
});

test('other frames beside the answer are more than an answer', () => {
  const silence = new Silence(0, 30_000);
  assert.equal(silence.judge(10_001, WAITING), 'ask');
  assert.equal(silence.answered(silence.question), true);
  silence.read(2, 10_001);
  assert.equal(silence.judge(20_001, WAITING), 'fine');
  assert.equal(silence.judge(20_002, WAITING), 'ask');
});

test('an answer that nobody waits for, a second one, and one of other octets are none', () => {
  const silence = new Silence(0, 30_000);
  assert.equal(silence.answered(silence.question), false);
  silence.judge(10_001, WAITING);
  assert.equal(silence.answered('12345678'), false);
  assert.equal(silence.answered(silence.question), true);
  assert.equal(silence.answered(silence.question), false);
});

test('a read without a whole frame is silence', () => {
  const silence = new Silence(0, 30_000);
  silence.read(1, 5_000);
  silence.read(1, 14_000);
  assert.equal(silence.judge(15_001, WAITING), 'ask');
});

test('a connection without calls is idle after a minute, and not asked', () => {
  const silence = new Silence(0, 30_000);
  assert.equal(silence.judge(60_000, IDLE), 'fine');
  assert.equal(silence.judge(60_001, IDLE), 'idle');
  silence.heard(60_001);
  assert.equal(silence.judge(61_000, IDLE), 'fine');
});

test('what a PING holds is eight octets', () => {
  assert.equal(new Silence(0, 30_000).question.length, 8);
});

test('whatever comes while an answer is waited for gives it more time', () => {
  const silence = new Silence(0, 30_000);
  assert.equal(silence.judge(10_001, WAITING), 'ask');
  let now = 10_001;
  for (let frames = 1; frames <= 20; frames++) {
    now += 9_000;
    silence.read(frames, now);
    assert.equal(silence.judge(now, WAITING), 'fine');
  }
  assert.equal(silence.judge(now + 10_000, WAITING), 'fine');
  assert.equal(silence.answered(silence.question), true, 'late, and still the answer');
  silence.read(21, now + 10_000);
  assert.equal(silence.judge(now + 10_001, WAITING), 'fine');
});

test('frames that came before do not keep one alive that answers no more', () => {
  const silence = new Silence(0, 30_000);
  assert.equal(silence.judge(10_001, WAITING), 'ask');
  silence.read(1, 12_000);
  assert.equal(silence.judge(22_000, WAITING), 'fine');
  assert.equal(silence.judge(22_001, WAITING), 'dead');
});

test('an answer has more time while what was to be sent before the question is being taken', () => {
  const silence = new Silence(0, 30_000);
  let flushed = 0;
  assert.equal(silence.judge(10_001, { hasCalls: true, waiting: 500, flushed }), 'ask');
  for (let now = 10_500; now < 60_000; now += 500) {
    flushed++;
    assert.equal(silence.judge(now, { hasCalls: true, waiting: 500, flushed }), 'fine');
  }
  assert.equal(silence.judge(69_500, { hasCalls: true, waiting: 500, flushed }), 'fine');
  assert.equal(silence.judge(69_501, { hasCalls: true, waiting: 500, flushed }), 'dead');
});

test('one that talks and takes nothing of what waits for it is deaf', () => {
  const silence = new Silence(0, 30_000);
  const stuck = { hasCalls: true, waiting: 1, flushed: 7 };
  assert.equal(silence.judge(500, stuck), 'fine', 'something was taken');
  let frames = 0;
  for (let now = 1_000; now <= 30_500; now += 500) {
    silence.read(++frames, now);
    assert.equal(silence.judge(now, stuck), 'fine');
  }
  assert.equal(silence.judge(30_501, stuck), 'deaf');
  assert.equal(new Silence(0, 30_000).judge(500, { ...stuck, waiting: 1_048_577 }), 'deaf', 'or takes too little');
  assert.equal(new Silence(0, 30_000).judge(30_001, { ...IDLE, waiting: 1 }), 'deaf', 'with calls or without');
});
