import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Random } from './random.ts';

/** What every Random promises. */
export function randomContract(name: string, makeRandom: () => Random): void {
  describe(`${name} keeps the contract of Random`, () => {
    test('every byte is filled, also in a buffer larger than 64 KiB', () => {
      const bytes = new Uint8Array(1 << 20);
      makeRandom().fill(bytes);
      for (let at = 0; at < bytes.length; at += 4096) {
        assert.ok(bytes.subarray(at, at + 4096).some((byte) => byte !== 0));
      }
    });

    test('a view is filled, and nothing around it', () => {
      const bytes = new Uint8Array(96);
      makeRandom().fill(bytes.subarray(32, 64));
      assert.ok(bytes.subarray(32, 64).some((byte) => byte !== 0));
      assert.ok([...bytes.subarray(0, 32), ...bytes.subarray(64)].every((byte) => byte === 0));
    });

    test('a buffer of no bytes is fine', () => {
      makeRandom().fill(new Uint8Array(0));
    });

    test('no two draws are the same', () => {
      const random = makeRandom();
      const draws = Array.from({ length: 2000 }, () => {
        const bytes = new Uint8Array(16);
        random.fill(bytes);
        return Buffer.from(bytes).toString('hex');
      });
      assert.equal(new Set(draws).size, draws.length);
    });

    test('every value of a byte is as likely as the others', () => {
      const bytes = new Uint8Array(256 * 1024);
      makeRandom().fill(bytes);
      const counts = new Array<number>(256).fill(0);
      for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
      // 1024 expected with a deviation of 32: ten deviations never happen by chance.
      for (const count of counts) assert.ok(Math.abs(count - 1024) < 320, String(count));
    });
  });
}
