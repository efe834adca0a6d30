import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SecretMask } from './secret-mask.ts';
import { SoughtSecret } from './sought-secret.ts';

const soughtOf = (secrets: readonly string[]): readonly SoughtSecret[] =>
  secrets.map((secret) => new SoughtSecret(Buffer.from(secret, 'latin1')));

function masked(pieces: readonly string[], ...secrets: readonly string[]): readonly string[] {
  const mask = new SecretMask(soughtOf(secrets));
  const out = pieces.map((piece) => mask.pass([Buffer.from(piece, 'latin1')]).toString('latin1'));
  return [...out, mask.end().toString('latin1')];
}

/** The same of a whole text, without any haste: each byte that is part of a secret, at whatever place that begins. */
function starred(whole: string, secrets: readonly string[]): string {
  const bytes = [...whole];
  for (const secret of secrets)
    for (let at = 0; at + secret.length <= whole.length; at++)
      if (whole.startsWith(secret, at)) bytes.fill('*', at, at + secret.length);
  return bytes.join('');
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
  new SecretMask(soughtOf(['secret'])).pass([piece]);
  assert.equal(piece.toString(), 'a secret');
});

test('of a secret that holds a shorter one nothing is left, wherever the text is cut', () => {
  assert.deepEqual(masked(['x alpha', '-long y'], 'alpha', 'alpha-long'), ['x ', '********** y', '']);
  assert.deepEqual(masked(['x alpha', '-lost y'], 'alpha', 'alpha-long'), ['x ', '*****-lost y', '']);
  assert.deepEqual(masked(['x alpha'], 'alpha', 'alpha-long'), ['x ', '*****']);
  assert.deepEqual(masked(['my-al', 'pha-', 'long y'], 'alpha', 'my-alpha-long'), ['', '', '************* y', '']);
});

test('where secrets overlap the bytes of both are hidden', () => {
  assert.deepEqual(masked(['one-two-three'], 'one-two', 'two-three'), ['*************', '']);
  assert.deepEqual(masked(['one-two', '-three'], 'one-two', 'two-three'), ['****', '*********', '']);
  assert.deepEqual(masked(['aaa'], 'aa'), ['**', '*']);
});

test('however a text is cut, the same comes out as of the whole, and no more is held than could begin a secret', () => {
  const word = (most: number, least = 0) =>
    fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: least, maxLength: most });
  const secrets = fc.array(word(6, 1), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(word(40), { maxLength: 6 }), secrets, (pieces, all) => {
      const out = masked(pieces, ...all);
      assert.equal(out.join(''), starred(pieces.join(''), all));
      let [came, gone] = ['', 0];
      for (const [index, piece] of pieces.entries()) {
        came += piece;
        gone += out[index]?.length ?? 0;
        const held = came.slice(gone);
        assert.ok(held === '' || all.some((secret) => secret !== held && secret.startsWith(held)), held);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a text that nearly is a secret again and again is read in one walk', () => {
  const mask = new SecretMask(soughtOf([`${'a'.repeat(8_000)}b`]));
  const bytes = Buffer.alloc(1_000_000, 'a');
  const from = process.cpuUsage();
  assert.equal(mask.pass([bytes]).length + mask.end().length, bytes.length);
  const { user, system } = process.cpuUsage(from);
  // Byte by byte it takes some 10 ms; where each place is compared anew, 8,000 times as long.
  assert.ok(user + system < 1_000_000, `${user + system} µs`);
});
