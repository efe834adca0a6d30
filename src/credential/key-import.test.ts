import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { createSigner } from './jwt-fixture.test.ts';
import { importKey } from './key-import.ts';
import type { KeyRow } from './key-row.ts';
import { SIGNATURE_ALGORITHMS } from './token-profile.ts';

function rowOf(jwk: Record<string, string>): KeyRow {
  return { thumbprint: 't', kid: 'a', algorithms: SIGNATURE_ALGORITHMS, jwk };
}

function jwkOf(key: KeyObject): Record<string, string> {
  return key.export({ format: 'jwk' }) as Record<string, string>;
}

test('the keys of all algorithms that are taken are imported, once for each row', () => {
  for (const algorithm of SIGNATURE_ALGORITHMS) {
    const { row } = createSigner(algorithm);
    const key = importKey(row);
    assert.equal(key?.type, 'public', algorithm);
    assert.equal(importKey(row), key);
  }
});

test('another row is another key, even where it claims the same thumbprint', () => {
  const [a, b] = [createSigner('EdDSA').row, createSigner('EdDSA').row];
  const [first, second] = [importKey(a), importKey({ ...b, thumbprint: a.thumbprint })];
  assert.ok(first !== null && second !== null && !first.equals(second));
});

const ec = jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
const rsa = jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey);

const REFUSED: readonly (readonly [what: string, jwk: Record<string, string>])[] = [
  ['RSA of 1024 bits', jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
  ['RSA of 16384 bits', { kty: 'RSA', e: 'AQAB', n: Buffer.alloc(2_048, 0xff).toString('base64url') }],
  ['RSA with a public exponent of 1', { ...rsa, e: 'AQ' }],
  ['RSA with an even public exponent', { ...rsa, e: 'AQAC' }],
  ['RSA with a public exponent of 72 bits', { ...rsa, e: Buffer.alloc(9, 0xff).toString('base64url') }],
  ['RSA of the make of CVE-2017-15361', { kty: 'RSA', e: 'AQAB', n: infineonModulus() }],
  ['a point off its curve', { ...ec, y: ec['x'] as string }],
  ['a point of another curve', { ...ec, crv: 'P-384' }],
  ['a curve that is not taken', jwkOf(generateKeyPairSync('x25519').publicKey)],
  ['a curve of the other Edwards key', jwkOf(generateKeyPairSync('ed448').publicKey)],
  ['a symmetric key', { kty: 'oct', k: 'AAAA' }],
  ['nothing', {}],
];

for (const [what, jwk] of REFUSED) {
  test(`${what} is not imported, and stays so`, () => {
    const row = rowOf(jwk);
    assert.equal(importKey(row), null);
    assert.equal(importKey(row), null);
  });
}

/** 2048 bits that leave 1, a power of 65537, at every small prime. */
function infineonModulus(): string {
  const isPrime = (n: number): boolean => Array.from({ length: n - 2 }, (_, at) => at + 2).every((by) => n % by !== 0);
  const primes = Array.from({ length: 167 - 1 }, (_, at) => at + 2).filter(isPrime);
  const product = primes.reduce((all, prime) => all * BigInt(prime), 1n);
  const modulus = ((1n << 2_047n) / product + 1n) * product + 1n;
  return Buffer.from(modulus.toString(16), 'hex').toString('base64url');
}
