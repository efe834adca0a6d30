import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_JSON_LIMITS, type JsonFaultCode, type JsonLimits, type JsonValue } from './json-value.ts';
import { parseJson } from './json.ts';

// fast-check's own `binary` unit spends more than a second on its tables.
const character = fc
  .oneof(fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10ffff))
  .map((point) => String.fromCodePoint(point))
  .filter((text) => text.isWellFormed());

// What JSON.parse reads and we refuse.
const STRICTER: ReadonlySet<JsonFaultCode> = new Set<JsonFaultCode>([
  'duplicate-key',
  'lone-surrogate',
  'number-out-of-range',
  'number-too-long',
  'too-deep',
  'too-many-keys',
  'too-many-elements',
]);

test('every value that JSON.stringify writes is read back', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 12, stringUnit: character }),
      fc.constantFrom('', ' ', '\t', '\r\n'),
      (value, space) => {
        const text = JSON.stringify(value, null, space);
        const read = parseJson(Buffer.from(text));
        assert.ok(read.ok);
        assert.deepEqual(structuredClone(read.value), JSON.parse(text));
      },
    ),
    { numRuns: 500 },
  );
});

test('every finite double is read back to the bit', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(20), (number, digits) => {
      assertSameReading(Buffer.from(String(number)));
      assertSameReading(Buffer.from(number.toExponential(digits)));
    }),
    { numRuns: 2_000 },
  );
});

test('every decimal of any length is read as JSON.parse reads it', () => {
  const decimal = fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/);
  fc.assert(
    fc.property(decimal, (text) => assertSameReading(Buffer.from(text))),
    { numRuns: 5_000 },
  );
});

test('random bytes are never read otherwise than by JSON.parse, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => assertSameReading(bytes)),
    { numRuns: 5_000 },
  );
});

test('random tokens are never read otherwise than by JSON.parse', () => {
  const token = fc.constantFrom(
    ...'{}[],:"\\ \n0123456789.-+eE',
    '"a"',
    '"b":',
    'null',
    'true',
    '\\u00',
    'd800',
    'é',
    '1e',
    '[]',
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 12 }), (tokens) => assertSameReading(Buffer.from(tokens.join('')))),
    { numRuns: 10_000 },
  );
});

test('JSON with a few bytes changed is never read otherwise than by JSON.parse', () => {
  const interesting = fc.oneof(fc.constantFrom(...Buffer.from('{}[],:"\\u0dD8eE+-. \n\0')), fc.nat(255));
  const edit = fc.record({ at: fc.nat(), removed: fc.nat(2), inserted: fc.array(interesting, { maxLength: 3 }) });
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 4, stringUnit: character }),
      fc.array(edit, { minLength: 1, maxLength: 3 }),
      (text, edits) => {
        const bytes = [...Buffer.from(text)];
        for (const { at, removed, inserted } of edits) bytes.splice(at % (bytes.length + 1), removed, ...inserted);
        assertSameReading(Uint8Array.from(bytes));
      },
    ),
    { numRuns: 5_000 },
  );
});

test('a text cut short anywhere is refused at its end', () => {
  const text = Buffer.from('{"a":[1.5e3,true,null,"é\\u00e9\\n",{"b":-0.25}],"c":""}');
  for (let length = 0; length < text.length; length++) {
    const read = parseJson(text.subarray(0, length));
    assert.ok(!read.ok);
    assert.ok(['unexpected-end', 'invalid-utf8'].includes(read.error.code), `${length}: ${read.error.code}`);
  }
});

test('a part of a larger buffer is read without its surroundings', () => {
  const memory = Buffer.from('[[1,2]]');
  assert.deepEqual(parseJson(memory.subarray(1, 6)), { ok: true, value: [1, 2] });
  assert.deepEqual(parseJson(new Uint8Array(memory.buffer, memory.byteOffset + 1, 5)), { ok: true, value: [1, 2] });
});

test('the value does not change when the bytes do', () => {
  const bytes = Buffer.from('{"short":"a","a name that is rather long":"a value that is rather long é"}');
  const read = parseJson(bytes);
  bytes.fill(0x78);
  assert.ok(read.ok);
  assert.deepEqual(structuredClone(read.value), {
    short: 'a',
    'a name that is rather long': 'a value that is rather long é',
  });
});

test('a name is there only if it was sent, whatever Object.prototype has', () => {
  const value = accepted('{"a":1}') as Record<string, unknown>;
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf']) {
    assert.equal(value[name], undefined);
    assert.ok(!(name in value));
  }
});

test('__proto__ is a name like any other, and pollutes nothing', () => {
  const value = accepted('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}') as Record<
    string,
    unknown
  >;
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
  assert.equal(value['admin'], undefined);
  assert.equal(({} as Record<string, unknown>)['admin'], undefined);
  assert.equal((accepted('{}') as Record<string, unknown>)['admin'], undefined);
  assert.equal(JSON.stringify(value), '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
});

test('what objects share cannot be written to', () => {
  const shared: unknown = Object.getPrototypeOf(accepted('{}'));
  assert.ok(Object.isFrozen(shared));
  assert.deepEqual(Reflect.ownKeys(shared as object), []);
  assert.equal(Object.getPrototypeOf(shared), null);
});

test('an integer beyond 2^53 is read as the nearest double', () => {
  assert.equal(accepted('9007199254740993'), 9007199254740992);
  assert.equal(accepted('123456789012345678901234567890'), 1.2345678901234568e29);
});

test('depth 64 is read and depth 65 is not, in arrays, objects and both', () => {
  const shapes = [
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
  ] as const;
  for (const [open, close] of shapes) {
    const levels = (open.match(/[[{]/g) ?? []).length;
    const nested = (depth: number) => `${open.repeat(depth / levels)}[]${close.repeat(depth / levels)}`;
    assert.ok(parseJson(Buffer.from(nested(62))).ok);
    const deep = `[${nested(64)}]`;
    assert.equal(refused(deep).code, 'too-deep');
  }
  assert.ok(parseJson(Buffer.from('['.repeat(64) + ']'.repeat(64))).ok);
  assert.deepEqual(refused('['.repeat(65) + ']'.repeat(65)), { code: 'too-deep', offset: 64 });
});

test('depth counts what is open, not what was', () => {
  assert.ok(parseJson(Buffer.from(`[${'[],{},'.repeat(200)}1]`), limited({ depth: 2 })).ok);
});

test('a million open brackets are refused, not a stack overflow, even where the caller sets no bound', () => {
  const unbounded = { depth: Infinity, keys: Infinity, elements: Infinity };
  for (const open of ['[', '{"a":', '[{"a":']) {
    assert.equal(refused(open.repeat(1_000_000), limited(unbounded)).code, 'too-deep');
    assert.equal(refused(open.repeat(1_000_000)).code, 'too-deep');
  }
  assert.ok(parseJson(Buffer.from('['.repeat(512) + ']'.repeat(512)), limited(unbounded)).ok);
});

test('10,000 keys are read and one more is not', () => {
  const members = (count: number) => Array.from({ length: count }, (_, at) => `"k${at}":${at}`).join();
  const value = accepted(`{${members(10_000)}}`) as Record<string, unknown>;
  assert.equal(value['k9999'], 9999);
  assert.equal(refused(`{${members(10_001)}}`).code, 'too-many-keys');
});

test('keys are counted over all objects together, and equal names in different objects each time', () => {
  assert.ok(parseJson(Buffer.from('{"a":{"b":1},"c":[{"b":2}]}'), limited({ keys: 4 })).ok);
  assert.deepEqual(refused('{"a":{"b":1},"c":[{"b":2}]}', limited({ keys: 3 })), { code: 'too-many-keys', offset: 19 });
});

test('elements are counted over all arrays together', () => {
  assert.ok(parseJson(Buffer.from('[[1,2],3]'), limited({ elements: 4 })).ok);
  assert.deepEqual(refused('[[1,2],3]', limited({ elements: 3 })), { code: 'too-many-elements', offset: 7 });
  assert.ok(parseJson(Buffer.from('[[],{}]'), limited({ elements: 2 })).ok);
});

test('a number is bounded by the bytes it is written in', () => {
  assert.ok(parseJson(Buffer.from(`[0.${'1'.repeat(998)}]`)).ok);
  assert.deepEqual(refused(`[0.${'1'.repeat(999)}]`), { code: 'number-too-long', offset: 1 });
  assert.deepEqual(refused('[1234]', limited({ numberBytes: 3 })), { code: 'number-too-long', offset: 1 });
});

test('a long string of escapes is read whole', () => {
  const text = accepted(`"${'\\n\\u00e9\\ud83d\\ude00x'.repeat(50_000)}"`);
  assert.equal(text, '\né😀x'.repeat(50_000));
});

function limited(limits: Partial<JsonLimits>): JsonLimits {
  return { ...DEFAULT_JSON_LIMITS, ...limits };
}

function accepted(text: string): JsonValue {
  const read = parseJson(Buffer.from(text));
  assert.ok(read.ok);
  return read.value;
}

function refused(text: string, limits?: JsonLimits) {
  const read = parseJson(Buffer.from(text), limits);
  assert.ok(!read.ok);
  return read.error;
}

/** Accepted: JSON.parse gives the same. Refused: JSON.parse refuses too, or the reason is one where we are stricter. */
function assertSameReading(bytes: Uint8Array): void {
  const read = parseJson(bytes);
  const reference = parseByReference(bytes);
  if (read.ok) {
    assert.ok(reference !== undefined);
    assert.deepEqual(structuredClone(read.value), reference.value);
  } else {
    assert.ok(read.error.offset >= 0 && read.error.offset <= bytes.length);
    assert.ok(reference === undefined || STRICTER.has(read.error.code), read.error.code);
  }
}

function parseByReference(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) as unknown };
  } catch {
    return undefined;
  }
}
