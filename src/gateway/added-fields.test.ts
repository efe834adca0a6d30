import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddedFields, hasAdded } from './added-fields.ts';

test('fields that the gateway wrote read like those of any other message', () => {
  const fields = new AddedFields(['a', '1', 'b', 'a', 'a', '2']);
  assert.equal(fields.size, 3);
  assert.equal(fields.get('a'), '1, 2');
  assert.deepEqual(fields.all('a'), ['1', '2']);
  assert.equal(fields.get('c'), null);
  assert.deepEqual(
    [...fields.entries()],
    [
      ['a', '1'],
      ['b', 'a'],
      ['a', '2'],
    ],
  );
  assert.equal(fields.has('b'), true);
});

test('a value is never taken for a name', () => {
  assert.equal(hasAdded(['a', 'date'], 'date'), false);
  assert.equal(new AddedFields(['a', 'date']).get('date'), null);
  assert.equal(hasAdded(['a', 'b', 'date', 'c'], 'date'), true);
});
