import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTemplate } from '../openapi/index.ts';
import { caseSiblings, caseVariants, type Routed } from './case-siblings.ts';

interface Named extends Routed {
  readonly text: string;
}

function routed(text: string): Named {
  const [method = '', path = ''] = text.split(' ');
  const template = parseTemplate(path);
  assert.ok(template.ok, text);
  return { text, method, segments: template.value.segments };
}

function pairsOf(...texts: readonly string[]): readonly string[] {
  return [...caseSiblings(texts.map(routed))].map(({ own, sibling, crossings }) => {
    return `${own.text} > ${sibling.text}: ${crossings.map(({ literal }) => literal).join()}`;
  });
}

test('a parameter beside a literal takes it in other cases', () => {
  assert.deepEqual(pairsOf('GET /orders/export', 'GET /orders/{id}'), [
    'GET /orders/export > GET /orders/{id}: export',
  ]);
  assert.deepEqual(pairsOf('GET /a/b/c', 'GET /{x}/b/{y}'), ['GET /a/b/c > GET /{x}/b/{y}: a,c']);
  assert.deepEqual(pairsOf('GET /a/export/{id}', 'GET /a/{x}/{y}'), ['GET /a/export/{id} > GET /a/{x}/{y}: export']);
  assert.deepEqual(pairsOf('GET /a.json', 'GET /{id}.json'), ['GET /a.json > GET /{id}.json: a.json']);
});

test('what takes all the rest takes every literal of it', () => {
  assert.deepEqual(pairsOf('GET /a/1/b', 'GET /{rest...}'), ['GET /a/1/b > GET /{rest...}: a,1,b']);
  assert.deepEqual(pairsOf('GET /1/b', 'GET /1/{rest...}'), ['GET /1/b > GET /1/{rest...}: b']);
});

test('methods meet where they are the same, or one of them is every one', () => {
  assert.deepEqual(pairsOf('GET /a', 'POST /{x}'), []);
  assert.equal(pairsOf('* /a', 'POST /{x}').length, 1);
  assert.equal(pairsOf('GET /a', '* /{x}').length, 1);
});

for (const [why, ...texts] of [
  ['another number of segments', 'GET /a/b', 'GET /{x}'],
  ['another literal', 'GET /a/b', 'GET /c/{x}'],
  ['a literal where the first has a parameter', 'GET /{x}/b', 'GET /a/{y}'],
  ['literals without letters', 'GET /a/7', 'GET /a/{x}'],
  ['nothing but escapes', 'GET /%C3%A9', 'GET /{x}'],
  ['two parameters', 'GET /a/{x}/b', 'GET /a/{y}/b'],
] as const) {
  test(`there is no such pair with ${why}`, () => assert.deepEqual(pairsOf(...texts), []));
}

test('the variants of a literal differ in case alone, and leave escapes as requests have them', () => {
  assert.deepEqual(caseVariants('export'), ['Export', 'exporT', 'EXPORT']);
  assert.deepEqual(caseVariants('a%C3%A9'), ['A%C3%A9']);
  assert.deepEqual(caseVariants('7-%2F'), []);
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const variant of caseVariants(text)) {
        assert.notEqual(variant, text);
        assert.equal(variant.toLowerCase(), text.toLowerCase());
      }
    }),
  );
});

test('a set of templates made to take long is given up', () => {
  const letters = ['a', '{x}'];
  let paths = [''];
  for (let depth = 0; depth < 12; depth++)
    paths = paths.flatMap((path) => letters.map((letter, at) => `${path}/${at === 1 ? `{x${depth}}` : letter}`));
  const operations = paths.map((path) => routed(`GET ${path}`));
  let pairs = 0;
  for (const _ of caseSiblings(operations)) pairs++;
  assert.ok(pairs > 0 && pairs < 400_000, String(pairs));
});
