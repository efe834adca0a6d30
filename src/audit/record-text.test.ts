import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRecord } from './record-text.ts';

const ENDED = {
  ...{ version: 1, kind: 'completion', id: 'a', at: 1, status: 200, upstreamStatus: 200, problem: null },
  ...{ requestBytes: 0, responseBytes: 0, durationUs: 0, upstreamUs: null, complete: true },
};

test('how a call of gRPC ended, and the hash of a reply that was replaced, stand in the line where there was one', () => {
  assert.deepEqual(decodeRecord(JSON.stringify(ENDED)), { ...ENDED, grpcStatus: null, originalHash: null });
  const called = { ...ENDED, grpcStatus: 'NOT_FOUND', originalHash: null };
  const replaced = { ...ENDED, grpcStatus: null, originalHash: 'ab' };
  assert.deepEqual(decodeRecord(JSON.stringify(replaced)), replaced);
  assert.deepEqual(decodeRecord(JSON.stringify(called)), called);
});

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
    { ...ENDED, grpcStatus: 5 },
    { ...ENDED, grpcStatus: 'OK', more: null },
    { ...record, grpcStatus: 'OK' },
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
