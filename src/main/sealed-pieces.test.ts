import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packPieces, unpackPieces } from './sealed-pieces.ts';

const pieces = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.uint8Array()), {
  selector: ([name]) => name,
});

test('what was packed is unpacked, each piece bytes of its own', () => {
  fc.assert(
    fc.property(pieces, (given) => {
      const unpacked = unpackPieces(packPieces(given));
      assert.ok(unpacked.ok);
      assert.deepEqual([...unpacked.value], given);
      for (const bytes of unpacked.value.values()) assert.equal(bytes.buffer.byteLength, bytes.byteLength);
    }),
  );
});

test('what is cut short or said twice is refused, and no bytes make it throw', () => {
  const packed = packPieces([['name', Buffer.from('bytes')]]);
  for (let at = 1; at < packed.length; at++) assert.equal(unpackPieces(packed.subarray(0, at)).ok, false, `${at}`);
  assert.equal(unpackPieces(Buffer.concat([packed, packed])).ok, false);
  assert.equal(unpackPieces(Buffer.alloc(8 * 20_001)).ok, false);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void unpackPieces(bytes)));
});
