import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { AddedFields } from './added-fields.ts';
import { StillClock } from './fixture.test.ts';
import { ThreadOriginals } from './thread-originals.ts';

function subject() {
  const clock = new StillClock();
  const counts: Record<string, number> = {};
  const errorReplaced = (_api: string, original: string): void => void (counts[original] = (counts[original] ?? 0) + 1);
  const sent: { readonly hash: string; readonly text: string; readonly operation: string }[] = [];
  const originals = new ThreadOriginals(clock, { errorReplaced }, ({ original }) => void sent.push(original));
  const keep = (operation = 'a/b'): string | null =>
    originals.keep({
      ...{ id: 'i', api: 'a', operation, status: 500, trace: null, whole: true, coded: false },
      headers: new AddedFields([]),
      start: Buffer.from('password=hunter2x'),
    });
  return { clock, counts, sent, keep };
}

test('the hash that the record gets is that of the text which is sent, without secrets', () => {
  const { keep, sent } = subject();
  const hash = keep();
  assert.equal(hash, sent[0]?.hash);
  assert.equal(
    hash,
    createHash('sha256')
      .update(sent[0]?.text ?? '')
      .digest('hex'),
  );
  assert.ok(!sent[0]?.text.includes('hunter2x'));
});

test('of an upstream that fails all the time a sample is sent, and the others are counted', () => {
  const { keep, sent, counts, clock } = subject();
  for (let n = 0; n < 5_000; n++) keep();
  assert.deepEqual([sent.length, counts], [5, { kept: 5, skipped: 4_995 }]);
  assert.equal(keep(), null);
  clock.pass(1_000);
  assert.notEqual(keep(), null);
  assert.equal(keep(), null);
});

test('operations don’t take each other’s part, and all together have one', () => {
  const { keep, sent } = subject();
  for (let n = 0; n < 100; n++) keep('a/b');
  for (let n = 0; n < 2_000; n++) keep(`a/${n}`);
  assert.equal(sent.length, 20);
  assert.equal(new Set(sent.map(({ operation }) => operation)).size, 16);
});
