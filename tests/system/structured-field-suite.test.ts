import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIELD_SUITE, hasFieldSuite, runFieldSuite } from './structured-field-suite.ts';
import { sumOf } from './suite-tally.ts';

const skip = hasFieldSuite() ? false : `the tests of structured fields are not at ${FIELD_SUITE}`;

test('every field of the suite is read and written as it says', { skip }, () => {
  const { total, ok, otherwise, refused, wrong } = runFieldSuite();
  assert.deepEqual(wrong, []);
  assert.ok(total >= 2000, `only ${total} cases`);
  assert.equal(ok + sumOf(otherwise) + sumOf(refused), total);
  assert.ok(sumOf(otherwise) + sumOf(refused) <= 20, 'more is decided otherwise than was');
});
