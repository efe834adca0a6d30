import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeOpenFiles } from './open-files.ts';

test('fewer than 4,096 open files are few, and no limit is enough', () => {
  const expected = [
    [null, false],
    [1_048_576, false],
    [4_096, false],
    [4_095, true],
    [256, true],
    [0, true],
    [Number.NaN, true],
  ] as const;
  for (const [limit, few] of expected) assert.equal(judgeOpenFiles(limit).few, few, `${limit}`);
});

test('the words tell the limit', () => {
  assert.equal(judgeOpenFiles(1_024).words, '1,024 files and connections may be open at once');
  assert.equal(judgeOpenFiles(null).words, 'no limit of open files is known');
});
