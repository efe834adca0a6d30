import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeSpace } from './disk-space.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

test('space is low below 1 GiB or a tenth of the volume, whichever is more, and critical below 256 MiB', () => {
  const expected = [
    [100 * GIB, 10 * GIB, 'enough'],
    [100 * GIB, 10 * GIB - 1, 'low'],
    [4000 * GIB, 50 * GIB, 'enough'],
    [4000 * GIB, 50 * GIB - 1, 'low'],
    [4 * GIB, GIB, 'enough'],
    [4 * GIB, GIB - 1, 'low'],
    [100 * GIB, 256 * MIB, 'low'],
    [100 * GIB, 256 * MIB - 1, 'critical'],
    [100 * MIB, 100 * MIB, 'critical'],
    [100 * GIB, 0, 'critical'],
    [0, 0, 'critical'],
    [GIB, Number.NaN, 'critical'],
    [Number.NaN, GIB, 'low'],
  ] as const;
  for (const [totalBytes, freeBytes, state] of expected) {
    assert.equal(judgeSpace({ totalBytes, freeBytes }).state, state, `${freeBytes} of ${totalBytes}`);
  }
});

test('the words tell both numbers', () => {
  assert.equal(judgeSpace({ totalBytes: 40 * GIB, freeBytes: 812.9 * MIB }).words, '812 MiB of 40.0 GiB are free');
});
