import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from './json.ts';
import { NAME_LIMIT_BYTES, nameOf } from './name-table.ts';

function named(name: string): string {
  const bytes = Buffer.from(`"${name}"`);
  return nameOf(bytes, 1, bytes.length - 1);
}

test('any name of ASCII is read as it is written, whatever was read before', () => {
  // Few letters and lengths, so that many names fall to one place.
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '_', '~', ' '), maxLength: NAME_LIMIT_BYTES });
  fc.assert(
    fc.property(fc.array(name, { maxLength: 30 }), (names) => {
      for (const each of [...names, ...names]) assert.equal(named(each), each);
    }),
    { numRuns: 500 },
  );
});

test('names that fall to one place are told apart', () => {
  const alike = ['axbxc', 'aybyc', 'azbzc', 'a0b0c'];
  for (const name of [...alike, ...alike]) assert.equal(named(name), name);
  const swapped = parseJson(Buffer.from('{"axbxc":1,"aybyc":2,"axbxd":{"aybyc":3,"axbxc":4}}'));
  assert.ok(swapped.ok);
  assert.equal(JSON.stringify(swapped.value), '{"axbxc":1,"aybyc":2,"axbxd":{"aybyc":3,"axbxc":4}}');
});

test('a name is compared to its end, and the empty one is a name', () => {
  for (const name of [
    '',
    'a',
    'aa',
    '',
    'aaa',
    `${'a'.repeat(30)}b`,
    `${'a'.repeat(30)}c`,
    'a'.repeat(31),
    '',
    '0',
    '00',
  ])
    assert.equal(named(name), name);
});

test('names of every length come twice or once, with escapes or without', () => {
  for (let length = 0; length <= NAME_LIMIT_BYTES + 3; length++) {
    const name = 'n'.repeat(length);
    const texts = [`{"${name}":1,"${name}":2}`];
    if (length > 0)
      texts.push(`{"${name}":1,"\\u006e${name.slice(1)}":2}`, `{"\\u006e${name.slice(1)}":1,"${name}":2}`);
    for (const text of texts) {
      const read = parseJson(Buffer.from(text));
      assert.equal(read.ok ? 'read' : read.error.code, 'duplicate-key', text);
    }
    const once = parseJson(Buffer.from(`{"${name}":1,"${name}x":2}`));
    assert.ok(once.ok);
    assert.deepEqual(Object.keys(once.value as object), [name, `${name}x`]);
  }
});

test('the names of prototypes are names like others', () => {
  for (const name of ['__proto__', 'constructor', 'toString', '0', '-1', '4294967295']) {
    for (let times = 0; times < 2; times++) {
      const read = parseJson(Buffer.from(`{"${name}":{"${name}":1}}`));
      assert.ok(read.ok);
      assert.equal(JSON.stringify(read.value), `{"${name}":{"${name}":1}}`);
    }
  }
});
