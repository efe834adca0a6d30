import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCelSuite } from './cel-suite.ts';
import { sumOf } from './suite-tally.ts';

test('each conformance case of CEL that can be asked in this language has the answer that it wants', () => {
  const { total, ok, refused, wrong } = runCelSuite();
  assert.deepEqual(wrong, []);
  const allowed = total - sumOf(refused);
  assert.equal(ok, allowed);
  assert.ok(allowed >= 500, `only ${allowed} of ${total}`);
});
