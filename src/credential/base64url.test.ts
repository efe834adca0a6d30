import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64url } from './base64url.ts';

test('all bytes come back from the one way of writing them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64url');
      assert.deepEqual(decodeBase64url(text), Buffer.from(bytes));
    }),
  );
});

test('any other way of writing them is refused', () => {
  const texts = [
    'YQ==',
    'YQ=',
    'YR',
    'YW-',
    'a',
    'ab cd',
    ' YQ',
    'YQ ',
    'YQ\n',
    'Y\nQ',
    'YQ\t',
    '+_-_',
    '-/-_',
    'YQ.',
    'é',
    'Ａ',
  ];
  for (const text of texts) assert.equal(decodeBase64url(text), null, JSON.stringify(text));
});

test('whatever text is decoded is the text that its bytes are written as', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ABYZabyz019-_+/= \n.') }), (text) => {
      const bytes = decodeBase64url(text);
      if (bytes !== null) assert.equal(bytes.toString('base64url'), text);
    }),
    { numRuns: 2_000 },
  );
});
