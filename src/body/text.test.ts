import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseText } from './text.ts';

// fast-check's own `binary` unit spends more than a second on its tables.
const character = fc
  .oneof(fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10ffff))
  .map((point) => String.fromCodePoint(point))
  .filter((text) => text.isWellFormed());

test('UTF-8 is read, its byte order mark with it', () => {
  assert.deepEqual(parseText(Buffer.from('\ufeffZoë 😀\r\n')), { ok: true, value: '\ufeffZoë 😀\r\n' });
});

test('bytes that are not UTF-8 are refused where they begin', () => {
  for (const [hex, offset] of [
    ['6180', 1],
    ['c3a9c3', 2],
    ['f09f98', 0],
    ['c080', 0],
    ['61eda080', 1],
    ['f4908080', 0],
    ['6162fffe', 2],
  ] as const) {
    assert.deepEqual(parseText(Buffer.from(hex, 'hex')), { ok: false, error: { code: 'invalid-utf8', offset } });
  }
});

test('ASCII in UTF-16, which is valid UTF-8, is refused for its NULs', () => {
  assert.deepEqual(parseText(Buffer.from('<a/>', 'utf16le')), { ok: false, error: { code: 'nul-byte', offset: 1 } });
});

test('bytes are read exactly when a strict decoder reads them, and as it does', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.string({ unit: character, maxLength: 8 }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, fc.uint8Array({ maxLength: 2 }), (head, tail) => {
      const whole = Buffer.concat([head, tail]);
      const read = parseText(whole);
      const reference = decoded(whole);
      if (read.ok) assert.equal(read.value, reference);
      else if (read.error.code === 'nul-byte') assert.ok(reference?.includes('\0'));
      else assert.equal(reference, undefined);
      // What stands before the fault is whole.
      if (!read.ok) assert.notEqual(decoded(whole.subarray(0, read.error.offset)), undefined);
    }),
    { numRuns: 2_000 },
  );
});

test('the fault is found wherever it lies in a long text', () => {
  const sequence = fc.constantFrom('a', 'é', '中', '😀');
  const invalid = fc.constantFrom('80', '8080808080', 'c3', 'c0af', 'eda080', 'f09f98', 'f8', 'ff');
  const text = fc.array(sequence, { maxLength: 300 }).map((parts) => Buffer.from(parts.join('')));
  fc.assert(
    fc.property(text, invalid, text, (before, hex, after) => {
      const whole = Buffer.concat([before, Buffer.from(hex, 'hex'), after]);
      assert.deepEqual(parseText(whole), { ok: false, error: { code: 'invalid-utf8', offset: before.length } });
    }),
    { numRuns: 500 },
  );
});

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
