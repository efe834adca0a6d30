import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SecretMask } from './secret-mask.ts';

function masked(pieces: readonly string[], ...secrets: readonly string[]): readonly string[] {
  const mask = new SecretMask(secrets.map((secret) => Buffer.from(secret)));
  const out = pieces.map((piece) => mask.pass([Buffer.from(piece)]).toString());
  return [...out, mask.end().toString()];
}

test('a secret is hidden in one piece and over many, and nothing is held that can’t begin one', () => {
  assert.deepEqual(masked(['x secret y'], 'secret'), ['x ****** y', '']);
  assert.deepEqual(masked(['x sec', 'ret y'], 'secret'), ['x ', '****** y', '']);
  assert.deepEqual(masked(['s', 'e', 'c', 'r', 'e', 't'], 'secret'), ['', '', '', '', '', '******', '']);
  assert.deepEqual(masked(['data: {}\n\n', 'sec'], 'secret'), ['data: {}\n\n', '', 'sec']);
});

test('a beginning that comes to nothing goes out as it was, also where it begins anew', () => {
  assert.deepEqual(masked(['sec', 'secret'], 'secret'), ['', 'sec******', '']);
  assert.deepEqual(masked(['aab', 'aac'], 'aabaac'), ['', '******', '']);
  assert.deepEqual(masked(['aab', 'aab', 'aac'], 'aabaac'), ['', 'aab', '******', '']);
});

test('of several secrets each is hidden, also where one begins in another', () => {
  assert.deepEqual(masked(['alpha beta', '-long'], 'alpha', 'beta-long'), ['***** ', '*********', '']);
});

test('of a secret that begins like a shorter one nothing is left', () => {
  assert.deepEqual(masked(['alpha alpha-long'], 'alpha', 'alpha-long'), ['***** **********', '']);
});

test('a piece that came is never written into', () => {
  const piece = Buffer.from('a secret');
  new SecretMask([Buffer.from('secret')]).pass([piece]);
  assert.equal(piece.toString(), 'a secret');
});

test('however a text is cut, the same comes out as of the whole', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 });
  const secret = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 6 }), secret, (pieces, word) => {
      const whole = pieces.join('');
      assert.equal(masked(pieces, word).join(''), whole.replaceAll(word, '*'.repeat(word.length)));
    }),
    { numRuns: 500 },
  );
});
