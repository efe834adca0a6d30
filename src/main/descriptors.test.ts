import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionsFor, descriptorLimit } from './descriptors.ts';

test('half of the descriptors beyond the reserve are for clients, ten thousand at most', () => {
  assert.equal(connectionsFor(1_024, 1), 474);
  assert.equal(connectionsFor(1_024, 16), 384);
  assert.equal(connectionsFor(256, 1), 90);
  assert.equal(connectionsFor(1_048_576, 64), 10_000);
  assert.equal(connectionsFor(null, 64), 10_000);
});

test('a hopeless limit still lets one client in', () => {
  assert.equal(connectionsFor(10, 1), 1);
});

test('the limit of this process is read', () => {
  const limit = descriptorLimit();
  assert.ok(limit === null || limit > 0);
});
