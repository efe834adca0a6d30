import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createReferences } from './reference.ts';

interface Told {
  readonly pointer: string;
  readonly message: string;
  readonly fix: string | undefined;
}

function follow(document: unknown, ref: unknown): { end: string | null; told: readonly Told[] } {
  const told: Told[] = [];
  const holder = { value: { $ref: ref }, pointer: '/start' };
  const end = createReferences(document).follow(holder, (pointer, message, fix) =>
    told.push({ pointer, message, fix }),
  );
  return { end: end === null ? null : end.pointer, told };
}

function message(document: unknown, ref: unknown): string {
  const { end, told } = follow(document, ref);
  assert.equal(end, null);
  assert.equal(told.length, 1);
  return told[0]?.message ?? '';
}

/** Halves of surrogate pairs and control characters too. */
const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });

test('a reference leads to its thing, over others where there are some', () => {
  const document = { a: { $ref: '#/b' }, b: { $ref: '#/c/0' }, c: [{ type: 'string' }] };
  assert.deepEqual(follow(document, '#/a'), { end: '/c/0', told: [] });
  assert.deepEqual(follow(document, '#'), { end: '', told: [] });
});

test('a thing that is no reference is its own end', () => {
  const site = { value: { type: 'string' }, pointer: '/x' };
  assert.equal(
    createReferences({}).follow(site, () => assert.fail()),
    site,
  );
});

test('references are percent-decoded first, then read as pointers', () => {
  const document = { 'a/b~c d{é}': 1, '%41': 2, A: 3 };
  assert.equal(follow(document, '#/a~1b~0c%20d%7B%C3%A9%7D').end, '/a~1b~0c d{é}');
  assert.equal(follow(document, '#/a%7E1b~0c d{é}').end, '/a~1b~0c d{é}');
  assert.equal(follow(document, '#/%2541').end, '/%41');
  assert.equal(follow(document, '#/%41').end, '/A');
});

test('another document is not fetched, and its author hears what to do', () => {
  for (const ref of ['other.yaml#/a', 'https://example.com/a.json', '/a', 'Pet', '//host/#/a', '']) {
    const { end, told } = follow({ a: {} }, ref);
    assert.equal(end, null);
    assert.match(told[0]?.message ?? '', /another document/);
    assert.match(told[0]?.fix ?? '', /bundle/);
  }
});

test('what leads nowhere is told with its text', () => {
  assert.match(message({ a: {} }, '#/a/b'), /`#\/a\/b`, which is not in the document/);
  assert.match(message({ a: {} }, '#/constructor'), /not in the document/);
  assert.match(message({ a: {} }, '#/__proto__'), /not in the document/);
  assert.match(message({ a: {} }, '#/a%'), /no reference/);
  assert.match(message({ a: {} }, '#/a~2'), /no reference/);
  assert.match(message({ a: {} }, '#a'), /anchor/);
  assert.match(message({ a: {} }, 7), /must be text/);
  assert.match(message({ a: {} }, null), /must be text/);
});

test('an anchor leads to the one schema that bears it', () => {
  const document = { x: { $anchor: 'one' }, y: [{ $dynamicAnchor: 'two' }], z: { $anchor: 'two' } };
  assert.equal(follow(document, '#one').end, '/x');
  assert.match(message(document, '#two'), /more than once/);
});

test('a circle is told with the names on it, and those outside of it are not', () => {
  const document = { a: { $ref: '#/b' }, b: { $ref: '#/c' }, c: { $ref: '#/b' } };
  assert.match(message(document, '#/a'), /circle .*: `#\/b` → `#\/c` → `#\/b`$/);
  assert.match(message({ a: { $ref: '#/a' } }, '#/a'), /`#\/a` → `#\/a`$/);
});

test('a circle of very many is told in short', () => {
  const document = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, index) => [`s${index}`, { $ref: `#/s${(index + 1) % 10_000}` }]),
  );
  assert.ok(message(document, '#/s0').length < 500);
});

test('a chain has at most a hundred references', () => {
  const chain = (length: number): unknown =>
    Object.fromEntries(
      Array.from({ length: length + 1 }, (_, index) => [
        `s${index}`,
        index === length ? {} : { $ref: `#/s${index + 1}` },
      ]),
    );
  assert.equal(follow(chain(99), '#/s0').end, '/s99');
  assert.match(message(chain(100), '#/s0'), /more than 100 references/);
  assert.match(message(chain(50_000), '#/s0'), /more than 100 references/);
  // The same whoever asked for the end of it before.
  for (const length of [99, 100]) {
    const document = chain(length) as Readonly<Record<string, unknown>>;
    const { follow: from } = createReferences(document);
    const last = { value: document[`s${length - 1}`], pointer: `/s${length - 1}` };
    assert.equal(from(last, () => assert.fail())?.pointer, `/s${length}`);
    const told: string[] = [];
    from({ value: { $ref: '#/s0' }, pointer: '/start' }, (_, text) => told.push(text));
    assert.equal(told.length, length - 99, told.join());
  }
});

test('what is wrong is told once, however often it is used', () => {
  const document = { a: { $ref: '#/b' }, b: { $ref: '#/missing' } };
  const references = createReferences(document);
  const told: string[] = [];
  for (const name of ['a', 'a', 'b'] as const) {
    const end = references.follow({ value: document[name], pointer: `/${name}` }, (pointer) => told.push(pointer));
    assert.equal(end, null);
  }
  assert.deepEqual(told, ['/b/$ref']);
});

test('following never throws, and ends on no reference', () => {
  const refs = fc.oneof(
    fc.constantFrom('#/a', '#/b', '#/c/x', '#', '#/', '#x', 'y'),
    anyText.map((text) => `#${text}`),
  );
  const node = fc.oneof(fc.record({ $ref: refs }), fc.record({ x: fc.record({ $ref: refs }) }), fc.jsonValue());
  fc.assert(
    fc.property(fc.record({ a: node, b: node, c: node }), refs, (document, ref) => {
      const { end, told } = follow(document, ref);
      assert.equal(end === null, told.length > 0);
    }),
    { numRuns: 500 },
  );
});
