// `then` is a keyword of JSON Schema; nobody awaits a schema.
/* oxlint-disable unicorn/no-thenable */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { asParsed, validatorOf } from './fixtures.test.ts';
import { MEMO_STEPS } from './limits.ts';
import { compileSieve, type CutMembers, type Sieve } from './validator.ts';

const REPLY = { closed: true, direction: 'response' } as const;

function sieveOf(schema: unknown, document: unknown = schema): Sieve {
  const source = { document, specification: '3.1' } as const;
  const sieve = compileSieve(source, { value: schema, pointer: '' }, 'response');
  assert.ok(sieve.ok, sieve.ok ? '' : JSON.stringify(sieve.error));
  return sieve.value;
}

/** What is left of a value: itself where all may stay, null where it does not hold at all. */
function left(schema: unknown, value: unknown): unknown {
  const parsed = asParsed(value);
  const found = sieveOf(schema)(parsed);
  if (found === null) return value;
  return 'cuts' in found ? without(parsed, found.cuts) : null;
}

function without(value: unknown, cuts: CutMembers): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, cuts));
  if (typeof value !== 'object' || value === null) return value;
  const gone = cuts.get(value);
  const kept = Object.entries(value).filter(([name]) => gone?.has(name) !== true);
  return Object.fromEntries(kept.map(([name, inner]) => [name, without(inner, cuts)]));
}

function assertLeft(schema: unknown, ...pairs: readonly (readonly [value: unknown, rest: unknown])[]): void {
  for (const [value, rest] of pairs) assert.deepEqual(left(schema, value), rest, JSON.stringify([schema, value]));
}

const a = { properties: { a: { type: 'integer' } } };
const b = { properties: { b: { type: 'integer' } } };

test('members that nothing describes go, at every depth, and what is wrong with the rest is told', () => {
  assertLeft(a, [{ a: 1 }, { a: 1 }], [{ a: 1, x: 1 }, { a: 1 }], [{ x: 1 }, {}], [{ a: 'x', x: 1 }, null]);
  const nested = { properties: { list: { items: a } }, required: ['list'] };
  assertLeft(nested, [{ list: [{ a: 1, x: 1 }, { y: {} }], z: 1 }, { list: [{ a: 1 }, {}] }], [{ z: 1 }, null]);
  assertLeft({ type: 'object' }, [{ x: { y: 1 } }, { x: { y: 1 } }]);
  assertLeft({ ...a, additionalProperties: false }, [{ a: 1, x: 1 }, { a: 1 }]);
  assertLeft({ ...a, additionalProperties: { type: 'string' } }, [{ x: 'x' }, { x: 'x' }], [{ x: 1 }, null]);
  assertLeft({ ...a, additionalProperties: b }, [{ x: { b: 1, c: 1 } }, { x: { b: 1 } }]);
  assertLeft({ ...a, unevaluatedProperties: false }, [{ a: 1, x: 1 }, { a: 1 }]);
  assertLeft({ patternProperties: { '^x-': true } }, [{ 'x-a': 1, a: 1 }, { 'x-a': 1 }]);
  assertLeft({ properties: { a: false, b: true } }, [{ a: 1, b: 1 }, { b: 1 }]);
});

test('schemas that apply together describe together', () => {
  assertLeft({ allOf: [a, b] }, [
    { a: 1, b: 1, c: 1 },
    { a: 1, b: 1 },
  ]);
  assertLeft({ $ref: '#/$defs/a', ...b, $defs: { a } }, [
    { a: 1, b: 1, c: 1 },
    { a: 1, b: 1 },
  ]);
  assertLeft({ allOf: [a, b], unevaluatedProperties: false }, [
    { a: 1, b: 1, c: 1 },
    { a: 1, b: 1 },
  ]);
});

test('of alternatives those describe that would match', () => {
  const tagged = (kind: string, more: object) => ({
    required: ['kind'],
    properties: { kind: { const: kind }, ...more },
  });
  const either = { oneOf: [tagged('cat', { home: a }), tagged('dog', { bark: true })] };
  assertLeft(
    either,
    [
      { kind: 'cat', home: { a: 1, code: 1 }, bark: 1 },
      { kind: 'cat', home: { a: 1 } },
    ],
    [
      { kind: 'dog', home: {}, bark: 1 },
      { kind: 'dog', bark: 1 },
    ],
    [{ kind: 'cow' }, null],
  );
  const closed = { oneOf: either.oneOf.map((each) => ({ ...each, additionalProperties: false })) };
  assertLeft(closed, [
    { kind: 'dog', bark: 1, x: 1 },
    { kind: 'dog', bark: 1 },
  ]);
  assertLeft(
    { anyOf: [a, b] },
    [
      { a: 1, b: 1, c: 1 },
      { a: 1, b: 1 },
    ],
    [{ a: 1, b: 'x' }, { a: 1 }],
  );
  assertLeft({ anyOf: [{ type: 'null' }, a] }, [null, null], [{ a: 1, x: 1 }, { a: 1 }]);
  assertLeft({ if: { required: ['a'] }, then: a, else: b }, [{ a: 1, b: 1 }, { a: 1 }], [{ b: 1, c: 1 }, { b: 1 }]);
});

test('what a discriminator names describes, as an alternative and as an heir', () => {
  const cat = { allOf: [{ $ref: '#/components/schemas/Pet' }, { properties: { lives: true, home: a } }] };
  const dog = { allOf: [{ $ref: '#/components/schemas/Pet' }, { properties: { bark: true } }] };
  const pet = { required: ['kind'], properties: { kind: { type: 'string' } }, discriminator: { propertyName: 'kind' } };
  const document = { components: { schemas: { Pet: pet, Cat: cat, Dog: dog } } };
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const either = { oneOf: [ref('Cat'), ref('Dog')], discriminator: { propertyName: 'kind' } };
  const value = { kind: 'Cat', lives: 9, home: { a: 1, code: 1 }, bark: 1 };
  for (const schema of [either, { $ref: '#/components/schemas/Pet' }]) {
    const parsed = asParsed(value);
    const found = sieveOf(schema, document)(parsed);
    assert.ok(found !== null && 'cuts' in found, JSON.stringify(found));
    assert.deepEqual(without(parsed, found.cuts), { kind: 'Cat', lives: 9, home: { a: 1 } });
    const stranger = sieveOf(schema, document)(asParsed({ kind: 'Cow' }));
    assert.ok(stranger !== null && 'violations' in stranger);
  }
});

test('of alternatives that overlap the one with more room counts, and others only where they agree', () => {
  const short = { properties: { owner: { properties: { id: true } } } };
  const long = { properties: { owner: { properties: { id: true, name: true } } } };
  const value = { owner: { id: 1, name: 'x', pin: 1 }, x: 1 };
  const rest = { owner: { id: 1, name: 'x' } };
  assertLeft({ anyOf: [short, long] }, [value, rest]);
  assertLeft({ anyOf: [long, short] }, [value, rest]);
  const two = { anyOf: [{ properties: { a: { properties: { x: true } } } }, b] };
  assertLeft(two, [
    { a: { x: 1, y: 1 }, b: 1, c: 1 },
    { a: { x: 1 }, b: 1 },
  ]);
  const open = { anyOf: [two.anyOf[0], { properties: { a: { type: 'object' }, b: true } }] };
  assertLeft(open, [
    { a: { x: 1, y: 1 }, b: 1, c: 1 },
    { a: { x: 1, y: 1 }, b: 1 },
  ]);
  const ab = { properties: { a: true, b: true }, additionalProperties: false };
  assertLeft({ oneOf: [{ ...a, additionalProperties: false }, ab] }, [
    { a: 1, b: 1, c: 1 },
    { a: 1, b: 1 },
  ]);
});

test('what `not`, `if` and `contains` ask is asked of the value as it is', () => {
  assertLeft({ ...a, not: { required: ['x'] } }, [{ a: 1, x: 1 }, null]);
  assertLeft({ not: { ...a, additionalProperties: false } }, [{ x: 1 }, { x: 1 }], [{ a: 1 }, null]);
  assertLeft({ items: a, contains: { required: ['x'] } }, [[{ a: 1, x: 1 }], [{ a: 1 }]], [[{ a: 1 }], null]);
});

test('what only clients may send goes, whoever else describes it', () => {
  const pin = { properties: { a: true, pin: { writeOnly: true } }, required: ['a', 'pin'] };
  assertLeft(pin, [{ a: 1, pin: 1 }, { a: 1 }]);
  assertLeft({ allOf: [pin, { properties: { pin: true } }] }, [{ a: 1, pin: 1, x: 1 }, { a: 1 }]);
  assertLeft({ ...pin, additionalProperties: true }, [
    { a: 1, pin: 1, x: 1 },
    { a: 1, x: 1 },
  ]);
  const both = asParsed({ pin: 1 }) as object;
  const kept = sieveOf({ allOf: [{ properties: { pin: { writeOnly: true } } }, { properties: { pin: false } }] })(both);
  assert.ok(kept !== null && 'cuts' in kept);
  assert.equal(kept.cuts.get(both)?.get('pin'), 'hidden');
  const value = asParsed({ a: 1, pin: 1, x: 1 }) as object;
  const found = sieveOf(pin)(value);
  assert.ok(found !== null && 'cuts' in found);
  assert.deepEqual(
    [...(found.cuts.get(value) ?? [])],
    [
      ['pin', 'hidden'],
      ['x', 'undescribed'],
    ],
  );
});

test('what only clients may send goes too where its items or its alternatives say so', () => {
  const secret = { type: 'string', writeOnly: true };
  const none = { type: 'null' };
  for (const pin of [
    { anyOf: [secret, none] },
    { oneOf: [none, { $ref: '#/$defs/secret' }] },
    { type: 'array', items: secret },
    { prefixItems: [{ type: 'integer' }, secret] },
    { items: { anyOf: [{ items: secret }, none] } },
  ]) {
    const schema = { properties: { a: true, pin }, required: ['pin'], $defs: { secret } };
    assertLeft(schema, [{ a: 1, pin: 'x' }, { a: 1 }], [{ a: 1, pin: ['x'] }, { a: 1 }], [{ a: 1 }, { a: 1 }]);
  }
  assertLeft({ properties: { pin: { type: 'array', items: secret } } }, [{ pin: [], x: 1 }, { pin: [] }]);
  assertLeft({ properties: { a: true }, unevaluatedProperties: secret }, [{ a: 1, pin: 'x' }, { a: 1 }]);
  const list = { properties: { next: { $ref: '#' }, all: { items: { $ref: '#' } }, pin: { anyOf: [secret, {}] } } };
  assertLeft(list, [{ all: [{ pin: 1, next: {} }] }, { all: [{ pin: 1, next: {} }] }]);
});

test('an element that nobody describes does not take the list along', () => {
  assertLeft({ properties: { l: { prefixItems: [a], items: false } } }, [{ l: [{ a: 1 }, 1], x: 1 }, null]);
  assertLeft({ properties: { l: { items: { allOf: [false] } } } }, [{ l: [1] }, null]);
});

test('alternatives that would have very much go are refused, before what is noted of them takes all memory', () => {
  const list = (name: string) => ({ items: { properties: { [name]: true } } });
  const schema = { anyOf: Array.from({ length: 20 }, (_, index) => list(`p${index}`)) };
  const of = (length: number) => sieveOf(schema)(Array.from({ length }, () => asParsed({ x: 1 })));
  const few = of(1_000);
  assert.ok(few !== null && 'cuts' in few);
  const many = of(60_000);
  assert.ok(many !== null && 'violations' in many);
  assert.match(many.violations[0]?.message ?? '', /too laborious/);
});

test('a tree whose every node may be one of two does not cost two to the power of its height', () => {
  const kids = { items: { anyOf: [{ $ref: '#/$defs/A' }, { $ref: '#/$defs/B' }] } };
  const $defs = {
    A: { properties: { a: { type: 'integer' }, kids }, required: ['id'] },
    B: { properties: { b: { type: 'integer' }, kids }, required: ['id'] },
  };
  for (const each of [$defs.A, $defs.B]) Object.assign(each.properties, { id: true });
  const tree = (height: number, leaf: unknown): unknown =>
    height === 0 ? leaf : { id: height, a: 1, x: 1, kids: [tree(height - 1, leaf)] };
  const rest = (height: number, leaf: unknown): unknown =>
    height === 0 ? leaf : { id: height, a: 1, kids: [rest(height - 1, leaf)] };
  const schema = { ...$defs.A, $defs };
  assertLeft(schema, [tree(30, { id: 0, x: 1 }), rest(30, { id: 0 })], [tree(30, { x: 1 }), null]);
  // Of the upper nodes more goes than is kept.
  const wide = Array.from({ length: 600 }, (_, id) => ({ id, x: 1 }));
  const leftOfWide = wide.map(({ id }) => ({ id }));
  assertLeft(schema, [tree(8, { id: 0, kids: wide }), rest(8, { id: 0, kids: leftOfWide })]);
  // What goes of one object is noted at each level above it.
  const others = (length: number): object => Object.fromEntries(Array.from({ length }, (_, at) => [`x${at}`, 1]));
  assertLeft(schema, [tree(30, { id: 0, ...others(900) }), rest(30, { id: 0 })]);
  assertLeft(schema, [tree(30, { id: 0, ...others(50_000) }), null]);
});

test('one judgement leaves nothing behind for the next', () => {
  const sieve = sieveOf({ properties: { a: { anyOf: [a, b] } }, required: ['a'] });
  const bad = asParsed({ a: { a: 1, x: 1 }, y: 1 });
  for (const value of [bad, asParsed({ a: {} }), asParsed({}), bad, asParsed({ a: { b: 1 } })]) {
    const found = sieve(value);
    const again = sieve(value);
    assert.deepEqual(again, found);
  }
  assert.equal(sieve(asParsed({ a: { b: 1 } })), null);
});

const names = fc.constantFrom('a', 'b', 'c');

/** Schemas of objects that may have anything besides, as most descriptions write them. */
const { schema: openSchema } = fc.letrec<{ schema: object; object: object }>((tie) => ({
  object: fc.dictionary(names, tie('schema'), { maxKeys: 3 }).map((properties) => ({ type: 'object', properties })),
  schema: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom({}, { type: 'integer' }, { type: 'string' }, { type: 'object' }),
    tie('object'),
    tie('schema').map((items) => ({ type: 'array', items })),
    fc.array(tie('object'), { minLength: 1, maxLength: 3 }).map((allOf) => ({ allOf })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
    fc.tuple(tie('object'), fc.boolean()).map(([schema, open]) => ({ ...schema, additionalProperties: open })),
  ),
}));

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(1, 'x', null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'x'), tie('value'), { maxKeys: 4 }),
  ),
}));

test('property: nothing goes of what holds, and what is left where nothing is shown twice holds', () => {
  let cutOnes = 0;
  fc.assert(
    fc.property(openSchema, anyValue, (schema, value) => {
      const parsed = asParsed(value);
      const holds = validatorOf(schema, REPLY)(parsed) === null;
      const found = sieveOf(schema)(parsed);
      assert.equal(found === null, holds);
      if (found === null || !('cuts' in found)) return;
      cutOnes += 1;
      const rest = asParsed(without(parsed, found.cuts));
      const again = sieveOf(schema)(rest);
      // Alternatives may tell a value apart by what went; then whoever sends it refuses it.
      if (again !== null) assert.match(JSON.stringify(schema), /oneOf|anyOf|allOf/);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(cutOnes > 100, String(cutOnes));
});

test('property: a value that an open description takes only has something to go, or fits alternatives twice', () => {
  fc.assert(
    fc.property(openSchema, anyValue, (schema, value) => {
      if (/"additionalProperties":false|oneOf/.test(JSON.stringify(schema))) return;
      const parsed = asParsed(value);
      if (validatorOf(schema, { closed: false, direction: 'response' })(parsed) !== null) return;
      const found = sieveOf(schema)(parsed);
      assert.ok(found === null || 'cuts' in found, JSON.stringify([schema, value, found]));
    }),
    { numRuns: 3_000 },
  );
});

const anyRef = fc.constantFrom('A', 'B', 'C').map((name) => ({ $ref: `#/$defs/${name}` }));
const someRefs = fc.array(anyRef, { minLength: 2, maxLength: 3 });

/** Schemas of objects whose parts come to one another by alternatives, and hide what others show. */
const { object: meetingSchema } = fc.letrec<{ part: unknown; object: object }>((tie) => ({
  object: fc.oneof(
    { weight: 4, arbitrary: fc.record({ properties: fc.dictionary(names, tie('part'), { minKeys: 1, maxKeys: 3 }) }) },
    fc.record({ properties: fc.dictionary(names, tie('part')), required: fc.tuple(names) }),
    fc.record({ properties: fc.dictionary(names, tie('part')), additionalProperties: tie('part') }),
    fc.record({ allOf: fc.tuple(tie('object')), unevaluatedProperties: tie('part') }),
    fc.record({ patternProperties: fc.record({ '[abx]': tie('part') }) }),
  ),
  part: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(true, {}, false, { type: 'integer' }, { writeOnly: true }, { items: { writeOnly: true } }),
    { arbitrary: anyRef, weight: 3 },
    { arbitrary: someRefs.map((anyOf) => ({ anyOf })), weight: 6 },
    someRefs.map((oneOf) => ({ oneOf })),
    tie('object'),
    tie('part').map((items) => ({ items })),
    fc.tuple(anyRef, tie('part')).map(([contains, items]) => ({ contains, items })),
    fc.tuple(anyRef, tie('part')).map(([not, also]) => ({ not, allOf: [also] })),
    fc.tuple(anyRef, tie('part'), tie('part')).map(([asked, then, other]) => ({ if: asked, then, else: other })),
  ),
}));

/** A value with the reason in the place of each member that goes. */
function marked(value: unknown, cuts: CutMembers): unknown {
  if (Array.isArray(value)) return value.map((item) => marked(item, cuts));
  if (typeof value !== 'object' || value === null) return value;
  const gone = cuts.get(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, gone?.get(name) ?? marked(inner, cuts)]),
  );
}

const { object: nested } = fc.letrec<{ object: object }>((tie) => ({
  object: fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'x'),
    fc.oneof({ depthSize: 'medium' }, fc.constant(1), tie('object'), fc.array(tie('object'), { maxLength: 2 })),
    { minKeys: 1, maxKeys: 4 },
  ),
}));

test('property: behind much that was judged, where verdicts are kept, the same goes as behind nothing', () => {
  const toil = Array.from({ length: MEMO_STEPS }, () => NOTHING);
  let cutOnes = 0;
  const found = (sieve: Sieve, before: readonly unknown[], judged: unknown): unknown => {
    const verdict = sieve(Object.assign(Object.create(null), { before, judged }));
    if (verdict === null || !('cuts' in verdict)) return verdict;
    cutOnes += 1;
    return marked(judged, verdict.cuts);
  };
  const schemas = fc.record({ A: meetingSchema, B: meetingSchema, C: meetingSchema });
  fc.assert(
    fc.property(schemas, someRefs, nested.map(asParsed), ($defs, refs, value) => {
      const properties = { before: { items: { properties: {} } }, judged: { anyOf: refs } };
      const sieve = sieveOf({ anyOf: [{ properties }], $defs });
      assert.deepEqual(found(sieve, toil, value), found(sieve, [], value));
    }),
    { numRuns: 400 },
  );
  assert.ok(cutOnes > 150, String(cutOnes));
});

const NOTHING = asParsed({});
