import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asParsed } from './fixtures.test.ts';
import { compileValidator, type Validator } from './validator.ts';

const OPTIONS = { closed: true, direction: 'request' } as const;

/** The validator of the component `Root` among others. */
function rootOf(schemas: Readonly<Record<string, unknown>>, specification: '3.0' | '3.1' | '3.2' = '3.1'): Validator {
  const compiled = compileValidator(
    { document: { components: { schemas } }, specification },
    '/components/schemas/Root',
    OPTIONS,
  );
  assert.ok(compiled.ok, compiled.ok ? '' : JSON.stringify(compiled.error));
  return compiled.value;
}

/** What is said of a value: nothing, or where and what. */
function said(validator: Validator, value: unknown): readonly string[] {
  return (validator(asParsed(value)) ?? []).map(({ pointer, message }) => `${pointer} ${message}`);
}

const UNNAMED = '/kind names none of the alternatives';
const ref = (name: string): { readonly $ref: string } => ({ $ref: `#/components/schemas/${name}` });
const kind = { type: 'string' };
const Cat = { type: 'object', required: ['kind', 'lives'], properties: { kind, lives: { type: 'integer' } } };
const Dog = { type: 'object', required: ['kind'], properties: { kind, lives: {}, barks: { type: 'boolean' } } };

for (const keyword of ['oneOf', 'anyOf']) {
  test(`of ${keyword} the named alternative decides, whatever the others would say`, () => {
    const Root = {
      [keyword]: [ref('Cat'), ref('Dog')],
      discriminator: { propertyName: 'kind', mapping: { tom: 'Cat', rex: ref('Dog').$ref } },
    };
    const judge = rootOf({ Root, Cat, Dog });
    assert.deepEqual(said(judge, { kind: 'Cat', lives: 9 }), []);
    assert.deepEqual(said(judge, { kind: 'tom', lives: 9 }), []);
    assert.deepEqual(said(judge, { kind: 'rex', barks: true }), []);
    // Each of these is right for the other one.
    assert.deepEqual(said(judge, { kind: 'tom' }), [' must have the property `lives`']);
    assert.deepEqual(said(judge, { kind: 'tom', lives: 9, barks: true }), ['/barks is not described']);
    assert.deepEqual(said(judge, { kind: 'Cat', lives: 'x' }), ['/lives must be a whole number']);
  });

  test(`of ${keyword} a value that names nothing is refused, and so is one without a name that no alternative takes`, () => {
    const Root = {
      [keyword]: [ref('Cat'), ref('Dog')],
      discriminator: { propertyName: 'kind', mapping: { gone: 'Bird' } },
    };
    const judge = rootOf({ Root, Cat, Dog });
    for (const wrong of ['cat', 'Bird', 'gone', '', '__proto__', 'constructor', 1, null, ['Cat'], { Cat: 1 }]) {
      assert.deepEqual(said(judge, { kind: wrong, lives: 1 }), [UNNAMED], JSON.stringify(wrong));
    }
    assert.notDeepEqual(said(judge, { lives: 1 }), []);
    assert.notDeepEqual(said(judge, 'Cat'), []);
  });
}

test('alternatives go by the values that they have for the property themselves, and one without any takes the rest', () => {
  const a = { properties: { kind: { enum: ['a', 'A'] }, x: { type: 'integer' } }, required: ['kind'] };
  const b = { properties: { kind: { const: 1 }, y: {} }, required: ['kind'] };
  const discriminator = { propertyName: 'kind' };
  const judge = rootOf({ Root: { oneOf: [a, b], discriminator } });
  assert.deepEqual(said(judge, { kind: 'A', x: 1 }), []);
  assert.deepEqual(said(judge, { kind: 1, y: 1 }), []);
  assert.deepEqual(said(judge, { kind: 'A', y: 1 }), ['/y is not described']);
  assert.deepEqual(said(judge, { kind: 'b' }), [UNNAMED]);
  const rest = { properties: { kind, z: {} }, required: ['kind'] };
  const open = rootOf({ Root: { oneOf: [a, rest], discriminator } });
  assert.deepEqual(said(open, { kind: 'other', z: 1 }), []);
  assert.deepEqual(said(open, { kind: 'a', z: 1 }), ['/z is not described']);
});

const FAMILY = {
  Root: ref('Pet'),
  Pet: {
    type: 'object',
    required: ['kind'],
    properties: { kind, name: kind },
    discriminator: { propertyName: 'kind', mapping: { kitten: 'Kitten' } },
  },
  Feline: { allOf: [ref('Pet'), { properties: { claws: { type: 'integer' } } }] },
  Kitten: { allOf: [ref('Feline'), { required: ['age'], properties: { age: { type: 'integer' } } }] },
  Hound: {
    allOf: [ref('Pet'), { properties: { barks: { type: 'boolean' } } }],
    'x-ms-discriminator-value': 'Example.Hound',
  },
};

for (const specification of ['3.0', '3.1', '3.2'] as const) {
  test(`schemas that take up one with a discriminator are meant by their names, near and far: ${specification}`, () => {
    const judge = rootOf(FAMILY, specification);
    assert.deepEqual(said(judge, { kind: 'Pet', name: 'a' }), []);
    assert.deepEqual(said(judge, { kind: 'Feline', name: 'a', claws: 18 }), []);
    assert.deepEqual(said(judge, { kind: 'Kitten', name: 'a', claws: 18, age: 1 }), []);
    assert.deepEqual(said(judge, { kind: 'kitten', age: 1 }), []);
    assert.deepEqual(said(judge, { kind: 'Example.Hound', barks: true }), []);
    assert.deepEqual(said(judge, { kind: 'Hound', barks: 1 }), ['/barks must be true or false']);
    assert.deepEqual(said(judge, { kind: 'Pet', claws: 18 }), ['/claws is not described']);
    assert.deepEqual(said(judge, { kind: 'Feline', age: 1 }), ['/age is not described']);
    assert.deepEqual(said(judge, { kind: 'Kitten' }), [' must have the property `age`']);
    assert.deepEqual(said(judge, { kind: 'Horse' }), [UNNAMED]);
    assert.deepEqual(said(judge, { kind: 'Root' }), [UNNAMED]);
    assert.deepEqual(said(judge, { name: 'a' }), [' must have the property `kind`']);
  });
}

test('a schema that was asked for itself is not got round by the name of another', () => {
  const judge = rootOf({ ...FAMILY, Root: ref('Kitten') });
  assert.deepEqual(said(judge, { kind: 'Kitten', age: 1 }), []);
  // It must be right for both.
  assert.deepEqual(said(judge, { kind: 'Hound', age: 1, barks: true }), []);
  assert.deepEqual(said(judge, { kind: 'Hound', barks: true }), [' must have the property `age`']);
  assert.deepEqual(said(judge, { kind: 'Hound', age: 1, barks: 1 }), ['/barks must be true or false']);
});

test('families in lists and inside one another are judged each by its own name, and not one by what another was', () => {
  const Root = { type: 'array', items: ref('Pet') };
  const Pack = {
    allOf: [ref('Pet'), { required: ['pets'], properties: { pets: { type: 'array', items: ref('Pet') } } }],
  };
  const judge = rootOf({ ...FAMILY, Root, Pack });
  const pack = (pets: unknown): unknown => ({ kind: 'Pack', pets });
  assert.deepEqual(said(judge, [{ kind: 'Hound', barks: true }, pack([{ kind: 'Kitten', age: 1 }, pack([])])]), []);
  assert.deepEqual(said(judge, [pack([{ kind: 'Kitten', age: 1 }, { kind: 'Kitten' }])]), [
    '/0/pets/1 must have the property `age`',
  ]);
  assert.deepEqual(said(judge, [pack([{ kind: 'Nobody' }])]), ['/0/pets/0/kind names none of the alternatives']);
});

test('what must not be is judged as JSON Schema has it, without discriminators', () => {
  const Root = { properties: { pet: { not: ref('Pet') } } };
  const judge = rootOf({ ...FAMILY, Root });
  assert.deepEqual(said(judge, { pet: { kind: 'Horse' } }), ['/pet is what it must not be']);
});

test('from 3.2 on a default is followed where nothing is named', () => {
  const discriminator = { propertyName: 'kind', defaultMapping: 'Dog' };
  const Root = { oneOf: [ref('Cat'), ref('Dog')], discriminator };
  const Loose = { ...Dog, required: [] };
  const judge = rootOf({ Root, Cat, Dog: Loose }, '3.2');
  assert.deepEqual(said(judge, { barks: true }), []);
  assert.deepEqual(said(judge, { kind: 'other', barks: true }), []);
  assert.deepEqual(said(judge, { kind: 'other', barks: 1 }), ['/barks must be true or false']);
  assert.deepEqual(said(judge, { kind: 'Cat', barks: true }), [' must have the property `lives`']);
  // Before that there is no such word.
  assert.deepEqual(said(rootOf({ Root, Cat, Dog: Loose }, '3.1'), { kind: 'other' }), [UNNAMED]);
});

test('a discriminator that tells nothing apart changes nothing, and one without a property is an issue', () => {
  const judge = rootOf({ Root: { properties: { kind }, discriminator: { propertyName: 'kind' } } });
  assert.deepEqual(said(judge, { kind: 'anything' }), []);
  for (const discriminator of [{}, { propertyName: 1 }, 'kind', []]) {
    const schemas = { Root: { discriminator } };
    const compiled = compileValidator(
      { document: { components: { schemas } }, specification: '3.1' },
      '/components/schemas/Root',
      OPTIONS,
    );
    assert.equal(compiled.ok, false);
  }
});

test('many alternatives that share one list of names are compiled in time', () => {
  const names = Array.from({ length: 1000 }, (_, index) => `Pet${index}`);
  const Base = { type: 'object', required: ['kind'], properties: { kind: { enum: names } } };
  const alternatives = names.map((name) => [name, { allOf: [ref('Base'), { properties: { [name]: {} } }] }]);
  const Root = { oneOf: names.map(ref), discriminator: { propertyName: 'kind' } };
  const started = performance.now();
  const judge = rootOf({ Root, Base, ...(Object.fromEntries(alternatives) as object) });
  assert.ok(performance.now() - started < 5000);
  assert.deepEqual(said(judge, { kind: 'Pet999', Pet999: 1 }), []);
  assert.deepEqual(said(judge, { kind: 'Pet999', Pet998: 1 }), ['/Pet998 is not described']);
});

test('a mapping to a schema of which a copy is listed leaves the name to the values of the copy', () => {
  const copy = { properties: { kind: { enum: ['tom'] }, x: {} }, required: ['kind'] };
  const Root = {
    oneOf: [copy, ref('Dog')],
    discriminator: { propertyName: 'kind', mapping: { tom: 'Cat', other: 'Cat' } },
  };
  const judge = rootOf({ Root, Cat, Dog });
  assert.deepEqual(said(judge, { kind: 'tom', x: 1 }), []);
  assert.deepEqual(said(judge, { kind: 'other', x: 1 }), [UNNAMED]);
});

test('a mapping that leads nowhere leaves a name to the schema that has it as its own value, and to no other', () => {
  // As documents have it that were put together from files.
  const mapping = { tom: 'models/cat.yml#/cat', other: 'models/other.yml#/other' };
  const discriminator = { propertyName: 'kind', mapping };
  const tom = { properties: { kind: { enum: ['tom'] }, x: {} }, required: ['kind'] };
  const listed = rootOf({ Root: { oneOf: [tom, ref('Dog')], discriminator }, Dog });
  const Pet = { type: 'object', required: ['kind'], properties: { kind }, discriminator };
  const inherited = rootOf({ Root: ref('Pet'), Pet, Cat: { allOf: [ref('Pet'), tom] } });
  for (const judge of [listed, inherited]) {
    assert.deepEqual(said(judge, { kind: 'tom', x: 1 }), []);
    assert.deepEqual(said(judge, { kind: 'tom', y: 1 }), ['/y is not described']);
    assert.deepEqual(said(judge, { kind: 'other', x: 1 }), [UNNAMED]);
  }
});
