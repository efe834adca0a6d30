import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldsGone } from './fields-gone.ts';

test('fields that went are told once each, down to those of elements', () => {
  const before = {
    id: 1,
    secret: 2,
    owner: { name: 'a', mail: 'b' },
    items: [
      { n: 1, cost: 2 },
      { n: 2, cost: 3 },
    ],
  };
  const after = { id: 1, owner: { name: 'a' }, items: [{ n: 1 }, { n: 2 }] };
  assert.deepEqual(fieldsGone(before, after), ['secret', 'owner.mail', 'items[].cost']);
  assert.deepEqual(fieldsGone(before, before), []);
});

test('elements that went are counted, and what is no JSON object has no fields', () => {
  assert.deepEqual(fieldsGone({ items: [1, 2, 3] }, { items: [1] }), ['items[2 of 3 elements]']);
  assert.deepEqual(fieldsGone([1, 2], [2]), ['[1 of 2 elements]']);
  assert.deepEqual(fieldsGone('text', null), []);
});

test('members of Object.prototype are no fields, and there is an end to depth and number', () => {
  const hostile = JSON.parse('{"__proto__":{"a":1},"constructor":1}') as unknown;
  assert.deepEqual(fieldsGone(hostile, {}), ['__proto__', 'constructor']);
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${at}`, at]));
  assert.equal(fieldsGone(many, {}).length, 20);
  let deep: unknown = {};
  for (let at = 0; at < 100_000; at++) deep = [deep];
  assert.deepEqual(fieldsGone(deep, deep), []);
});
