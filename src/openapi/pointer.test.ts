import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { children, descend, parsePointer, pointerTo, type Site, valueAt } from './pointer.ts';

const DOCUMENT: unknown = JSON.parse('{"a/b":{"m~n":[10,{"":1}]},"__proto__":{"x":2},"constructor":3}');

/** Halves of surrogate pairs and control characters too. */
const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });

test('a pointer leads through objects and arrays', () => {
  assert.equal(valueAt(DOCUMENT, '/a~1b/m~0n/0'), 10);
  assert.equal(valueAt(DOCUMENT, '/a~1b/m~0n/1/'), 1);
  assert.equal(valueAt(DOCUMENT, ''), DOCUMENT);
});

test('a pointer leads nowhere but to what is there', () => {
  for (const pointer of [
    '/a~1b/m~0n/2',
    '/a~1b/m~0n/00',
    '/a~1b/m~0n/-',
    '/a~1b/m~0n/length',
    '/x',
    'a',
    '/a~2',
    '/~',
  ]) {
    assert.equal(valueAt(DOCUMENT, pointer), undefined, pointer);
  }
  assert.equal(valueAt('text', '/length'), undefined);
});

test('names of prototypes are members like others', () => {
  assert.equal(valueAt(DOCUMENT, '/__proto__/x'), 2);
  assert.equal(valueAt(DOCUMENT, '/constructor'), 3);
  assert.equal(valueAt({}, '/__proto__'), undefined);
  assert.equal(valueAt({}, '/constructor/name'), undefined);
  assert.equal(valueAt({}, '/toString'), undefined);
});

test('the pointers of children lead back to them', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (document) => {
      const waiting: Site[] = [{ value: document, pointer: '' }];
      for (let site = waiting.pop(); site !== undefined; site = waiting.pop()) {
        assert.equal(valueAt(document, site.pointer), site.value);
        waiting.push(...children(site));
      }
    }),
  );
});

test('a token survives being written and read', () => {
  fc.assert(
    fc.property(anyText, (token) => {
      const tokens = parsePointer(pointerTo('', token));
      assert.deepEqual(tokens, { ok: true, value: [token] });
      assert.equal(descend(new Map(), [token]), undefined);
    }),
  );
});

test('a tilde that escapes nothing leads nowhere, though a key be written like it', () => {
  const document = { '~': 1, '~2': 2, 'a~': { b: 3 } };
  for (const pointer of ['/~', '/~2', '/a~/b', '/a~0/b/~'])
    assert.equal(valueAt(document, pointer), undefined, pointer);
  assert.equal(valueAt(document, '/a~0/b'), 3);
});

test('a pointer leads where its tokens lead one by one', () => {
  const token = fc.oneof(fc.constantFrom('', '0', '1', '01', 'a', 'a~0', '~1', '~', '~2', '__proto__', 'é'), anyText);
  const document = { '': { '': 1 }, a: [{ a: 2 }, [3]], 'a~': { '/': 4 }, é: { 0: { 1: 5 } } };
  fc.assert(
    fc.property(fc.array(token, { maxLength: 4 }), fc.constantFrom('/', ''), (tokens, first) => {
      const pointer = first + tokens.join('/');
      const parsed = parsePointer(pointer);
      assert.deepEqual(valueAt(document, pointer), parsed.ok ? descend(document, parsed.value) : undefined);
    }),
    { numRuns: 1000 },
  );
});
