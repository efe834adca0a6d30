import assert from 'node:assert/strict';
import test from 'node:test';
import { PATTERN_WORK_LIMIT } from './limits.ts';
import { compilePattern } from './pattern.ts';
import { sizeOf, workPerCharacter } from './pattern-states.ts';
import { type Expression, parsePattern } from './pattern-syntax.ts';
import { asParsed, validatorOf } from './fixtures.test.ts';
import type { Violation } from './validator-types.ts';

function expression(pattern: string): Expression {
  const parsed = parsePattern(pattern);
  assert.ok(parsed.ok, pattern);
  return parsed.value;
}

function violationsOf(schema: unknown, value: unknown): readonly Violation[] {
  return validatorOf(schema)(asParsed(value)) ?? [];
}

const perCharacter = (pattern: string): number => workPerCharacter(expression(pattern).alternatives);
const size = (pattern: string): number => sizeOf(expression(pattern).alternatives);

test('the size of a pattern counts what is repeated as often as it may come', () => {
  assert.deepEqual(
    ['a', 'abc', 'a|b', '[a-z]*', 'a{3}', 'a{2,4}', '(ab|c){3}', 'a{2,}', '((a{10}){10}){10}', '^$'].map(size),
    [1, 3, 3, 2, 3, 6, 12, 3, 1000, 2],
  );
  assert.equal(size('([ab]{0,500}a){2}[cd]'), 2003);
});

test('patterns as people write them take no more for being long', () => {
  for (const pattern of [
    '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
    '^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?$',
    '^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$',
    '^(https?:\\/\\/)?([\\da-z\\.-]+)\\.([a-z\\.]{2,6})([\\/\\w \\.-]*)*\\/?$',
    '^(?:[a-z]|-){0,1000}$',
    '^(?:\\p{L}| )+$',
    '\\bfoo\\b',
    '(a+)+$',
    '((((a?)*)*)*)*b',
    '',
    'a|',
  ]) {
    assert.equal(perCharacter(pattern), 0, pattern);
  }
});

test('a pattern that tells too many cases apart costs as much as parts of it may wait for a character', () => {
  assert.equal(perCharacter('([ab]{0,500}a){2}[cd]'), 2003);
  assert.equal(perCharacter('[ab]*a[ab]{30}[cd]$'), size('[ab]*a[ab]{30}[cd]$'));
  assert.equal(perCharacter('(\\b[ab]{0,50}a ?\\b){2}[cd]'), size('(\\b[ab]{0,50}a ?\\b){2}[cd]'));
  // The states are known here, but letters of all scripts make their table large.
  const letters = perCharacter('^(\\p{L}|\\p{N}|[ _.-]){1,255}$');
  assert.ok(letters > 0 && letters < 20, `${letters}`);
});

test('what is compiled says what a text may take, its lookaheads together', () => {
  const workOn = (pattern: string, length: number): number => {
    const compiled = compilePattern(pattern);
    assert.ok(compiled.ok, pattern);
    return compiled.value.workOn(length);
  };
  assert.equal(workOn('([ab]{0,500}a){2}[cd]', 10), 20_030);
  assert.equal(workOn('^[a-z]{1,64}$', 1_000_000), 0);
  assert.equal(workOn('^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$', 1_000_000), 0);
  const wild = '[ab]*a[ab]{30}[cd]';
  const alone = workOn(wild, 1);
  assert.ok(workOn(`^(?=${wild})(?!${wild}).*$`, 1) > 2 * alone);
  // The runtime would go over the last 900 again for each character before them.
  assert.ok(workOn('^[ab]*[ab]{900}c$', 1) > 0);
  // Longer than the runtime takes, and more parts than RE2 counts.
  assert.equal(workOn('^[a-z]{1,2000}$', 1_000_001), Infinity);
});

const WILD = '([ab]{0,500}a){2}[cd]';
const LONGEST = Math.floor(PATTERN_WORK_LIMIT / 2003);
const text = (length: number): string => `${'ab'.repeat(length).slice(0, length - 3)}aac`;
const tooLong = (pointer: string): unknown => [{ pointer, message: 'is too long for its pattern' }];

test('a text too long for its pattern is a violation, and one that is not is judged', () => {
  const schema = { type: 'object', properties: { code: { type: 'string', pattern: WILD } } };
  assert.deepEqual(violationsOf(schema, { code: text(LONGEST) }), []);
  assert.deepEqual(violationsOf(schema, { code: text(LONGEST + 1) }), tooLong('/code'));
  assert.deepEqual(violationsOf(schema, { code: 'ab'.repeat(5_000_000) }), tooLong('/code'));
  const bounded = { type: 'string', pattern: WILD, maxLength: 100 };
  assert.deepEqual(violationsOf(bounded, text(LONGEST + 1)), [
    { pointer: '', message: 'must have at most 100 characters' },
  ]);
});

test('many texts of one value are bounded together, and each value anew', () => {
  const schema = { type: 'array', items: { type: 'string', pattern: WILD } };
  const half = text(Math.floor(LONGEST / 2));
  assert.deepEqual(violationsOf(schema, [half, half]), []);
  assert.deepEqual(violationsOf(schema, [half, half, half]), tooLong('/2'));
});

test('no way of asking makes a text pass that was too long to judge', () => {
  const long = text(LONGEST + 1);
  const pattern = { pattern: WILD };
  for (const [schema, value] of [
    [{ not: pattern }, long],
    [{ anyOf: [pattern, true] }, long],
    [{ oneOf: [pattern, { type: 'string' }] }, long],
    [{ if: pattern, else: true }, long],
    [{ type: 'array', contains: pattern, minContains: 0 }, [long]],
    [{ patternProperties: { [WILD]: false }, additionalProperties: true }, { [long]: 1 }],
    [{ patternProperties: { [WILD]: false } }, { [long]: 1 }],
    [{ allOf: [{ patternProperties: { [WILD]: true } }, { properties: { a: {} } }] }, { [long]: 1 }],
    [{ patternProperties: { [WILD]: false }, unevaluatedProperties: true }, { [long]: 1 }],
    [{ propertyNames: { not: pattern } }, { [long]: 1 }],
  ] as const) {
    const violations = violationsOf(schema, value);
    assert.equal(violations.length > 0, true, JSON.stringify(schema));
    assert.match(violations[0]?.message ?? '', /too long for its pattern/, JSON.stringify(schema));
  }
});

test('a schema that asks for a pattern and nothing more asks for something', () => {
  const schema = { allOf: [{ type: 'string' }], pattern: '^a' };
  assert.equal(violationsOf(schema, 'b').length, 1);
  assert.equal(violationsOf({ allOf: [{ pattern: '^a' }] }, 'b').length, 1);
});
