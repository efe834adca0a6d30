import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeFormText, decodePercent, splitQuery } from './query.ts';

function pairsOf(query: string): unknown {
  const fields = splitQuery(query);
  return fields.ok ? Object.fromEntries(fields.value.values) : fields.error;
}

test('names are decoded, values are left as they came', () => {
  assert.deepEqual(pairsOf('a=1&b%5B%5D=%2C&a=2'), { a: ['1', '2'], 'b[]': ['%2C'] });
  assert.deepEqual(pairsOf('a&b=&c=d=e&&f+g=h&'), { a: [''], b: [''], c: ['d=e'], 'f g': ['h'] });
  assert.deepEqual(pairsOf(''), {});
});

test('a query that servers read in different ways is refused', () => {
  for (const query of [
    'a;b',
    'a=1;b=2',
    '=1',
    'a&=1',
    '%ff=1',
    '%e2%82=1',
    '%c0%80=1',
    '%=1',
    '%0=1',
    '%zz=1',
    '%00=1',
  ]) {
    assert.equal(splitQuery(query).ok, false, query);
  }
  assert.equal(splitQuery(Array(1_000).fill('a').join('&')).ok, true);
  assert.equal(splitQuery(Array(1_001).fill('a').join('&')).ok, false);
});

test('a plus is a space in a query only', () => {
  assert.equal(decodeFormText('a+b%2Bc'), 'a b+c');
  assert.equal(decodePercent('a+b%2Bc'), 'a+b+c');
});

test('decoding agrees with the platform on any text, but for NUL', () => {
  const piece = fc.constantFrom(
    '%',
    '%4',
    '%41',
    '%6a',
    '%C3%A9',
    '%c3',
    '%a9',
    '%F0%9F%98%80',
    '%ed%a0%80',
    'x',
    '%25',
    '%7f',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const raw = pieces.join('');
      let expected: string | null = null;
      try {
        expected = decodeURIComponent(raw);
      } catch {}
      assert.equal(decodePercent(raw), expected, raw);
    }),
    { numRuns: 1_000 },
  );
  for (const raw of ['%00', 'a%00b', '%C3%A9%00']) assert.equal(decodePercent(raw), null);
});
