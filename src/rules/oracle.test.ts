import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCelError, run } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import fc from 'fast-check';
import { type Asked, celOf, compiledAs } from './fixtures.test.ts';
import { stepBudget } from './index.ts';

/** Where this language is narrower than CEL: it gives no answer there, and never another one. */
const NARROWER = [
  ...[/goes beyond/, /can make/, /`has` asks an object/, /too much to look at/, /no such part/],
  // Of numbers beyond 2^53 that are read as the same.
  /can’t be told apart/,
];

/** Where such numbers are about, any part may have no answer, and of two parts without one the words of the last are told. */
const INEXACT = /9007199254740992|1e\+?300/;

function oracle(text: string, { body, d, ...typed }: Asked): boolean | null {
  const bindings = {
    body: celOf(body),
    d: d ?? 0,
    ...Object.fromEntries(Object.entries(typed).map(([name, each]) => [name, celOf(each)])),
  };
  const said = run(text, bindings, { funcs: [...strings] });
  return isCelError(said) || typeof said !== 'boolean' ? null : said;
}

function own(text: string, asked: Asked): { readonly said: boolean | null; readonly words: string } | null {
  const rule = compiledAs(text);
  if (typeof rule === 'string') return null;
  const words = rule.judge(asked, stepBudget());
  return { said: words === null ? true : words === 'is not so' ? false : null, words: words ?? '' };
}

type Text = fc.Arbitrary<string>;

const binary = (left: Text, operators: readonly string[], right: Text): Text =>
  fc.tuple(left, fc.constantFrom(...operators), right).map(([one, operator, other]) => `(${one} ${operator} ${other})`);

type Name = 'int' | 'double' | 'text' | 'truthy' | 'any' | 'list';
type Parts = Readonly<Record<Name, Text>>;

const choice = ({ truthy }: Parts, of: Text): Text =>
  fc.tuple(truthy, of, of).map(([when, yes, no]) => `(${when} ? ${yes} : ${no})`);
const some = ({ int, double, text, truthy, any, list }: Parts): Text => fc.oneof(int, double, text, truthy, any, list);

function numbers(parts: Parts) {
  const { int, double, text, any, list } = parts;
  return {
    int: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('i', '0', '1', '2', '-3', '7', '40'),
      binary(int, ['+', '-', '*', '/', '%'], fc.oneof(int, any)),
      fc.oneof(text, list, any).map((of) => `size(${of})`),
      choice(parts, int),
      int.map((of) => `-(${of})`),
      fc.oneof(double, any).map((of) => `int(${of})`),
      int.map((of) => `li[${of}]`),
    ),
    double: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('d', '0.0', '1.0', '2.5', '-0.5', '3.0', '1e300'),
      binary(double, ['+', '-', '*', '/'], fc.oneof(double, any)),
      choice(parts, double),
      fc.oneof(int, any).map((of) => `double(${of})`),
      double.map((of) => `-(${of})`),
    ),
  };
}

function textsAndOthers(parts: Parts) {
  const { int, double, text, truthy, any } = parts;
  return {
    text: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('s', "''", "'a'", "'ab'", "'é'", "'b'", "'😀'", '"1"'),
      binary(text, ['+'], fc.oneof(text, any)),
      choice(parts, text),
      fc.oneof(int, truthy).map((of) => `string(${of})`),
      text.map((of) => `(${of}).lowerAscii()`),
    ),
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(
        'body',
        'body.a',
        'body.b',
        'body.c',
        'body.a.b',
        "body['b']",
        'body.l',
        'body.l[0]',
        'body[0]',
        'null',
      ),
      any.map((of) => `${of}.a`),
      binary(any, ['+', '-', '*', '/', '%'], any),
      fc.oneof(int, text).map((of) => `body.l[${of}]`),
      choice(parts, fc.oneof(any, int, double, text)),
      // Of two minuses, or two exclamation marks, behind each other the oracle makes none, whatever stands behind them.
      fc.constantFrom('-(body.a)', '-(body.l[0])', '-(body)'),
    ),
  };
}

function listsAndTruths(parts: Parts) {
  const { int, double, text, truthy, any, list } = parts;
  const number = fc.oneof(int, double, any);
  return {
    list: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('li', 'ls', '[1, 2]', '[1.0, 2]', "['a', 1, null]", '[[1], [body.a]]', '[]'),
      fc.array(some(parts), { maxLength: 3 }).map((elements) => `[${elements.join(', ')}]`),
      binary(list, ['+'], fc.oneof(list, any)),
      fc.tuple(fc.oneof(list, any), truthy).map(([of, is]) => `${of}.filter(x, ${is})`),
      fc
        .tuple(fc.oneof(list, any), fc.oneof(some(parts), fc.constantFrom('x', 'x + x', 'x.a')))
        .map(([of, as]) => `${of}.map(x, ${as})`),
    ),
    truthy: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('b', 'true', 'false', 'body.a', 'body.c', 'has(body.a)', 'has(body.o.b)', 'has(body.q)'),
      binary(some(parts), ['==', '!='], some(parts)),
      binary(number, ['<', '<=', '>', '>='], number),
      binary(fc.oneof(text, any), ['<', '<=', '>', '>='], fc.oneof(text, any)),
      binary(truthy, ['&&', '||', '==', '<'], truthy),
      binary(some(parts), ['in'], fc.oneof(list, any)),
      fc.oneof(truthy, any).map((of) => `!(${of} && b)`),
      choice(parts, truthy),
      fc
        .tuple(
          fc.oneof(list, any),
          fc.constantFrom('all', 'exists', 'exists_one'),
          fc.oneof(truthy, fc.constantFrom('x > 1', "x == 'a'", 'x.a == 1', 'x == body.a', '1 / x > 0', '!x')),
        )
        .map(([of, macro, is]) => `${of}.${macro}(x, ${is})`),
      fc
        .tuple(fc.oneof(text, any), fc.constantFrom('startsWith', 'endsWith', 'contains'), fc.oneof(text, any))
        .map(([of, method, other]) => `${of}.${method}(${other})`),
    ),
  };
}

const { truthy: condition } = fc.letrec<Record<Name, string>>((tie) => {
  const parts: Parts = {
    int: tie('int'),
    double: tie('double'),
    text: tie('text'),
    truthy: tie('truthy'),
    any: tie('any'),
    list: tie('list'),
  };
  return { ...numbers(parts), ...textsAndOthers(parts), ...listsAndTruths(parts) };
});

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<unknown>(
      0,
      1,
      2,
      -1,
      1.5,
      0.5,
      'a',
      'ab',
      '1',
      '',
      true,
      false,
      null,
      1e300,
      9007199254740991,
      2 ** 53,
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'l', '__proto__'), tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** Not null: of a name with null behind it the oracle says that it is not there, and CEL that it is. */
const present = json.filter((value) => value !== null);
const object = fc.dictionary(fc.constantFrom('a', 'b'), present, { maxKeys: 2 });
const body = fc.record(
  { a: present, b: json, c: json, o: object, l: fc.array(json, { maxLength: 3 }) },
  { requiredKeys: [] },
);
const asked: fc.Arbitrary<Asked> = fc.record({
  body,
  i: fc.integer({ min: -5, max: 5 }),
  d: fc.constantFrom(0, 0.5, -1.5, 2, 1e300),
  s: fc.constantFrom('', 'a', 'ab', 'B'),
  b: fc.boolean(),
  li: fc.array(fc.integer({ min: -2, max: 3 }), { maxLength: 3 }),
  ls: fc.array(fc.constantFrom('a', 'b', ''), { maxLength: 3 }),
});

test('what a condition says, CEL says too', () => {
  const counts = { allowed: 0, answered: 0, narrower: 0 };
  fc.assert(
    fc.property(condition, asked, (text, given) => {
      const answer = own(text, given);
      if (answer === null) return;
      counts.allowed += 1;
      const wanted = oracle(text, given);
      if (answer.said === null && wanted !== null) {
        counts.narrower += 1;
        assert.ok(
          NARROWER.some((words) => words.test(answer.words)) || INEXACT.test(text + JSON.stringify(given)),
          `${answer.words}, and CEL says ${wanted}`,
        );
        return;
      }
      if (answer.said !== null) counts.answered += 1;
      assert.equal(answer.said, wanted);
    }),
    { numRuns: Number(process.env['RUNS'] ?? 5_000) },
  );
  assert.ok(counts.answered > 500, JSON.stringify(counts));
});
