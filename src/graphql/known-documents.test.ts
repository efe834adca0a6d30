import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownDocuments } from './known-documents.ts';

test('what was asked for last stays, and never more than there is room for', () => {
  const known = new KnownDocuments<number>();
  for (let at = 0; at < 2_000; at++) {
    known.set(`{ a${at} ${'#'.repeat(1_000)} }`, at);
    assert.equal(known.get(`{ a0 ${'#'.repeat(1_000)} }`), 0);
  }
  const left = Array.from({ length: 2_000 }, (_, at) => known.get(`{ a${at} ${'#'.repeat(1_000)} }`)).filter(
    (value) => value !== undefined,
  );
  assert.ok(left.length > 200 && left.length < 270, `${left.length}`);
  assert.equal(left.at(-1), 1_999);
});

test('one that would push out many others is not kept', () => {
  const known = new KnownDocuments<number>();
  const large = '#'.repeat(100_000);
  known.set(large, 1);
  assert.equal(known.get(large), undefined);
});
