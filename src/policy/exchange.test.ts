import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlot } from './exchange.ts';

test('each slot has a number of its own, whatever it is called, and the next one', () => {
  const [first, second, third] = ['a', 'a', 'b'].map((name) => createSlot(name, () => ({})));
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  assert.deepEqual([second.number - first.number, third.number - first.number], [1, 2]);
});
