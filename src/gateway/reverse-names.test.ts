import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadReverseNames } from './reverse-names.ts';

function bench() {
  const clock = { nowMs: 0, monotonic: () => clock.nowMs };
  const asked: string[] = [];
  const names = new ThreadReverseNames(clock, ({ address }) => void asked.push(address));
  const answer = (address: string, found: readonly string[] | null, holdMs = 1_000): void =>
    names.answer({ kind: 'namesAnswered', address, names: found, holdMs });
  return { clock, asked, names, answer };
}

test('what is not known is asked for once, and said when it is there', () => {
  const { asked, names, answer } = bench();
  for (let turn = 0; turn < 5; turn++) assert.equal(names.of('192.0.2.1'), null);
  assert.deepEqual(asked, ['192.0.2.1']);
  answer('192.0.2.1', ['a.example']);
  assert.deepEqual(names.of('192.0.2.1'), ['a.example']);
  assert.equal(asked.length, 1);
});

test('what could not be found out is asked for again', () => {
  const { asked, names, answer } = bench();
  names.of('192.0.2.1');
  answer('192.0.2.1', null);
  assert.equal(names.of('192.0.2.1'), null);
  assert.equal(asked.length, 2);
});

test('what has become old is asked for, said meanwhile, and not for ever', () => {
  const { clock, asked, names, answer } = bench();
  names.of('192.0.2.1');
  answer('192.0.2.1', ['a.example'], 1_000);
  clock.nowMs = 1_000;
  assert.deepEqual(names.of('192.0.2.1'), ['a.example']);
  assert.equal(asked.length, 2);
  clock.nowMs = 2_000;
  assert.equal(names.of('192.0.2.1'), null);
  answer('192.0.2.1', []);
  assert.deepEqual(names.of('192.0.2.1'), []);
});

test('a crowd of addresses makes no crowd of questions, and is not remembered whole', () => {
  const { asked, names, answer } = bench();
  for (let number = 0; number < 1_000; number++) names.of(`10.0.${number >> 8}.${number & 255}`);
  assert.equal(asked.length, 64);
  for (let number = 0; number < 5_000; number++) answer(`10.1.${number >> 8}.${number & 255}`, ['a.example']);
  assert.equal(names.of('10.1.0.0'), null, 'the oldest is forgotten');
  assert.deepEqual(names.of(`10.1.${4_999 >> 8}.${4_999 & 255}`), ['a.example']);
});
