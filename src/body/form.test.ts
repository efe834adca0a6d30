import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FormFault, parseForm } from './form.ts';

// fast-check's own `binary` unit spends more than a second on its tables.
const character = fc
  .oneof(fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10ffff))
  .map((point) => String.fromCodePoint(point))
  .filter((text) => text.isWellFormed());

const READ: readonly (readonly [body: string, fields: readonly (readonly [string, readonly string[]])[]])[] = [
  ['', []],
  ['a=1', [['a', ['1']]]],
  [
    'a=1&b=2',
    [
      ['a', ['1']],
      ['b', ['2']],
    ],
  ],
  [
    'a=1&b=2&a=3',
    [
      ['a', ['1', '3']],
      ['b', ['2']],
    ],
  ],
  ['a', [['a', ['']]]],
  ['a=', [['a', ['']]]],
  ['a=b=c', [['a', ['b=c']]]],
  ['a==', [['a', ['=']]]],
  [
    '&a=1&&b=2&',
    [
      ['a', ['1']],
      ['b', ['2']],
    ],
  ],
  ['a=x+y%20z', [['a', ['x y z']]]],
  ['a=%2B', [['a', ['+']]]],
  ['a%3Db=1', [['a=b', ['1']]]],
  ['a=1%262', [['a', ['1&2']]]],
  ['a=1%3B2', [['a', ['1;2']]]],
  ['a=%2541', [['a', ['%41']]]],
  ['a=%e4%b8%ad', [['a', ['中']]]],
  ['a=中', [['a', ['中']]]],
  ['a=%F0%9F%98%80', [['a', ['😀']]]],
  ['a=%EF%BB%BF', [['a', ['\ufeff']]]],
  ['a=one%0D%0Atwo', [['a', ['one\r\ntwo']]]],
  [
    'a[b]=1&a[]=2',
    [
      ['a[b]', ['1']],
      ['a[]', ['2']],
    ],
  ],
  [
    '__proto__=1&constructor=2',
    [
      ['__proto__', ['1']],
      ['constructor', ['2']],
    ],
  ],
  [
    'email=ann@example.com&note=a b',
    [
      ['email', ['ann@example.com']],
      ['note', ['a b']],
    ],
  ],
  ['+=1', [[' ', ['1']]]],
];

const REFUSED: readonly (readonly [body: string, code: FormFault['code'], offset: number])[] = [
  ['a=%', 'malformed-escape', 2],
  ['a=%4', 'malformed-escape', 2],
  ['a=%4&b=1', 'malformed-escape', 2],
  ['a=1&b=%zz', 'malformed-escape', 6],
  ['%g1=1', 'malformed-escape', 0],
  ['a=%u0041', 'malformed-escape', 2],
  ['a=%%41', 'malformed-escape', 2],
  ['a=% 41', 'malformed-escape', 2],
  ['a=%00', 'nul-byte', 2],
  ['a%00b=1', 'nul-byte', 1],
  ['a=\0', 'control-byte', 2],
  ['a=1\n', 'control-byte', 3],
  ['a=1\r\nb=2', 'control-byte', 3],
  ['a=\t', 'control-byte', 2],
  ['a=\x7f', 'control-byte', 2],
  ['a=1;b=2', 'semicolon', 3],
  ['a;b', 'semicolon', 1],
  ['=1', 'empty-name', 0],
  ['=', 'empty-name', 0],
  ['a=1&=2', 'empty-name', 4],
  ['a=%80', 'invalid-utf8', 2],
  ['a=%C3', 'invalid-utf8', 2],
  ['a=%C3&b=%A9', 'invalid-utf8', 2],
  ['%C3=%A9', 'invalid-utf8', 0],
  ['a=%C0%AF', 'invalid-utf8', 2],
  ['a=%ED%A0%80', 'invalid-utf8', 2],
  ['a=%F4%90%80%80', 'invalid-utf8', 2],
  ['b=1&a=x%FF', 'invalid-utf8', 6],
];

for (const [body, fields] of READ) {
  test(`the form ${JSON.stringify(body)} is read`, () => {
    const read = parseForm(Buffer.from(body));
    assert.ok(read.ok);
    assert.deepEqual([...read.value], fields);
  });
}

for (const [body, code, offset] of REFUSED) {
  test(`the form ${JSON.stringify(body)} is refused: ${code}`, () => {
    assert.deepEqual(parseForm(Buffer.from(body)), { ok: false, error: { code, offset } });
  });
}

test('raw bytes that are not UTF-8 are refused', () => {
  const fault = { ok: false, error: { code: 'invalid-utf8', offset: 2 } };
  assert.deepEqual(parseForm(Buffer.from('a=\xe9', 'latin1')), fault);
  assert.deepEqual(parseForm(Buffer.from('a=%c3\xa9%e9', 'latin1')), fault);
});

test('1,000 pairs are read and one more is not', () => {
  assert.ok(parseForm(Buffer.from('a=1&'.repeat(1_000))).ok);
  assert.deepEqual(parseForm(Buffer.from(`${'a=1&'.repeat(1_000)}a`)), {
    ok: false,
    error: { code: 'too-many-pairs', offset: 4_000 },
  });
});

test('nothing between ampersands counts as a pair, so that a megabyte of them is not walked', () => {
  const read = parseForm(Buffer.from('&'.repeat(1_000_000)), { pairs: 5 });
  assert.deepEqual(read, { ok: false, error: { code: 'too-many-pairs', offset: 5 } });
});

test('what URLSearchParams writes is read back in order', () => {
  const name = fc.string({ unit: character, minLength: 1, maxLength: 8 }).filter((text) => !text.includes('\0'));
  const value = fc.string({ unit: character, maxLength: 8 }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 10 }), (pairs) => {
      const read = parseForm(Buffer.from(new URLSearchParams(pairs).toString()));
      assert.ok(read.ok);
      for (const [wanted, values] of Map.groupBy(pairs, ([key]) => key)) {
        assert.deepEqual(
          read.value.get(wanted),
          values.map(([, text]) => text),
        );
      }
      assert.equal(read.value.size, new Set(pairs.map(([key]) => key)).size);
    }),
    { numRuns: 300 },
  );
});

test('whatever is accepted, URLSearchParams reads the same', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    '=',
    '&',
    '+',
    '%',
    '%4',
    '%41',
    '%C3',
    '%A9',
    '%00',
    '%25',
    ';',
    ' ',
    'é',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const body = pieces.join('');
      const read = parseForm(Buffer.from(body));
      if (!read.ok) return;
      // A form does not begin with a question mark, so URLSearchParams, which drops one, reads the same text.
      const reference = Map.groupBy(new URLSearchParams(body), ([name]) => name);
      assert.deepEqual(
        [...read.value],
        [...reference].map(([name, pairs]) => [name, pairs.map(([, value]) => value)]),
      );
    }),
    { numRuns: 10_000 },
  );
});
