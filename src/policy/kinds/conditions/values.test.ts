import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedValues } from './values.ts';

test('a list is made ready once, however many operations could ask it', () => {
  const bytes = Buffer.from('["A1"]');
  const got = { file: () => bytes };
  const sources = {
    written: { kind: 'list', list: ['EUR', 'USD'] },
    filed: { kind: 'file', file: '/skus.txt', of: 'texts' },
  } as const;
  const [one, other] = [namedValues(sources, got), namedValues(sources, got)];
  for (const name of ['written', 'filed']) {
    assert.ok(one.has(name));
    assert.equal(one.get(name), other.get(name), name);
  }
});
