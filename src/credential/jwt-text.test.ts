import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JwtFault } from './jwt-fault.ts';
import { CLAIMS, createSigner, part, readJson, tokenOf } from './jwt-fixture.test.ts';
import { CLAIM_LIMIT, readJwt, TOKEN_LIMIT } from './jwt-text.ts';

const signer = createSigner('ES256');
const good = tokenOf(signer);
const [header, payload, signature] = good.split('.') as [string, string, string];

function faultOf(token: string): JwtFault | null {
  const read = readJwt(token, readJson);
  return read.ok ? null : read.error;
}

test('a compact JWS is read in its three parts', () => {
  const read = readJwt(good, readJson);
  assert.ok(read.ok);
  assert.deepEqual(read.value.header, { algorithm: 'ES256', kid: 'key-1', type: null, ignored: [] });
  assert.deepEqual(read.value.claims, CLAIMS);
  assert.equal(Buffer.from(read.value.signingInput).toString(), `${header}.${payload}`);
  assert.equal(Buffer.from(read.value.signature).toString('base64url'), signature);
});

const FORMS: readonly (readonly [what: string, token: string, fault: JwtFault])[] = [
  ['nothing', '', 'not-compact'],
  ['one part', header, 'not-compact'],
  ['two parts', `${header}.${payload}`, 'not-compact'],
  ['four parts', `${good}.${signature}`, 'not-compact'],
  ['five parts, an encrypted token', `${good}.${signature}.${signature}`, 'encrypted'],
  ['an empty header', `.${payload}.${signature}`, 'not-compact'],
  ['an empty payload, which is detached', `${header}..${signature}`, 'not-compact'],
  ['dots alone', '.'.repeat(1_000), 'not-compact'],
  ['the JSON serialization', JSON.stringify({ payload, protected: header, signature }), 'not-compact'],
  ['a space within a part', `${header}.${payload.slice(0, 8)} ${payload.slice(8)}.${signature}`, 'encoding'],
  [
    'a line break within the signature',
    `${header}.${payload}.${signature.slice(0, 4)}\n${signature.slice(4)}`,
    'encoding',
  ],
  ['a space in front', ` ${good}`, 'encoding'],
  ['a space behind', `${good} `, 'encoding'],
  ['padding', `${header}=.${payload}.${signature}`, 'encoding'],
  ['padding of the signature', `${good}==`, 'encoding'],
  ['bits behind the last byte', `${header}.${payload}.${signature.slice(0, -1)}${lastBitSet(signature)}`, 'encoding'],
  ['plus', `${header}.${payload}.+${signature.slice(1)}`, 'encoding'],
  ['slash', `${header}.${payload}./${signature.slice(1)}`, 'encoding'],
  ['a header that is no JSON', `${part('nothing')}.${payload}.${signature}`, 'json'],
  ['a payload that is no JSON', `${header}.${part('{"a":')}.${signature}`, 'json'],
  ['a payload that is an array', `${header}.${part([1])}.${signature}`, 'json'],
  ['a payload that is null', `${header}.${part('null')}.${signature}`, 'json'],
  ['a header that is a text', `${part('"a"')}.${payload}.${signature}`, 'json'],
  ['an escaped NUL in a claim', `${header}.${part({ sub: 'admin\0x' })}.${signature}`, 'json'],
  ['an escaped NUL in the header', `${part({ alg: 'ES256', kid: 'a\0b' })}.${payload}.${signature}`, 'json'],
  ['more claims than the limit', `${header}.${part(manyClaims(CLAIM_LIMIT + 1))}.${signature}`, 'json'],
];

for (const [what, token, fault] of FORMS) {
  test(`${what} is refused as ${fault}`, () => assert.equal(faultOf(token), fault));
}

test('as many claims as the limit says are read', () => {
  assert.equal(faultOf(`${header}.${part(manyClaims(CLAIM_LIMIT))}.${signature}`), null);
});

test('a token at the limit of its length is read, one character more is refused before anything is decoded', () => {
  const room = TOKEN_LIMIT - header.length - 2 - signature.length;
  const filler = (length: number): string => `${header}.${part({ a: 'x'.repeat(length) })}.${signature}`;
  const largest = filler(Math.floor((room * 3) / 4) - 8);
  assert.ok(largest.length <= TOKEN_LIMIT && largest.length > TOKEN_LIMIT - 8);
  assert.equal(faultOf(largest), null);
  const refused = readJwt(`${largest}${'A'.repeat(8)}`, () => assert.fail('nothing is to be parsed'));
  assert.deepEqual(refused, { ok: false, error: 'too-long' });
});

test('a hundred thousand dots and a megabyte of one part are refused without a look at them', () => {
  assert.equal(faultOf('.'.repeat(100_000)), 'too-long');
  assert.equal(faultOf('A'.repeat(1_000_000)), 'too-long');
});

test('the bounds that the parser is given are those of a token', () => {
  readJwt(good, (bytes, bounds) => {
    assert.deepEqual(bounds, { depth: 32, keys: 1_000, elements: 2_000, numberBytes: 40 });
    return readJson(bytes, bounds);
  });
});

test('no text makes the reader throw', () => {
  const piece = fc.constantFrom(header, payload, signature, '.', '..', ' ', '=', 'e30', 'bnVsbA', '\0', 'é');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const read = readJwt(pieces.join(''), readJson);
      assert.equal(typeof read.ok, 'boolean');
    }),
    { numRuns: 1_000 },
  );
});

function manyClaims(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, at]));
}

/** The last character of 64 bytes in base64url has four bits that must be zero. */
function lastBitSet(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(text.slice(-1)) | 1] as string;
}
