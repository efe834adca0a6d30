import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countOf, namesOf, shareRecord, shareSpans, shareTexts, textAt, textOf } from './shared-text.ts';

const TEXT = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }));

test('texts come back by their numbers, whatever they are', () => {
  fc.assert(
    fc.property(fc.array(TEXT), (texts) => {
      const shared = structuredClone(shareTexts(texts));
      assert.equal(countOf(shared), texts.length);
      assert.deepEqual(
        texts.map((_, index) => textAt(shared, index)),
        texts,
      );
    }),
  );
});

test('a number that no text has is an empty text', () => {
  const shared = shareTexts(['a']);
  assert.deepEqual([textAt(shared, 1), textAt(shared, -1)], ['', '']);
});

test('a record gives the text of each of its names, and null for all others', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), TEXT), TEXT, (given, other) => {
      const entries = new Map(Object.entries(given));
      const record = structuredClone(shareRecord(entries));
      assert.deepEqual([...namesOf(record)], [...entries.keys()].sort());
      for (const [name, text] of entries) assert.equal(textOf(record, name), text);
      assert.equal(textOf(record, other), entries.get(other) ?? null);
    }),
  );
});

test('names are told apart by all of their code units, halves of pairs and names of Object.prototype included', () => {
  const names = ['\ud800', '\udc00', '\ufffd', '', 'constructor', '__proto__', '😀', 'a', 'ab'];
  const record = shareRecord(new Map(names.map((name, index) => [name, String(index)])));
  assert.deepEqual(
    names.map((name) => textOf(record, name)),
    names.map((_, index) => String(index)),
  );
  assert.equal(textOf(record, 'toString'), null);
  assert.equal(textOf(record, '\ud801'), null);
});

test('a record over bytes that are there already copies none of them', () => {
  const bytes = new SharedArrayBuffer(4);
  new Uint8Array(bytes).set(Buffer.from('abcd'));
  const spans = new Map([
    ['late', { start: 2, end: 4 }],
    ['early', { start: 0, end: 2 }],
  ]);
  const record = shareSpans(bytes, spans);
  assert.equal(record.texts.bytes, bytes);
  assert.deepEqual([textOf(record, 'early'), textOf(record, 'late')], ['ab', 'cd']);
});

test('nothing at all can be shared too', () => {
  assert.equal(textOf(shareRecord(new Map()), ''), null);
  assert.equal(countOf(shareTexts([])), 0);
});

test('a text is as it would be alone, also beside another with which it would make a character', () => {
  const halves = ['\ud83d', '\ude00', 'a', ''];
  const shared = shareTexts(halves);
  assert.deepEqual(
    halves.map((_, index) => textAt(shared, index)),
    ['\ufffd', '\ufffd', 'a', ''],
  );
});
