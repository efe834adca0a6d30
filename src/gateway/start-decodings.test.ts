import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { decodeInTurn } from './start-decodings.ts';

test('a decoder that can not be made keeps nobody else from the turn', async () => {
  const start = { bytes: gzipSync('x'), limitBytes: 8 };
  for (let time = 0; time < 20; time++)
    await assert.rejects(
      decodeInTurn({ ...start, coding: 'none' as never }, () => true),
      TypeError,
    );
  assert.equal(String(await decodeInTurn({ ...start, coding: 'gzip' }, () => true)), 'x');
});
