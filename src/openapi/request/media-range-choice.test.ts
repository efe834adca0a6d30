import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseMediaRange, readMediaRange, type SentMediaType } from './media-range-choice.ts';

function sentType(essence: string, parameters: Readonly<Record<string, string>> = {}): SentMediaType {
  const [type = '', subtype = ''] = essence.split('/');
  const suffix = subtype.includes('+') ? subtype.slice(subtype.lastIndexOf('+') + 1) : null;
  return { type, subtype, suffix, essence, parameters: new Map(Object.entries(parameters)) };
}

function chosen(ranges: readonly string[], sent: SentMediaType): string | null {
  return (
    chooseMediaRange(
      ranges.map((text) => ({ text, range: readMediaRange(text) })),
      sent,
    )?.text ?? null
  );
}

test('the closest range is chosen, whatever their order', () => {
  const ranges = ['*/*', 'application/*', 'application/*+json', 'application/json', 'application/json; v=2'];
  for (const given of [ranges, ranges.toReversed()]) {
    assert.equal(chosen(given, sentType('application/json', { v: '2' })), 'application/json; v=2');
    assert.equal(chosen(given, sentType('application/json', { v: '3' })), 'application/json');
    assert.equal(chosen(given, sentType('application/problem+json')), 'application/*+json');
    assert.equal(chosen(given, sentType('application/xml')), 'application/*');
    assert.equal(chosen(given, sentType('text/json')), '*/*');
  }
});

test('a type that no range takes has none', () => {
  for (const range of ['application/json', 'application/*', 'application/*+json', 'text/plain; format=flowed']) {
    assert.equal(chosen([range], sentType('text/plain')), null);
  }
  assert.equal(chosen(['application/json'], sentType('application/json+xml')), null);
  assert.equal(chosen(['application/*+json'], sentType('application/json')), null);
  assert.equal(chosen([], sentType('text/plain')), null);
});

test('parameters of a range must be sent, quoted or not; a charset of UTF-8 goes without saying', () => {
  assert.equal(chosen(['a/b; v="x y"'], sentType('a/b', { v: 'x y' })), 'a/b; v="x y"');
  assert.equal(chosen(['a/b; v=x'], sentType('a/b', { v: 'X' })), null);
  assert.equal(chosen(['a/b; v=x'], sentType('a/b')), null);
  assert.equal(chosen(['a/b; charset=UTF-8'], sentType('a/b')), 'a/b; charset=UTF-8');
  assert.equal(chosen(['a/b; charset=US-ASCII'], sentType('a/b', { charset: 'us-ascii' })), 'a/b; charset=US-ASCII');
  assert.equal(chosen(['a/b; charset=us-ascii'], sentType('a/b', { charset: 'utf-8' })), null);
});
