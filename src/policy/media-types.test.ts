import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMediaTypes } from './media-types.ts';

test('each spelling is read once, up to a number of them', () => {
  const types = createMediaTypes();
  const first = types.read('application/json');
  assert.equal(first?.essence, 'application/json');
  assert.equal(types.read('application/json'), first);
  for (let at = 0; at < 40; at++) types.read(`application/x-${at}`);
  assert.equal(types.read('application/json'), first);
  assert.notEqual(types.read('application/x-39'), types.read('application/x-39'), 'the places are taken');
});

test('long spellings are read and not kept, so that they take no place from those that are used', () => {
  const types = createMediaTypes();
  const long = (at: number): string => `application/json; a${at}="${'x'.repeat(300)}"`;
  for (let at = 0; at < 100; at++) assert.equal(types.read(long(at))?.essence, 'application/json');
  assert.notEqual(types.read(long(0)), types.read(long(0)));
  assert.equal(types.read('text/plain'), types.read('text/plain'));
});

test('what is missing, or has no single reading, is null', () => {
  const types = createMediaTypes();
  assert.equal(types.read(null), null);
  assert.equal(types.read('application/json, text/plain'), null);
});
