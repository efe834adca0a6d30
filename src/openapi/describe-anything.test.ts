import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeApi, valueAt } from './index.ts';

type Tie = (key: string) => fc.Arbitrary<unknown>;

const NAMES = ['a', 'b', '__proto__', 'constructor'] as const;
const SECTIONS = ['schemas', 'parameters', 'responses', 'requestBodies', 'headers', 'pathItems'] as const;

const reference = fc.record({
  $ref: fc.oneof(
    fc.tuple(fc.constantFrom(...SECTIONS), fc.constantFrom(...NAMES)).map((path) => `#/components/${path.join('/')}`),
    fc.constantFrom('#', '#/paths/~1a', 'other.yaml', '#a'),
  ),
});

/** Mostly what is given, now and then a reference or any JSON; deep down always a reference, so that it ends. */
function mostly(arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { maxDepth: 9, depthIdentifier: 'document' },
    { arbitrary: reference, weight: 4 },
    { arbitrary, weight: 60 },
    { arbitrary: fc.jsonValue({ maxDepth: 1 }), weight: 1 },
  );
}

function map(names: readonly string[], value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return mostly(fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 }));
}

function some(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  return mostly(fc.record(members, { requiredKeys: [] }));
}

function list(element: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return mostly(fc.array(element, { maxLength: 2 }));
}

const schema = (tie: Tie): fc.Arbitrary<unknown> =>
  some({
    type: fc.constant('object'),
    $id: fc.constant('urn:a'),
    $anchor: fc.constant('a'),
    properties: map(NAMES, tie('schema')),
    items: tie('schema'),
    allOf: list(tie('schema')),
    additionalProperties: tie('schema'),
  });

const parts = (tie: Tie): Record<string, fc.Arbitrary<unknown>> => ({
  media: map(
    ['application/json', 'text/*', 'nonsense'],
    some({ schema: tie('schema'), encoding: map(NAMES, some({})) }),
  ),
  header: some({ schema: tie('schema'), content: tie('media'), required: fc.boolean() }),
  parameter: some({
    name: fc.constantFrom(...NAMES),
    in: fc.constantFrom('path', 'query', 'header', 'cookie', 'querystring'),
    required: fc.constant(true),
    schema: tie('schema'),
    style: fc.constantFrom('form', 'simple'),
  }),
  body: mostly(fc.record({ content: tie('media') })),
  response: some({ content: tie('media'), headers: map(NAMES, tie('header')) }),
});

const operations = (tie: Tie): Record<string, fc.Arbitrary<unknown>> => ({
  operation: some({
    operationId: fc.constantFrom(...NAMES),
    parameters: list(tie('parameter')),
    requestBody: tie('body'),
    responses: map(['200', '4XX', 'default'], tie('response')),
    security: list(map(NAMES, list(fc.constantFrom('read', 'write')))),
  }),
  item: some({ parameters: list(tie('parameter')), get: tie('operation'), query: tie('operation') }),
});

/** Documents that are nearly right: known keys, with now and then something else behind them. */
const nearlyRight: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  schema: schema(tie),
  ...parts(tie),
  ...operations(tie),
  document: fc.record({
    openapi: fc.constantFrom('3.0.4', '3.1.1', '3.2.0'),
    info: fc.constant({ title: 'a', version: '1' }),
    paths: fc.dictionary(fc.constantFrom('/a', '/{a}', '/{b}', '/a/{a}.json', 'a', '/?'), tie('item'), { maxKeys: 2 }),
    components: fc.record({
      schemas: fc.dictionary(fc.constantFrom(...NAMES), tie('schema'), { minKeys: 3 }),
      parameters: map(NAMES, tie('parameter')),
      responses: map(NAMES, tie('response')),
      requestBodies: map(NAMES, tie('body')),
      headers: map(NAMES, tie('header')),
      pathItems: map(NAMES, tie('item')),
    }),
  }),
})).document as fc.Arbitrary<unknown>;

test('arbitrary JSON is described or refused, and never throws', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (document) => {
      const result = describeApi(document, () => null);
      assert.ok(result.ok || result.error.length > 0);
    }),
  );
});

test('documents that are nearly right never throw, and what is described leads to what is there', () => {
  fc.assert(
    fc.property(nearlyRight, (document) => {
      const result = describeApi(document, () => null);
      if (!result.ok) {
        assert.ok(result.error.some(({ severity }) => severity === 'error'));
        return;
      }
      for (const operation of result.value.operations) {
        const content = [
          ...(operation.requestBody?.content ?? []),
          ...operation.responses.flatMap((one) => one.content),
        ];
        for (const { schemaPointer } of [...operation.parameters, ...content]) {
          assert.notEqual(schemaPointer === null ? null : valueAt(document, schemaPointer), undefined);
        }
        assert.equal(typeof valueAt(document, operation.pointer), 'object');
      }
    }),
    { numRuns: 1000 },
  );
});
