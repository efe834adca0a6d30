import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createKeyedHash } from './keyed-hash.ts';

const KEY = Uint8Array.from({ length: 16 }, (_, at) => at);
const MASK = 2n ** 64n - 1n;

function hashOf(text: string, key = KEY): bigint {
  const hash = createKeyedHash(key);
  hash.update(text);
  return (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0);
}

/** SipHash-2-4 as the paper has it, with integers of any size. */
function plainSipHash(bytes: Uint8Array, key: Uint8Array): bigint {
  const word = (from: Uint8Array, at: number) => Buffer.from(from).readBigUInt64LE(at);
  const [k0, k1] = [word(key, 0), word(key, 8)];
  const v = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn, k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const plus = (to: number, from: number) => void (v[to] = ((v[to] ?? 0n) + (v[from] ?? 0n)) & MASK);
  const turnXor = (to: number, bits: bigint, from: number) => {
    const value = v[to] ?? 0n;
    v[to] = (((value << bits) | (value >> (64n - bits))) & MASK) ^ (v[from] ?? 0n);
  };
  const round = (): void => {
    plus(0, 1);
    turnXor(1, 13n, 0);
    v[0] = (((v[0] ?? 0n) << 32n) | ((v[0] ?? 0n) >> 32n)) & MASK;
    plus(2, 3);
    turnXor(3, 16n, 2);
    plus(0, 3);
    turnXor(3, 21n, 0);
    plus(2, 1);
    turnXor(1, 17n, 2);
    v[2] = (((v[2] ?? 0n) << 32n) | ((v[2] ?? 0n) >> 32n)) & MASK;
  };
  const padded = new Uint8Array(Math.floor(bytes.length / 8) * 8 + 8);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const block = word(padded, at);
    v[3] = (v[3] ?? 0n) ^ block;
    round();
    round();
    v[0] = (v[0] ?? 0n) ^ block;
  }
  v[2] = (v[2] ?? 0n) ^ 0xffn;
  for (let n = 0; n < 4; n++) round();
  return v.reduce((all, each) => all ^ each, 0n);
}

test('the published vectors of SipHash-2-4 come out', () => {
  assert.equal(hashOf(''), 0x726fdb47dd0e0e31n);
  assert.equal(hashOf('\u0100'), 0x0d6c8009d9a94f5an);
  // The vector of the paper has 15 bytes, which no text has: it holds the plain form that the next test compares with.
  const fifteen = Uint8Array.from({ length: 15 }, (_, at) => at);
  assert.equal(plainSipHash(fifteen, KEY), 0xa129ca6149be45e5n);
});

test('every text under every key has the hash of the plain form', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(text, key, (tried, under) => {
      assert.equal(hashOf(tried, under), plainSipHash(Buffer.from(tried, 'utf16le'), under));
    }),
  );
  assert.equal(hashOf('x'.repeat(1000)), plainSipHash(Buffer.from('x'.repeat(1000), 'utf16le'), KEY));
});

test('halves of characters that stand alone are told apart', () => {
  assert.notEqual(hashOf('\ud800'), hashOf('\udfff'));
  assert.notEqual(hashOf('a'), hashOf('a\0'));
});

test('a key of another length is a bug', () => {
  for (const length of [0, 8, 15, 17]) assert.throws(() => createKeyedHash(new Uint8Array(length)), RangeError);
});
