import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parsePattern } from './pattern-syntax.ts';
import { compileLinear, compilePattern, isHarmless, type Matcher } from './pattern.ts';

function compiledAs(pattern: string): Matcher {
  const compiled = compilePattern(pattern);
  assert.ok(compiled.ok, pattern);
  return compiled.value;
}

function matcher(pattern: string): Matcher['matches'] {
  return compiledAs(pattern).matches;
}

function faultOf(pattern: string): string {
  const compiled = compilePattern(pattern);
  return compiled.ok ? 'none' : compiled.error.message;
}

function isNative(pattern: string): boolean {
  const parsed = parsePattern(pattern);
  return parsed.ok && isHarmless(parsed.value);
}

/**
 * What the runtime says. It is made to look from the start: V8 14 looks for `[^b]$` at the last unit of a text only, and
 * so denies that `😀` ends in something else than b.
 */
function oracle(pattern: string): RegExp {
  return new RegExp(`^[^]*?(?:${pattern})`, 'u');
}

test('a character of two units at the end of a text is one character', () => {
  for (const pattern of ['[^b]$', '^[^b]$', '[^b]{1}$', '\\S$']) assert.equal(matcher(pattern)('😀'), true, pattern);
});

/** Patterns of the strict grammar, so that the runtime's engine can be asked about each. */
const PATTERNS = [
  '^[a-z0-9-]{1,64}$',
  '^\\d{4}-\\d\\d$',
  '^\\p{L}+$',
  '^[^\\s@]+@[^\\s@]+\\.[a-z]{2,}$',
  '^(?:a|b)+c?$',
  '^\\s*\\S+\\s*$',
  '^.$',
  '^[^]$',
  '[]',
  '^\\u{1F600}\\uD83D\\uDE00$',
  '\\u0061\\x62\\cJ\\0',
  '^[\\b\\-\\]a-c]+$',
  '\\bfoo\\b',
  '\\Bo',
  '^(?<year>\\d+)(?:-(\\d+))?$',
  'a{2}b{1,}c{0,2}?',
  '^[\\w.]+\\/[\\W\\D]$',
  '^(?=.*[A-Z])(?=.*\\d)(?!.*\\s).{4,}$',
  '^\\P{Lu}\\p{Script=Greek}$',
  'x*y*$',
  '(a*)*b',
  '',
  '^a|b$',
  '(^a|b$)c?',
] as const;

test('every pattern matches what the runtime says it matches', () => {
  const piece = fc.constantFrom(
    'a',
    'b',
    'c',
    'foo',
    'o',
    '-',
    '.',
    '@',
    '/',
    ' ',
    '\n',
    '\r',
    '\u2028',
    'é',
    'α',
    'Ω',
    '😀',
    '1',
    '20',
    'A',
    '\0',
    '\b',
    ']',
    '\u00a0',
    '\ufeff',
    '_',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'grapheme' }),
  );
  for (const pattern of PATTERNS) {
    const native = oracle(pattern);
    const ours = matcher(pattern);
    fc.assert(
      fc.property(text, (value) =>
        assert.equal(ours(value), native.test(value), `${pattern} on ${JSON.stringify(value)}`),
      ),
    );
  }
});

test('both engines agree on patterns that either may run', () => {
  const set = fc.constantFrom('a', 'b', '[a-c]', '[^b]', '\\d', '.', '\\w', '[^a-z]', '\\s', '\\S');
  const term = fc
    .tuple(set, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{0,2}'))
    .map(([one, count]) => one + count);
  const pattern = fc.tuple(fc.constantFrom('^', ''), fc.array(term, { maxLength: 4 }), fc.constantFrom('$', ''));
  const text = fc.array(fc.constantFrom('a', 'b', 'c', '1', ' ', 'é', '😀', '\n'), { maxLength: 8 });
  let native = 0;
  fc.assert(
    fc.property(pattern, text, ([start, terms, end], pieces) => {
      const written = `${start}${terms.join('')}${end}`;
      const value = pieces.join('');
      const linear = compileLinear(written);
      assert.ok(linear.ok);
      if (isNative(written)) native += 1;
      assert.equal(linear.value.matches(value), oracle(written).test(value), written);
      assert.equal(matcher(written)(value), linear.value.matches(value), written);
    }),
    { numRuns: 1000 },
  );
  assert.ok(native > 50);
});

test('no pattern can be made to hang', () => {
  const long = 65_536;
  const attacks: readonly (readonly [string, string])[] = [
    ['(a+)+$', `${'a'.repeat(long)}!`],
    ['(x+x+)+y', 'x'.repeat(long)],
    ['^(a|aa)+$', `${'a'.repeat(long)}!`],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(long)],
    ['^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$', `a@${'.'.repeat(long)} `],
    ['^a*a*a*a*b$', 'a'.repeat(long)],
    ['\\s+$', `${' '.repeat(long)}x`],
    ['^(?=.*x)(?=(a*)*b)', 'a'.repeat(long)],
  ];
  for (const [pattern, text] of attacks) assert.equal(matcher(pattern)(text), false);
});

test('the runtime runs only what never goes back twice', () => {
  for (const pattern of [
    '^[a-z]{1,64}$',
    '^a+b+c$',
    '^[^@]+@[a-z]+$',
    '^\\d{3}-\\d{4}$',
    '^a*',
    '^[A-Z]{2}[0-9]{2,}$',
    'abc',
  ]) {
    assert.ok(isNative(pattern), pattern);
  }
  for (const pattern of [
    '^a+a+$',
    '^\\w+\\d+$',
    '^(a)$',
    '^a|b$',
    'a+',
    '\\s+$',
    '^a*a*b',
    '^a+b?a+$',
    '^\\p{L}+\\p{N}+$',
    '(?:a)',
    'a^',
    '^$a',
  ]) {
    assert.ok(!isNative(pattern), pattern);
  }
});

test('a text longer than the runtime can go back over is run on RE2', () => {
  const text = 'é😀'.repeat(400_000);
  assert.equal(matcher('^[^a]*$')(text), true);
  assert.equal(matcher('^[^a]*b$')(text), false);
});

test('what everybody writes and the strict grammar refuses is read', () => {
  const lenient: readonly (readonly [string, string, string])[] = [
    ['^\\@\\-\\_$', '@-_', '@-'],
    ['^{id}$', '{id}', 'id'],
    ['^a{,2}$', 'a{,2}', 'aa'],
    ['^]}$', ']}', ']'],
    ['^[\\w-.]+$', 'a-.', 'a b'],
  ];
  for (const [pattern, yes, no] of lenient) {
    assert.equal(matcher(pattern)(yes), true, pattern);
    assert.equal(matcher(pattern)(no), false, pattern);
  }
});

test('what is not linear or no pattern is a fault', () => {
  const faults: readonly (readonly [string, RegExp])[] = [
    ['a(?=b)', /lookaround/],
    ['(?<=a)b', /lookaround/],
    ['(?<!a)b', /lookaround/],
    ['^(?=a)b|c', /lookaround/],
    ['^((?!a).)*$', /lookaround/],
    ['(a)\\1', /back-reference/],
    ['(?<n>a)\\k<n>', /back-reference/],
    ['(?i)a', /modifiers/],
    ['\\Aa\\Z', /escape that ECMA-262 does not have/],
    ['(a', /parenthesis/],
    ['a)', /parenthesis/],
    ['^(?=a', /parenthesis/],
    ['[a', /does not end/],
    ['(?<a', /does not end/],
    ['*a', /nothing to repeat/],
    ['^*', /nothing to repeat/],
    ['a**', /nothing to repeat/],
    ['a{3,2}', /out of order/],
    ['[b-a]', /out of order/],
    ['\\', /backslash/],
    ['\\x1', /not complete/],
    ['\\u12', /not complete/],
    ['\\u{110000}', /beyond Unicode/],
    ['\\p{Nope}', /Unicode property/],
    ['\\p{L', /Unicode property/],
    ['(a{1000}){1000}', /more than 10000 parts/],
    ['(ab){1,5000}', /more than 10000 parts/],
    ['(a{50}){60}', /RE2 can count/],
    ['('.repeat(60) + ')'.repeat(60), /groups inside one another/],
    ['a'.repeat(10_001), /longer than/],
  ];
  for (const [pattern, wanted] of faults) assert.match(faultOf(pattern), wanted, pattern.slice(0, 40));
});

test('any text compiles or is a fault, and never throws', () => {
  const unit = fc.constantFrom(...'ab(){}[]|*+?^$\\.-,:<=!dwsuxpLk01é');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), fc.string(), (pattern, text) => {
      const compiled = compilePattern(pattern);
      if (compiled.ok) assert.equal(typeof compiled.value.matches(text), 'boolean');
    }),
    { numRuns: 2000 },
  );
});
