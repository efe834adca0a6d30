import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRecord } from './record-text.ts';

const ENDED = {
  ...{ version: 1, kind: 'completion', id: 'a', at: 1, status: 200, upstreamStatus: 200, problem: null },
  ...{ requestBytes: 0, responseBytes: 0, durationUs: 0, upstreamUs: null, complete: true },
};

test('what few ends have stands in the line where there is something to say, and may be missing', () => {
  const unsaid = { grpcStatus: null, originalHash: null, cleaned: null, receivedHash: null, policy: null, rule: null };
  for (const said of [{}, { grpcStatus: 'NOT_FOUND' }, { originalHash: 'ab' }, { policy: 'p', rule: 'r' }]) {
    assert.deepEqual(decodeRecord(JSON.stringify({ ...ENDED, ...said })), { ...ENDED, ...unsaid, ...said });
  }
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

test('rules that were observed are read from intents and ends, and nothing that only looks like them', () => {
  const rule = { problem: 'forbidden', policy: 'p', rule: null };
  const unsaid = { grpcStatus: null, originalHash: null, cleaned: null, receivedHash: null, policy: null, rule: null };
  for (const said of [{ observed: [rule] }, { observedMore: 2 }, { observed: [rule, rule], observedMore: 1 }]) {
    assert.deepEqual(decodeRecord(JSON.stringify({ ...ENDED, ...said })), { ...ENDED, ...unsaid, ...said });
  }
  const wrong: unknown[] = [
    ...[
      [],
      {},
      null,
      'text',
      [null],
      [{}],
      [{ ...rule, more: 1 }],
      [{ ...rule, problem: null }],
      [{ ...rule, rule: 1 }],
    ],
    Array.from({ length: 9 }, () => rule),
  ];
  for (const observed of wrong) assert.equal(decodeRecord(JSON.stringify({ ...ENDED, observed })), null);
  for (const observedMore of [0, -1, 0.5, '1', null])
    assert.equal(decodeRecord(JSON.stringify({ ...ENDED, observedMore })), null);
  const change = { version: 1, kind: 'change', id: 'a', at: 1, author: '', action: '', target: '' };
  assert.equal(decodeRecord(JSON.stringify({ ...change, before: null, after: null, observed: [rule] })), null);
});
