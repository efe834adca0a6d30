import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOriginEntry } from './origin.ts';

test('an entry of a list of origins has one spelling, and what is neither an origin nor a name is none', () => {
  for (const [text, entry] of [
    ['https://App.example.:443', 'https://app.example'],
    ['http://app.example:8080', 'http://app.example:8080'],
    ['https://*.App.example', 'https://*.app.example'],
    ['https://[::1]:8443', 'https://[::1]:8443'],
    ['*.App.example', '*.app.example'],
    ['null', 'null'],
  ] as const)
    assert.deepEqual(readOriginEntry(text), { ok: true, value: entry }, text);
  for (const text of ['https://', 'https://*.', 'https://a.example/x', 'https://a.example://b.example', 'a b', ''])
    assert.equal(readOriginEntry(text).ok, false, text);
});
