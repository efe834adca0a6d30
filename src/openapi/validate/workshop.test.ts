import assert from 'node:assert/strict';
import test from 'node:test';
import { asParsed, assertVerdicts, issuesOf, validatorOf } from './fixtures.test.ts';
import { compileValidator } from './validator.ts';

const TREE = {
  $ref: '#/$defs/Node',
  $defs: {
    Node: {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/Node' } } },
    },
  },
};

function tree(depth: number, leaf: object): object {
  let node = leaf;
  for (let level = 1; level < depth; level += 1) node = { name: 'n', children: [node] };
  return node;
}

test('a schema may hold itself', () => {
  for (const closed of [true, false]) {
    assertVerdicts(TREE, { passes: [tree(60, { name: 'leaf' })], fails: [tree(60, { name: 1 })] }, { closed });
  }
  assertVerdicts(TREE, { fails: [tree(60, { name: 'leaf', more: 1 })] }, { closed: true });
  const violations = validatorOf(TREE)(tree(3, { name: 1 }));
  assert.deepEqual(violations, [{ pointer: '/children/0/children/0/name', message: 'must be a string' }]);
});

test('alternatives that each hold themselves do not multiply the work', () => {
  const branch = (key: string) => ({ type: 'object', properties: { next: { $ref: '#' }, [key]: { type: 'integer' } } });
  const schema = { anyOf: [branch('a'), branch('b'), { type: 'null' }] };
  const deep = (leaf: unknown): unknown => {
    let value = leaf;
    for (let level = 0; level < 60; level += 1) value = { next: value };
    return asParsed(value);
  };
  assert.equal(validatorOf(schema)(deep(null)), null);
  assert.deepEqual(validatorOf(schema)(deep(7)), [{ pointer: '', message: 'matches none of the alternatives' }]);
  assert.notEqual(validatorOf({ ...schema, oneOf: schema.anyOf, anyOf: [true] })(deep(7)), null);
  assert.notEqual(validatorOf(schema, { closed: true })(deep(7)), null);
});

test('a value that goes deeper than the stack allows is refused, also by what asks for the contrary', () => {
  let value: unknown = {};
  for (let level = 0; level < 20_000; level += 1) value = { next: value };
  const endless = { properties: { next: { $ref: '#' } } };
  assert.deepEqual(validatorOf(endless)(value), [{ pointer: '', message: 'is too deep or too laborious to judge' }]);
  const contrary = {
    not: { $ref: '#/$defs/x' },
    $defs: { x: { properties: { next: { $ref: '#/$defs/x' } } } },
  };
  assert.notEqual(validatorOf(contrary)(value), null);
});

test('a schema that judges a value by itself alone is an issue', () => {
  const schemas = [
    { $ref: '#' },
    { allOf: [{ $ref: '#' }] },
    { $ref: '#/$defs/a', $defs: { a: { not: { $ref: '#/$defs/b' } }, b: { anyOf: [true, { $ref: '#/$defs/a' }] } } },
  ];
  for (const schema of schemas) assert.match(issuesOf(schema).join(), /judges a value by itself, without end/);
});

test('schemas inside one another are bounded', () => {
  let schema: object = {};
  for (let level = 0; level < 150; level += 1) schema = { allOf: [schema] };
  assert.match(issuesOf(schema).join(), /more than 100 schemas inside one another/);
});

test('references lead to pointers and anchors, and to nothing else', () => {
  const anchored = { $ref: '#here', $defs: { a: { $anchor: 'here', type: 'integer' } } };
  assertVerdicts(anchored, { passes: [1], fails: ['a'] });
  const dynamic = { $dynamicRef: '#here', $defs: { a: { $dynamicAnchor: 'here', type: 'integer' } } };
  assertVerdicts(dynamic, { passes: [1], fails: ['a'] });
  const escaped = { $ref: '#/$defs/a~1b%25', $defs: { 'a/b%': { type: 'integer' } } };
  assertVerdicts(escaped, { passes: [1], fails: ['a'] });
  const twice = { $dynamicRef: '#x', $defs: { a: { $dynamicAnchor: 'x' }, b: { $dynamicAnchor: 'x' } } };
  for (const schema of [twice, { $ref: '#/nowhere' }, { $ref: 'other.json' }, { $ref: 7 }, { $ref: '#/a', a: 7 }]) {
    assert.match(issuesOf(schema).join(), /refers to no schema in the document, or to more than one/);
  }
  const identified = { properties: { a: { $id: 'https://acme.example/a', $ref: '#/$defs/b' } }, $defs: { b: {} } };
  assert.deepEqual(issuesOf(identified), [
    '/properties/a/$ref is inside a schema with an `$id`, so it may mean two places',
  ]);
});

test('what is not enforced is an issue, wherever the schema comes to it', () => {
  const bad: readonly [object, RegExp][] = [
    [{ type: 'file' }, /^\/type names no type$/],
    [{ type: [] }, /^\/type names no type$/],
    [{ type: Object.create(null) as unknown }, /^\/type names no type$/],
    [{ type: 'constructor' }, /^\/type names no type$/],
    [{ minLength: '3' }, /^\/minLength must be a whole number from zero$/],
    [{ maxItems: -1 }, /must be a whole number/],
    [{ required: true }, /^\/required must be an array of names$/],
    [{ enum: 'a' }, /must be an array/],
    [{ multipleOf: 0 }, /above zero/],
    [{ maximum: '3' }, /must be a number/],
    [{ exclusiveMinimum: true }, /must be a number/],
    [{ allOf: {} }, /must be an array of schemas/],
    [{ anyOf: [] }, /must be an array of schemas/],
    [{ items: 7 }, /must be a schema/],
    [{ properties: [] }, /must be an object of schemas/],
    [{ properties: { a: { items: { not: 'x' } } } }, /^\/properties\/a\/items\/not must be a schema$/],
    [{ items: [true], prefixItems: [true] }, /beside `prefixItems`/],
    [{ format: 7 }, /must be text/],
    [{ pattern: '(?<=a)b' }, /^\/pattern has a pattern that uses lookaround/],
    [{ patternProperties: { '(a)\\1': true } }, /back-reference/],
    [{ $recursiveRef: '#' }, /is a keyword that is not enforced/],
    [{ divisibleBy: 3 }, /not enforced/],
    [{ maxlength: 3 }, /is no keyword/],
    [{ aditionalProperties: false }, /is no keyword/],
    [{ dependentRequired: { a: 'b' } }, /arrays of names/],
    [{ discriminator: {} }, /^\/discriminator must be an object with the `propertyName`/],
  ];
  for (const [schema, wanted] of bad) assert.match(issuesOf(schema).join('\n'), wanted, JSON.stringify(schema));
  const fine = {
    'x-maxlength': 3,
    title: 'a',
    example: 1,
    xml: {},
    in: 'query',
    $comment: '',
    collectionFormat: 'csv',
  };
  assert.deepEqual(issuesOf(fine), []);
});

test('there must be a schema at the pointer', () => {
  const options = { closed: true, direction: 'request' } as const;
  for (const pointer of ['/none', '/a', 'x', '/b']) {
    const compiled = compileValidator({ document: { a: 7, b: [] }, specification: '3.1' }, pointer, options);
    assert.deepEqual(compiled.ok ? [] : compiled.error.map(({ path }) => path), [pointer]);
  }
});

test('OpenAPI 3.0 has its own null, its own bounds and references without siblings', () => {
  const read = { specification: '3.0' } as const;
  assertVerdicts({ type: 'string', nullable: true }, { passes: ['a', null], fails: [1] }, read);
  assertVerdicts({ type: 'string', nullable: true }, { passes: ['a'], fails: [null] });
  assertVerdicts({ nullable: true, enum: ['a'] }, { passes: ['a'], fails: [null] }, read);
  assertVerdicts({ minimum: 1, exclusiveMinimum: true }, { passes: [2], fails: [1] }, read);
  assertVerdicts({ minimum: 1, exclusiveMinimum: false }, { passes: [1], fails: [0] }, read);
  assertVerdicts({ maximum: 1, exclusiveMaximum: true }, { passes: [0], fails: [1] }, read);
  const sibling = { properties: { a: { $ref: '#/$defs/b', maximum: 1 } }, $defs: { b: { type: 'integer' } } };
  assertVerdicts(sibling, { passes: [{ a: 5 }], fails: [{ a: 'x' }] }, read);
  assertVerdicts(sibling, { passes: [{ a: 1 }], fails: [{ a: 5 }] });
  assertVerdicts({ const: 1 }, { passes: [1], fails: [2] }, read);
});

test('what only the other side may set is refused, and not required', () => {
  const schema = {
    required: ['id', 'name', 'password'],
    properties: {
      id: { $ref: '#/$defs/Id' },
      name: { type: 'string' },
      password: { type: 'string', writeOnly: true },
      log: { type: 'array', items: { properties: { at: { readOnly: true } } } },
    },
    $defs: { Id: { type: 'integer', readOnly: true } },
  };
  assertVerdicts(schema, {
    passes: [{ name: 'a', password: 'p' }],
    fails: [{ id: 1, name: 'a', password: 'p' }, { name: 'a' }],
  });
  assertVerdicts(schema, { fails: [{ name: 'a', password: 'p', log: [{ at: 1 }] }] });
  const response = { direction: 'response' } as const;
  assertVerdicts(
    schema,
    { passes: [{ id: 1, name: 'a' }], fails: [{ name: 'a' }, { id: 1, name: 'a', password: 'p' }] },
    response,
  );
  const joined = {
    allOf: [{ $ref: '#/$defs/Base' }, { required: ['id', 'x'] }],
    $defs: { Base: { properties: { id: { readOnly: true }, x: {} } } },
  };
  assertVerdicts(joined, { passes: [{ x: 1 }], fails: [{ x: 1, id: 1 }, {}] }, { closed: true });
  const inside = { required: ['id'], properties: { id: { allOf: [{ type: 'integer' }, { readOnly: true }] } } };
  assertVerdicts(inside, { passes: [{}], fails: [{ id: 1 }] });
  assertVerdicts(
    { not: { required: ['id'], properties: { id: { readOnly: true } } } },
    { passes: [{}], fails: [{ id: 1 }] },
  );
  // Nothing else counts beside a reference of 3.0, but this is meant and takes nothing from anybody.
  const beside = {
    required: ['id'],
    properties: { id: { $ref: '#/definitions/Id', readOnly: true } },
    definitions: { Id: { type: 'integer' } },
  };
  assertVerdicts(beside, { passes: [{}], fails: [{ id: 1 }] }, { specification: '3.0' });
});

test('a list whose items only the other side may set may be sent without any, and is not required', () => {
  const secret = { type: 'string', readOnly: true };
  const tags = { type: 'array', items: secret };
  for (const list of [tags, { $ref: '#/$defs/tags' }, { type: 'array', prefixItems: [secret] }]) {
    const schema = { required: ['list'], properties: { list }, $defs: { tags } };
    assertVerdicts(schema, { passes: [{}, { list: [] }], fails: [{ list: ['a'] }, { list: 'a' }, { list: null }] });
  }
  assertVerdicts({ properties: { list: { ...tags, minItems: 1 } } }, { fails: [{ list: [] }] });
  assertVerdicts({ properties: { list: { ...tags, readOnly: true } } }, { fails: [{ list: [] }] });
  assertVerdicts({ properties: { list: { allOf: [tags, { readOnly: true }] } } }, { fails: [{ list: [] }] });
});

test('a schema of a dialect that is not known is refused, in 3.0 the word means nothing', () => {
  for (const known of ['https://json-schema.org/draft/2020-12/schema', 'http://json-schema.org/draft-07/schema#']) {
    assert.deepEqual(issuesOf({ $schema: known }), []);
  }
  for (const other of ['https://example.com/dialect', 7, 'https://json-schema.org/draft/2020-12/meta/core']) {
    assert.deepEqual(issuesOf({ $schema: other }), ['/$schema names no dialect this gateway knows']);
    assert.deepEqual(issuesOf({ $schema: other }, { specification: '3.0' }), []);
  }
});

test('validators of one document share what is compiled and judge apart', () => {
  const document = {
    a: { properties: { x: { $ref: '#/b' } } },
    b: { properties: { y: { type: 'integer' } } },
    c: { allOf: [{ $ref: '#/b' }, { minLength: 'x' }] },
  };
  const at = (pointer: string, closed: boolean) =>
    compileValidator({ document, specification: '3.1' }, pointer, { closed, direction: 'request' });
  const [outer, inner, bad, again, open] = [
    at('/a', true),
    at('/b', true),
    at('/c', true),
    at('/a', true),
    at('/b', false),
  ];
  assert.ok(outer.ok && inner.ok && again.ok && open.ok && !bad.ok);
  assert.equal(outer.value({ x: { y: 1 } }), null);
  assert.deepEqual(again.value({ x: { z: 1 } }), [{ pointer: '/x/z', message: 'is not described' }]);
  assert.deepEqual(inner.value({ z: 1 }), [{ pointer: '/z', message: 'is not described' }]);
  assert.equal(open.value({ z: 1 }), null);
});

test('a schema that two places share has one validator, and what one value is refused for does not stay with the next', () => {
  const document = { $defs: { Short: { type: 'string', maxLength: 3 } } };
  const source = { document, specification: '3.1' } as const;
  const request = { closed: true, direction: 'request' } as const;
  const made = [request, request, { ...request, closed: false }].map((options) => {
    const validator = compileValidator(source, '/$defs/Short', options);
    assert.ok(validator.ok);
    return validator.value;
  });
  const [first, second, open] = made;
  assert.equal(first, second);
  assert.notEqual(first, open);
  assert.equal(first?.('four')?.length, 1);
  assert.equal(first?.('two'), null);
  assert.equal(first?.(4)?.length, 1);
});

test('a wide object or a long list below alternatives of alternatives is not looked at thousands of times', () => {
  const either = (): object => ({ anyOf: [{ $ref: '#/$defs/A' }, { $ref: '#/$defs/B' }] });
  const list = { items: { type: 'integer' } };
  const $defs = { A: { properties: { a: either(), list } }, B: { properties: { b: true, a: either(), list } } };
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`x${at}`, 1]));
  const long = { list: [...Array.from({ length: 30_000 }, () => 1), 'x'] };
  for (const leaf of [wide, long]) {
    const value = asParsed(Array.from({ length: 28 }).reduce((below) => ({ a: below, x: 1 }), leaf));
    const judge = validatorOf({ ...either(), $defs }, { closed: true });
    const started = process.cpuUsage().user;
    assert.notEqual(judge(value), null);
    assert.ok(process.cpuUsage().user - started < 3_000_000);
  }
});
