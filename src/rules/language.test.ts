import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { isCelError, run } from '@bufbuild/cel';
import fc from 'fast-check';
import { type Asked, compiledAs, faultOf, ruleOf } from './fixtures.test.ts';
import { stepBudget } from './index.ts';
import { readExpression } from './text.ts';
import { toEcmaPattern } from './pattern.ts';

const said = (text: string, body?: unknown): string =>
  ruleOf(text).judge(body === undefined ? {} : { body }, stepBudget()) ?? 'holds';

test('no code is made of text: the runtime forbids it, and conditions work', () => {
  const script = `
    import { readExpression } from '${import.meta.resolve('./text.ts')}';
    import { compileRule, groupOf, stepBudget } from '${import.meta.resolve('./index.ts')}';
    try { new Function('return 1'); } catch (fault) { console.log(fault.name); }
    const read = readExpression('[1, 2].all(x, x > 0 && string(x).startsWith("") && timestamp("2026-01-01T00:00:00Z") > timestamp("2025-01-01T00:00:00Z"))');
    const rule = compileRule(read.value, { declarations: groupOf({}), compilePattern: null });
    console.log(rule.value.judge({}, stepBudget()));
  `;
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script];
  assert.equal(execFileSync(process.execPath, flags, { encoding: 'utf8' }), 'EvalError\nnull\n');
});

test('what is not of the language is told, and nothing else is asked', () => {
  for (const [text, wanted] of [
    ['type(body) == string', /no function `type`/],
    ['dyn(body)', /no function `dyn`/],
    ['bool("true")', /no function `bool`/],
    ['b"x" == body', /bytes/],
    ['{"a": 1} == body', /a map/],
    ['5u == body', /unsigned/],
    ['cel.bind(x, 1, x == 1)', /nothing called `cel`/],
    ['s.split(",").size() == 1', /no method `split`/],
    ['s.matches(s)', /written out/],
    ['s.size(1) == 1', /no method `size`/],
    ['i + d > 1.0', /write double/],
    ['i == s', /can't be asked of int and string/],
    ['s < 1', /can't be asked/],
    ['!i', /can't be asked of int/],
    ['-s == ""', /can't be asked of string/],
    ['i ? true : false', /asks for true or false/],
    ['i && b', /can't be asked/],
    ['i.a == 1', /int has no fields/],
    ['li["a"] == 1', /has no parts by string/],
    ['li.all(x, x + 1)', /asks for true or false, not int/],
    ['s.all(x, true)', /goes over a list/],
    ['string(d) == ""', /can't be asked of double/],
    ['timestamp(i) == timestamp(i)', /can't be asked of int/],
    ['timestamp(s) == body', /can't be asked/],
    ['unknown == 1', /nothing called `unknown`/],
    ['__proto__ == 1', /can't be read/],
    ['constructor == 1', /nothing called `constructor`/],
    ['s.constructor() == 1', /no method `constructor`/],
    ['toString() == ""', /no function `toString`/],
  ] as const) {
    assert.match(faultOf(text), wanted, text);
  }
});

test('whatever the text, it is read or told, and never throws', () => {
  const piece = fc.constantFrom(
    'body',
    '.a',
    '[0]',
    '(',
    ')',
    '"x"',
    '1',
    '1.5',
    '+',
    '-',
    '!',
    '==',
    '<',
    '&&',
    '||',
    '?',
    ':',
    ' in ',
    'has',
    '.all(x,',
    'b"',
    'u',
    '//',
    '\\',
    '{',
    '}',
    ',',
    '\n',
    '__proto__',
  );
  const text = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, fc.jsonValue({ maxDepth: 2 }), (source, body) => {
      const rule = compiledAs(source);
      if (typeof rule !== 'string') rule.judge({ body }, stepBudget());
    }),
    { numRuns: 3_000 },
  );
});

test('only own members are seen', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']) {
    if (name !== '__proto__') assert.equal(said(`has(body.${name})`, {}), 'is not so', name);
    assert.match(said(`body["${name}"] == 1`, {}), /no such part/, name);
    assert.equal(said(`"${name}" in body`, {}), 'is not so', name);
    assert.match(said(`body.a["${name}"] == 1`, { a: 'text' }), /no such part/, name);
  }
  assert.match(said('body.length == 1', [1]), /is no object/);
  assert.match(said('body.length == 1', 'text'), /is no object/);
});

test('where CEL is followed and the oracle is not: null is there, and texts are in the order of their characters', () => {
  assert.equal(said('has(body.a)', { a: null }), 'holds');
  assert.equal(said('body.a > body.b', { a: '😀', b: '\uffee' }), 'holds');
  assert.equal(said('body.a < body.b', { a: 'a', b: 'ab' }), 'holds');
});

test('whole numbers are exact, or there is no answer', () => {
  const most = Number.MAX_SAFE_INTEGER;
  assert.match(said('body + 1 > 0', most), /goes beyond/);
  assert.match(said('body * body > 0', 2 ** 40), /goes beyond/);
  assert.match(said('body - 1 < 0', -most), /goes beyond/);
  assert.equal(said('body + 0 == 9007199254740991', most), 'holds');
  assert.match(said('body / 0 == 0', 1), /by zero/);
  assert.match(said('body % 0 == 0', 1), /by zero/);
  assert.equal(said('0 * -5 == 0 && 1.0 / double(body * -5) > 0.0', 0), 'holds');
});

test('numbers so long that others are read as the same are equal to none', () => {
  const [one, other] = JSON.parse('[9007199254740992, 9007199254740993]') as [number, number];
  assert.equal(one, other);
  for (const rule of ['body.a == body.b', 'body.a != body.b', 'body.a in [1, body.b]', '[body.a] == [body.b]'])
    for (const sign of [1, -1])
      assert.match(said(rule, { a: sign * one, b: sign * other }), /can’t be told apart/, rule);
  assert.equal(said('body.a == body.b', { a: one, b: 2 * other }), 'is not so');
  assert.equal(said('body.a == body.b', { a: one - 1, b: other - 1 }), 'holds');
});

test('a double that arithmetic makes whole stays a double', () => {
  assert.match(said('body.a + body.a + 1 == 2', { a: 0.5 }), /of one kind/);
  assert.equal(said('body.a + body.a == 1', { a: 0.5 }), 'holds');
  assert.match(said('string(body.a + body.a) == "1"', { a: 0.5 }), /no text of this/);
  assert.match(said('body.l[body.a + body.a] == 1', { a: 0.5, l: [1, 1] }), /no such part/);
});

test('texts become numbers only where they have one reading', () => {
  for (const text of ['', ' 5', '5 ', '+5', '0x5', '5.0', '1e3', '9007199254740993', '٥'])
    assert.match(said('int(body) >= 0', text), /no whole number/, text);
  for (const text of ['', ' 5', '.5', '5.', '0x5', 'NaN', 'Infinity', '1e999', '1_0'])
    assert.match(said('double(body) >= 0.0', text), /no number/, text);
  assert.equal(said('int(body) == -5', '-5'), 'holds');
  assert.equal(said('double(body) == 1500.0', '1.5e3'), 'holds');
});

test('an evaluation holds nothing of a request when it is over, and one does not disturb the next', () => {
  const rule = ruleOf('body.all(x, x > 0)');
  assert.equal(rule.judge({ body: [1] }, stepBudget()), null);
  assert.match(rule.judge({ body: ['a'] }, stepBudget()) ?? '', /wants two/);
  assert.equal(rule.judge({ body: [0] }, stepBudget()), 'is not so');
  assert.equal(rule.judge({ body: [1, 2] }, stepBudget()), null);
});

test('to look at an object costs by its names, also where the first of them settles it', () => {
  const object = (prefix: string) => Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [prefix + at, at]));
  const body = { list: Array.from({ length: 1_000 }, () => 1), o: object('a'), p: object('b') };
  for (const asked of ['size(body.o) > 0', 'body.o.exists(name, true)', 'body.o != body.p']) {
    assert.equal(said(asked, body), 'holds', asked);
    assert.match(said(`body.list.all(x, ${asked})`, body), /too much to look at/, asked);
  }
});

test('names of macros hide others, and end with them', () => {
  assert.equal(said('body.all(body, body > 0)', [1, 2]), 'holds');
  assert.equal(said('body.a.all(x, body.b.all(y, x < y))', { a: [1, 2], b: [3] }), 'holds');
  assert.match(faultOf('li.all(x, x > 0) && x > 0'), /nothing called `x`/);
});

test('a pattern that the two engines may read in two ways is refused', () => {
  const refused = [
    '(?i)a',
    '(?=a)',
    '(?P<n>a)',
    '[[:alpha:]]',
    '[]a]',
    '[^]a]',
    '\\Aa',
    'a\\z',
    '\\Qa',
    '\\pL',
    '\\p{Greek}',
    '\\u0041',
    '\\x41',
    '\\cA',
    '\\1',
    '[\\b]',
    '[\\S]',
    'a'.repeat(1_001),
  ];
  for (const pattern of refused) assert.ok(!toEcmaPattern(pattern).ok, pattern);
});

test('a pattern that is taken means what RE2 has it mean', () => {
  const pieces = fc.constantFrom(
    'a',
    'b',
    '.',
    '\\s',
    '\\S',
    '\\d',
    '\\w',
    '[a-c]',
    '[^a]',
    '[\\s]',
    '(?:a|b)',
    '(a)',
    '*',
    '+',
    '?',
    '{2}',
    '^',
    '$',
    '|',
    '\\.',
    '\\p{Lu}',
    '\\n',
  );
  const texts = fc.string({
    unit: fc.constantFrom('a', 'b', 'A', '.', '1', ' ', '\n', '\r', '\v', '\u00a0', 'é', '😀'),
    maxLength: 5,
  });
  let asked = 0;
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 5 }).map((each) => each.join('')),
      texts,
      (pattern, text) => {
        const own = toEcmaPattern(pattern);
        if (!own.ok) return;
        const wanted = run('s.matches(p)', { s: text, p: pattern });
        if (isCelError(wanted)) return;
        let matched: boolean;
        try {
          matched = new RegExp(own.value, 'u').test(text);
        } catch {
          return;
        }
        asked += 1;
        // The runtime looks for the end of a text unit by unit: it denies that one of two units is one character.
        if (!text.includes('😀')) assert.equal(matched, wanted, JSON.stringify([pattern, text]));
      },
    ),
    { numRuns: 3_000 },
  );
  assert.ok(asked > 500, String(asked));
});

test('an expression tells where its parts stand', () => {
  const read = readExpression('body.a == 1 && s.split()');
  assert.ok(read.ok);
  assert.equal(read.value.kind === 'binary' ? read.value.right.at : -1, 15);
});

test('a condition has so many characters, parts, and parts and macros inside one another, and no more', () => {
  const macros = (depth: number): string => (depth === 0 ? 'b' : `li.all(x${depth}, ${macros(depth - 1)})`);
  const tooMany = /^has too many parts, or too many inside one another/;
  for (const [write, most, message] of [
    [(length: number) => `s == '${'x'.repeat(length - 7)}'`, 4_096, /^is longer than 4096 characters/],
    [(parts: number) => `i in [${Array.from({ length: parts - 3 }, () => 1).join()}]`, 500, tooMany],
    [(depth: number) => `${'!'.repeat(depth)}b`, 64, tooMany],
    [macros, 3, /^more than 3 of all,/],
  ] as const) {
    assert.equal(faultOf(write(most)), 'nothing');
    assert.match(faultOf(write(most + 1)), message);
  }
});

test('what a request sends is looked at for so long, and texts put together are so long, and then it is a fault', () => {
  const judged = (text: string, asked: Asked): string => ruleOf(text).judge(asked, stepBudget()) ?? 'holds';
  const doubled = (length: number): string => judged('size(s + s) > 0', { s: 'x'.repeat(length) });
  assert.deepEqual([doubled(500_000), doubled(500_001)], ['holds', 'there is too much to look at']);
  // A million characters cost 15,625 of 200,000 steps.
  const searched = (turns: number): string =>
    judged("body.all(x, !s.contains('z'))", { s: 'x'.repeat(1_000_000), body: Array.from({ length: turns }, () => 1) });
  assert.deepEqual([searched(12), searched(13)], ['holds', 'there is too much to look at']);
});
