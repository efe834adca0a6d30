import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok, type Result } from './result.ts';

test('a success bears its value and a failure its error, told apart by ok', () => {
  const read = (result: Result<number, string>): string =>
    result.ok ? `value ${result.value}` : `error ${result.error}`;
  assert.equal(read(ok(7)), 'value 7');
  assert.equal(read(err('no')), 'error no');
});

test('values that look false are values all the same', () => {
  for (const value of [0, '', null, undefined, false]) {
    assert.deepEqual(ok(value), { ok: true, value });
    assert.deepEqual(err(value), { ok: false, error: value });
  }
});
