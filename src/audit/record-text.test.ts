import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRecord } from './record-text.ts';

test('what is no record of this version is not taken for one', () => {
  const record = {
    version: 1,
    kind: 'change',
    id: 'a',
    at: 1,
    author: '',
    action: '',
    target: '',
    before: null,
    after: null,
  };
  assert.notEqual(decodeRecord(JSON.stringify(record)), null);
  const { after: _after, ...short } = record;
  const others: unknown[] = [
    { ...record, version: 2 },
    { ...record, kind: 'toString' },
    { ...record, more: 1 },
    short,
    { ...record, at: '1' },
    { ...record, author: null },
    { ...short, __proto__: null, other: 1 },
    null,
    [],
    'text',
    7,
  ];
  for (const other of others) assert.equal(decodeRecord(JSON.stringify(other)), null, JSON.stringify(other));
  for (const broken of ['', '{', '{"version":1', '[]']) assert.equal(decodeRecord(broken), null);
});
