import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml, type YamlRules } from './yaml-document.ts';

const CONFIGURATION: YamlRules = { forConfiguration: true, depthLimit: 32, nodeLimit: 10_000, aliasLimit: 100 };
const DESCRIPTION: YamlRules = { ...CONFIGURATION, forConfiguration: false };

function valueOf(text: string, rules = CONFIGURATION): unknown {
  const { document, issues } = readYaml(text, 'a.yaml', rules);
  assert.deepEqual(issues, []);
  return document?.value;
}

function wordsOf(text: string, rules = CONFIGURATION): string[] {
  return readYaml(text, 'a.yaml', rules).issues.map(
    ({ place, message }) => `${place?.line}:${place?.column} ${message}`,
  );
}

test('plain words are what YAML 1.2 says: yes, no, on and off are text', () => {
  assert.deepEqual(valueOf('a: [yes, no, on, off, true, null, ~, 1, 1.5, -2, "1", 1:30, 2001-01-01]'), {
    a: ['yes', 'no', 'on', 'off', true, null, null, 1, 1.5, -2, '1', '1:30', '2001-01-01'],
  });
});

test('a value repeated by alias is a value of its own each time', () => {
  const value = valueOf('a: &x { k: [1] }\nb: *x\nc: *x') as Record<string, object>;
  assert.deepEqual(value, { a: { k: [1] }, b: { k: [1] }, c: { k: [1] } });
  assert.notEqual(value.a, value.b);
});

test('an anchor that is given again counts from there on, whatever an alias repeats in between', () => {
  assert.deepEqual(valueOf('a: &x [&y 1]\nb: &y 2\nc: *x\nd: *y\n'), { a: [1], b: 2, c: [1], d: 2 });
});

test('aliases that multiply values end at the bound on values', () => {
  const bomb = ['a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]'];
  for (const [before, name] of ['ab', 'bc', 'cd', 'de', 'ef'].map((pair) => [...pair])) {
    bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`);
  }
  const rules = { ...CONFIGURATION, aliasLimit: 100_000 };
  assert.match(wordsOf(bomb.join('\n'), rules)[0] ?? '', /has more than 10000 values/);
});

test('aliases that nest values end at the bound on depth', () => {
  const deep = `${'['.repeat(20)}1${']'.repeat(20)}`;
  const text = `a: &a ${deep}\nb: &b ${deep.replace('1', '*a')}\n`;
  assert.match(wordsOf(text)[0] ?? '', /^1:.* is nested deeper than 32 levels$/);
});

test('nesting up to the bound is read', () => {
  assert.deepEqual(wordsOf(`${'['.repeat(32)}${']'.repeat(32)}`), []);
  assert.deepEqual(wordsOf(`${'- '.repeat(31)}1`), []);
});

test('in a description keys count by how they are written, as in JSON', () => {
  assert.deepEqual(valueOf('200: a\n4XX: b\ntrue: c\n1.0: d\n', DESCRIPTION), {
    200: 'a',
    '4XX': 'b',
    true: 'c',
    '1.0': 'd',
  });
  assert.deepEqual(wordsOf('200: a\n"200": b\n', DESCRIPTION), ['2:1 this key stands in line 1 already']);
  assert.deepEqual(wordsOf('? [a]\n: b\n', DESCRIPTION), ['1:3 a key must be text']);
});

test('a key called __proto__ in a description is a key like any other', () => {
  const value = valueOf('__proto__: { polluted: true }', DESCRIPTION) as object;
  assert.deepEqual(Object.keys(value), ['__proto__']);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal('polluted' in value, false);
});

test('a place is found for keys, values, elements, and through aliases', () => {
  const { document } = readYaml('a:\n  b: &x\n    - c\n    - d: 1\ne: *x\nf:\n', 'a.yaml', CONFIGURATION);
  const at = (...path: (string | number)[]): string => {
    const located = document?.locate(path);
    if (!located) return 'nowhere';
    return `${located.key.line}:${located.key.column} ${located.value.line}:${located.value.column}`;
  };
  assert.equal(at(), '1:1 1:1');
  assert.equal(at('a', 'b'), '2:3 3:5');
  assert.equal(at('a', 'b', 1), '4:7 4:7');
  assert.equal(at('a', 'b', 1, 'd'), '4:7 4:10');
  assert.equal(at('e'), '5:1 5:4');
  assert.equal(at('e', '1', 'd'), '4:7 4:10');
  assert.equal(at('f'), '6:1 6:3');
  for (const path of [['x'], ['a', 'x'], ['a', 'b', 9], ['f', 'x'], ['a', 'b', 0, 'x']])
    assert.equal(at(...path), 'nowhere');
});
