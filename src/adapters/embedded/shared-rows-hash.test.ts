import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfSipHash } from './shared-rows-hash.ts';

test('the hash is HalfSipHash-2-4 as its authors publish it', () => {
  // Their key 00 01 … 07 and their texts 00 01 …; of those, the ones with an even number of bytes.
  const [key0, key1] = [0x03020100, 0x07060504];
  const published = ['a9359f5b', 'fa62a603', '2a6e4689'];
  for (const [units, bytes] of published.entries()) {
    const text = Buffer.from(Array.from({ length: units * 2 }, (_, at) => at)).toString('utf16le');
    const hash = Buffer.alloc(4);
    hash.writeUInt32LE(halfSipHash(text, key0, key1));
    assert.equal(hash.toString('hex'), bytes);
  }
});

test('another key, another order, a unit more or less, and a lone surrogate all change the hash', () => {
  const texts = ['', '\0', '\0\0', 'ab', 'ba', 'abc', 'ab\0', '\ud800', '\ud801', '\ufffd', 'a'.repeat(65_536)];
  const hashes = texts.flatMap((text) => [halfSipHash(text, 1, 2), halfSipHash(text, 2, 1), halfSipHash(text, 1, 3)]);
  assert.equal(new Set(hashes).size, hashes.length);
  for (const hash of hashes) assert.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32);
});
