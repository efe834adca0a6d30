import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readingsOf } from './field-names.ts';

test('a name is read as each server would read it', () => {
  const all: Readonly<Record<string, readonly string[]>> = {
    bio: ['bio'],
    ' bio': ['bio'],
    'a[b][]': ['a[b][]', 'a|b|'],
    'a[ ]': ['a[ ]', 'a|'],
    'address.street': ['address.street', 'address|street', 'address_street'],
    'items[0].note': ['items[0].note', 'items|0|note'],
    'items[0].a.b': ['items[0].a.b', 'items|0|a.b', 'items|0|a|b'],
    'a.b[c.d]': ['a.b[c.d]', 'a.b|c.d', 'a|b|c|d', 'a_b|c.d'],
    "a['b.c']": ["a['b.c']", "a|'b.c'", 'a|b|c'],
    '[bio]': ['[bio]', 'bio', '|bio'],
    '[0].note': ['[0].note', '0|note', '|0|note'],
    '!a.b': ['!a.b', 'a|b', '!a_b'],
    'first name': ['first name', 'first_name'],
    '.bio.': ['.bio.', 'bio', '_bio_'],
  };
  for (const [name, readings] of Object.entries(all)) {
    const read = readingsOf(name)?.map((names) => names.join('|'));
    assert.deepEqual([...new Set(read)].filter((each) => each !== '').sort(), [...readings].sort(), name);
  }
});

test('brackets that do not match have no reading', () => {
  for (const name of ['a[', 'a]', 'a[b', 'a[b]c', 'a[b][', 'a[b[c]]', '[[a]', 'a[b].', 'a[b].[c]', '][', 'a[b]]'])
    assert.equal(readingsOf(name), null, name);
});

test('a name takes time by its length', () => {
  for (const unit of ['[a]', '[', ']', '.', 'a.', '[].a', ' ', '!', "'"]) {
    const before = performance.now();
    readingsOf(`a${unit.repeat(1_000_000 / unit.length)}`);
    assert.ok(performance.now() - before < 2_000, unit);
  }
});

test('a name without marks has the one reading that JSON has', () => {
  fc.assert(fc.property(fc.stringMatching(/^[^[\]. !\s]+$/), (name) => assert.deepEqual(readingsOf(name), [[name]])));
});
