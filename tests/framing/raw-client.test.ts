import assert from 'node:assert/strict';
import { test } from 'node:test';
import { piecesOf } from './raw-client.ts';

const SHORT = Buffer.from('GET / HTTP/1.1\r\nHost: api.test\r\n\r\n');
const LONG = Buffer.from(`GET / HTTP/1.1\r\nA: ${'ab'.repeat(2_000)}\r\nB: ${'cd'.repeat(2_000)}\r\n\r\n`);

test('a short message is sent one byte at a time, but for the rest of a long run of one byte', () => {
  assert.deepEqual(
    piecesOf(SHORT).map((piece) => piece.length),
    Array.from(SHORT, () => 1),
  );
  const run = piecesOf(Buffer.from(`x${'a'.repeat(100)}y`)).map((piece) => piece.length);
  assert.deepEqual(run, [...Array.from({ length: 33 }, () => 1), 68, 1]);
});

test('a long message is sent one byte at a time at its ends and around its line ends, and loses nothing', () => {
  const pieces = piecesOf(LONG);
  assert.deepEqual(Buffer.concat(pieces), LONG);
  assert.ok(pieces.length > 1_200 && pieces.length < 1_300, `${pieces.length} pieces`);
  const lineEnd = LONG.indexOf('\r\nB');
  let at = 0;
  const single = new Set<number>();
  for (const { length } of pieces) {
    if (length === 1) single.add(at);
    at += length;
  }
  for (const near of [0, 599, lineEnd - 1, lineEnd, lineEnd + 1, lineEnd + 2, LONG.length - 600, LONG.length - 1]) {
    assert.ok(single.has(near), `byte ${near}`);
  }
});
