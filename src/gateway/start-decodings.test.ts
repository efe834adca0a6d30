import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { decodeInTurn } from './start-decodings.ts';

const START = { bytes: gzipSync('x'), coding: 'gzip', limitBytes: 8 } as const;

test('sixteen are decoded at once, and the others when it is their turn', async () => {
  let asked = 0;
  const all = Array.from({ length: 40 }, () => decodeInTurn(START, () => ++asked > 0));
  assert.equal(asked, 16);
  assert.deepEqual(
    (await Promise.all(all)).map(String),
    Array.from({ length: 40 }, () => 'x'),
  );
  assert.equal(asked, 40);
});

test('what nobody wants any more is not decoded', async () => {
  assert.equal(await decodeInTurn(START, () => false), null);
});

test('a decoder that can not be made keeps nobody else from the turn', async () => {
  for (let time = 0; time < 20; time++)
    await assert.rejects(
      decodeInTurn({ ...START, coding: 'none' as never }, () => true),
      TypeError,
    );
  assert.equal(String(await decodeInTurn(START, () => true)), 'x');
});
