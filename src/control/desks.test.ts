import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFields } from '../ports/index.ts';
import { Desks } from './desks.ts';

function desksOf() {
  const lines: (LogFields | undefined)[] = [];
  return { lines, desks: new Desks({ write: (_level, _event, _message, fields) => void lines.push(fields) }) };
}

test('whoever serves a subject answers its questions, now or later', async () => {
  const { desks } = desksOf();
  desks.serve('now', (question) => [question]);
  desks.serve('later', async (question) => await Promise.resolve({ question }));
  assert.deepEqual(await desks.answer('now', 1), [1]);
  assert.deepEqual(await desks.answer('later', 'x'), { question: 'x' });
});

test('nobody, and whoever fails, gives no answer; what failed is not told, since it may be secret', async () => {
  const { desks, lines } = desksOf();
  desks.serve('throws', () => {
    throw new TypeError('secret');
  });
  desks.serve('rejects', async () => await Promise.reject(new RangeError('secret')));
  for (const subject of ['nobody', 'throws', 'rejects', 'constructor'])
    assert.equal(await desks.answer(subject, 1), null);
  assert.deepEqual(lines, [
    { subject: 'throws', detail: 'TypeError' },
    { subject: 'rejects', detail: 'RangeError' },
  ]);
});

test('an answer that can be given to no thread is none', async () => {
  const { desks, lines } = desksOf();
  desks.serve('plain', () => ({ a: 1 }));
  desks.serve('odd', () => ({ tell: () => 'secret' }) as never);
  const given: unknown[] = [];
  for (const subject of ['plain', 'odd', 'nobody'])
    await desks.reply(subject, 1, (answer) => given.push(structuredClone(answer)));
  assert.deepEqual(given, [{ a: 1 }, null, null]);
  assert.deepEqual(lines, [{ subject: 'odd', detail: 'DataCloneError' }]);
});

test('what is answered at once is bounded by subject, however long answers take', async () => {
  const { desks } = desksOf();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let asked = 0;
  desks.serve('slow', async () => {
    asked++;
    return await promise;
  });
  let isBroken = true;
  desks.serve('fails', () => {
    if (isBroken) throw new Error('no');
    return true;
  });
  desks.serve('quick', () => true);
  const answers = Array.from({ length: 10_000 }, () => desks.answer('slow', 1));
  assert.equal(await answers.at(-1), null);
  assert.equal(asked, 4_096);
  assert.equal(await desks.answer('quick', 1), true, 'nobody else waits for it');
  resolve(true);
  assert.equal((await Promise.all(answers)).filter((answer) => answer === true).length, 4_096);
  assert.equal(await desks.answer('slow', 1), true);
  for (let round = 0; round < 5_000; round++) await desks.answer('fails', 1);
  await Promise.all(Array.from({ length: 5_000 }, () => desks.answer('fails', 1)));
  isBroken = false;
  assert.equal(await desks.answer('fails', 1), true, 'what failed counts no more');
});

test('what threads tell is heard, and what fails then ends nothing', () => {
  const { desks, lines } = desksOf();
  const heard: unknown[] = [];
  desks.hear('used', (notice) => heard.push(notice));
  desks.hear('bad', () => {
    throw new Error('secret');
  });
  desks.take('used', 'k');
  desks.take('bad', 'k');
  desks.take('nobody', 'k');
  assert.deepEqual(heard, ['k']);
  assert.deepEqual(lines, [{ subject: 'bad', detail: 'Error' }]);
});

test('what is announced reaches the threads that there are', () => {
  const { desks } = desksOf();
  desks.announce('ended', 'before there are any');
  const told: unknown[] = [];
  desks.reach((subject, notice) => told.push([subject, notice]));
  desks.announce('ended', 's');
  assert.deepEqual(told, [['ended', 's']]);
});
