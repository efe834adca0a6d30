import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KeyRow } from '../../../credential/index.ts';
import { ABSTAIN } from '../../verdict.ts';
import { newTokenEnd, readTokenEnd, type TokenEnd, type VerifiedToken, VerifiedTokens } from './verified-tokens.ts';

const ROW: KeyRow = { thumbprint: 't', kid: 'a', algorithms: ['ES256'], jwk: {} };
const OTHER: KeyRow = { thumbprint: 'o', kid: 'a', algorithms: ['ES256'], jwk: {} };
const ROWS = rowsOf(ROW, OTHER);

function rowsOf(...rows: readonly KeyRow[]): ReadonlyMap<string, KeyRow> {
  return new Map(rows.map((row) => [row.thumbprint, row]));
}

function entryOf(token: string, changes: Partial<VerifiedToken> = {}): VerifiedToken {
  const times = { validFromMs: 100, validUntilMs: 200 };
  const key = { kid: 'a', thumbprint: 't', keyIssuer: null, algorithm: 'ES256' } as const;
  return { token, verdict: ABSTAIN, ...key, ...times, ...changes };
}

/** A token that ends in its number. */
function tokenNumber(number: number, length = 60): string {
  return `${'x'.repeat(length - 43)}${String(number).padStart(43, '0')}`;
}

function endOf(token: string): TokenEnd {
  const end = newTokenEnd();
  return readTokenEnd(token, end) ? end : assert.fail(`${token} is too short`);
}

function holds(tokens: VerifiedTokens, token: string, nowMs = 150, rows = ROWS): boolean {
  return tokens.find(token, endOf(token), rows, nowMs) !== null;
}

test('a token is found by its whole text alone', () => {
  const tokens = new VerifiedTokens();
  const token = tokenNumber(1);
  tokens.add(entryOf(token));
  assert.ok(holds(tokens, token));
  assert.ok(!holds(tokens, `y${token.slice(1)}`), 'another beginning with the same end');
  assert.ok(!holds(tokens, token.slice(1)) && !holds(tokens, ` ${token}`) && !holds(tokens, token.slice(-43)));
  assert.ok(!holds(tokens, token.slice(-16)) && !holds(tokens, tokenNumber(2)));
});

test('a token is found from its first moment up to its last, whichever way the clock goes', () => {
  const tokens = new VerifiedTokens();
  tokens.add(entryOf(tokenNumber(1)));
  const found = [99, 100, 199, 200, 150, Number.NaN].map((nowMs) => holds(tokens, tokenNumber(1), nowMs));
  assert.deepEqual(found, [false, true, true, false, true, false]);
});

test('the tokens of a key that is gone, or no longer for the algorithm, go with it, the others stay', () => {
  const tokens = new VerifiedTokens();
  tokens.add(entryOf(tokenNumber(1)));
  tokens.add(entryOf(tokenNumber(2), { thumbprint: 'o' }));
  assert.ok(!holds(tokens, tokenNumber(1), 150, rowsOf(OTHER)));
  assert.ok(holds(tokens, tokenNumber(2), 150, rowsOf(OTHER)));
  assert.ok(!holds(tokens, tokenNumber(1), 150, ROWS), 'it does not come back with the key');
  assert.ok(!holds(tokens, tokenNumber(2), 150, rowsOf({ ...OTHER, algorithms: ['ES384'] })));
  assert.equal(tokens.size, 0);
});

test('the tokens of a key that has another name, or may sign for another tenant alone, go too', () => {
  const kept = (changes: Partial<KeyRow>, entry: Partial<VerifiedToken> = {}): boolean => {
    const tokens = new VerifiedTokens();
    tokens.add(entryOf(tokenNumber(1), entry));
    return holds(tokens, tokenNumber(1), 150, rowsOf({ ...ROW, ...changes }));
  };
  assert.ok(kept({}));
  assert.ok(!kept({ kid: 'b' }));
  assert.ok(!kept({ kid: null }));
  assert.ok(!kept({ issuer: 'https://one.example' }));
  assert.ok(!kept({}, { keyIssuer: 'https://one.example' }));
});

test('a token that names no key is judged anew with each new set, since another key may stand beside its own', () => {
  const tokens = new VerifiedTokens();
  const rows = rowsOf({ ...ROW, kid: null });
  assert.ok(!holds(tokens, tokenNumber(1), 150, rows));
  tokens.add(entryOf(tokenNumber(1), { kid: null }));
  assert.ok(holds(tokens, tokenNumber(1), 150, rows));
  assert.ok(!holds(tokens, tokenNumber(1), 150, rowsOf({ ...ROW, kid: null }, { ...OTHER, kid: null })));
});

test('a token that is added with older keys is judged by the newer ones at its next use', () => {
  const tokens = new VerifiedTokens();
  tokens.add(entryOf(tokenNumber(1)));
  assert.ok(!holds(tokens, tokenNumber(1), 150, rowsOf()));
});

test('ten thousand tokens are kept at most, and those go first that nobody asked for', () => {
  const tokens = new VerifiedTokens();
  for (let number = 0; number < 30_000; number++) {
    tokens.add(entryOf(tokenNumber(number)));
    if (number % 1_000 === 0) assert.ok(holds(tokens, tokenNumber(0)), 'the one that is used stays');
    assert.ok(tokens.size <= 10_000, String(tokens.size));
  }
  assert.ok(!holds(tokens, tokenNumber(1)) && !holds(tokens, tokenNumber(19_000)));
  assert.ok(holds(tokens, tokenNumber(29_999)) && holds(tokens, tokenNumber(26_000)));
});

test('long tokens count for more: sixteen million characters and a token more are kept at most', () => {
  const tokens = new VerifiedTokens();
  const length = 16 * 1_024;
  for (let number = 0; number < 2_500; number++) tokens.add(entryOf(tokenNumber(number, length)));
  assert.ok(tokens.size * length <= 16 * 1_024 * 1_024 + 2 * length, String(tokens.size));
  assert.ok(tokens.size > 500);
});

test('adding a token twice keeps it once, with what was said last', () => {
  const tokens = new VerifiedTokens();
  for (const validUntilMs of [120, 200]) tokens.add(entryOf(tokenNumber(1), { validUntilMs }));
  assert.equal(tokens.size, 1);
  assert.ok(holds(tokens, tokenNumber(1)));
});

test('the end of a token is its last sixteen characters, each of which makes another', () => {
  const token = tokenNumber(1);
  const end = endOf(token);
  assert.deepEqual(endOf(`y${token.slice(1)}`), end);
  const ends = new Set([JSON.stringify(end)]);
  for (let at = token.length - 16; at < token.length; at++) {
    for (const bit of [1, 2, 4, 8, 16, 32, 64]) {
      const other = String.fromCharCode(token.charCodeAt(at) ^ bit);
      ends.add(JSON.stringify(endOf(token.slice(0, at) + other + token.slice(at + 1))));
    }
  }
  assert.equal(ends.size, 1 + 16 * 7);
});

test('a text shorter than an end is no token, and is not kept', () => {
  const end = newTokenEnd();
  for (let length = 0; length < 16; length++) assert.ok(!readTokenEnd('a'.repeat(length), end));
  assert.ok(readTokenEnd('a'.repeat(16), end));
  const tokens = new VerifiedTokens();
  tokens.add(entryOf('a'.repeat(15)));
  assert.equal(tokens.size, 0);
});

test('a token is not found by the end of another one, nor another one by its own', () => {
  const tokens = new VerifiedTokens();
  const [one, other] = [tokenNumber(1), tokenNumber(2)];
  tokens.add(entryOf(one));
  assert.equal(tokens.find(other, endOf(one), ROWS, 150), null);
  assert.equal(tokens.find(one, endOf(other), ROWS, 150), null);
  assert.equal(tokens.find(one, endOf(one), ROWS, 150)?.token, one);
});

test('of tokens with one end none is taken for another, and the last is kept', () => {
  const tokens = new VerifiedTokens();
  const [one, other] = ['1', '2'].map((mark) => `${mark.repeat(52)}0123456789abcdef`) as [string, string];
  const beginning = `${'9'.repeat(17)}${one.slice(17)}`;
  assert.deepEqual([other, beginning].map(endOf), [one, one].map(endOf));
  tokens.add(entryOf(one));
  assert.ok(holds(tokens, one));
  assert.ok(!holds(tokens, other) && !holds(tokens, beginning));
  tokens.add(entryOf(other));
  assert.ok(holds(tokens, other) && !holds(tokens, one));
  assert.equal(tokens.size, 1);
});

test('whatever is kept, only what was kept is found, and with what was said of it', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 16, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 30 }), texts, (added, asked) => {
      const tokens = new VerifiedTokens();
      for (const [at, token] of added.entries()) tokens.add(entryOf(token, { validUntilMs: 200 + at }));
      const found = tokens.find(asked, endOf(asked), ROWS, 150);
      // Of those with one end the last is kept.
      const last = added.findLastIndex((token) => token.slice(-16) === asked.slice(-16));
      if (added[last] === asked) assert.equal(found?.validUntilMs, 200 + last);
      else assert.equal(found, null);
    }),
  );
});
