import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MediaTypeFault, parseMediaType } from './media-type.ts';

const TOKEN_BYTES = "!#$%&'+-.^_`|~0123456789ABCXYZabcxyz";

const READ: readonly (readonly [field: string, essence: string, parameters: Record<string, string>])[] = [
  ['application/json', 'application/json', {}],
  ['Application/JSON', 'application/json', {}],
  ['application/json;charset=utf-8', 'application/json', { charset: 'utf-8' }],
  ['application/json; charset=UTF-8', 'application/json', { charset: 'UTF-8' }],
  ['application/json \t;\t charset="utf-8"', 'application/json', { charset: 'utf-8' }],
  ['application/json; CHARSET=us-ascii', 'application/json', { charset: 'us-ascii' }],
  ['application/json;', 'application/json', {}],
  ['application/json; ;; charset=utf-8 ;', 'application/json', { charset: 'utf-8' }],
  ['text/plain; a=""', 'text/plain', { a: '' }],
  ['text/plain; a="; charset=utf-16"', 'text/plain', { a: '; charset=utf-16' }],
  ['text/plain; a="x, y/z"', 'text/plain', { a: 'x, y/z' }],
  ['text/plain; a="say \\"no\\" to \\\\"', 'text/plain', { a: 'say "no" to \\' }],
  ['multipart/form-data; boundary=----Form7', 'multipart/form-data', { boundary: '----Form7' }],
  ['multipart/form-data; boundary="a b"', 'multipart/form-data', { boundary: 'a b' }],
  ['application/vnd.example.v1+json; version=2', 'application/vnd.example.v1+json', { version: '2' }],
  ['image/png; charset=utf-16', 'image/png', { charset: 'utf-16' }],
  ['application/octet-stream; charset=binary', 'application/octet-stream', { charset: 'binary' }],
];

const REFUSED: readonly (readonly [field: string, fault: MediaTypeFault])[] = [
  ['', 'malformed'],
  [' ', 'malformed'],
  [';', 'malformed'],
  ['application', 'malformed'],
  ['application/', 'malformed'],
  ['/json', 'malformed'],
  ['json', 'malformed'],
  [' application/json', 'malformed'],
  ['\tapplication/json', 'malformed'],
  ['application/json ', 'malformed'],
  ['application/json\t', 'malformed'],
  ['application /json', 'malformed'],
  ['application/ json', 'malformed'],
  ['application/json garbage', 'malformed'],
  ['application/json garbage; charset=utf-8', 'malformed'],
  ['application/json/x', 'malformed'],
  ['application/json, text/plain', 'malformed'],
  ['application/json,', 'malformed'],
  ['text/plain; a=b, application/json', 'malformed'],
  ['application/json\0', 'malformed'],
  ['application/json\r\nX: y', 'malformed'],
  ['application/json\n', 'malformed'],
  ['application/jsön', 'malformed'],
  ["application/json'", 'malformed'],
  ['"application/json"', 'malformed'],
  ['*/*', 'malformed'],
  ['application/*', 'malformed'],
  ['application/+json', 'malformed'],
  [`application/${'x'.repeat(128)}`, 'malformed'],
  ['text/plain; charset', 'malformed'],
  ['text/plain; charset=', 'malformed'],
  ['text/plain; =utf-8', 'malformed'],
  ['text/plain; charset =utf-8', 'malformed'],
  ['text/plain; charset= utf-8', 'malformed'],
  ['text/plain; charset="utf-8', 'malformed'],
  ['text/plain; charset="utf-8"x', 'malformed'],
  ['text/plain; charset="ut\\f-8"', 'malformed'],
  ['text/plain; charset=utf-8 x', 'malformed'],
  ["text/plain; charset='utf 8'", 'malformed'],
  ['text/plain; a="\x01"', 'malformed'],
  ['text/plain; a="é"', 'malformed'],
  ['text/plain; a=b=c', 'malformed'],
  ['text/plain; a:b', 'malformed'],
  ['text/plain charset=utf-8', 'malformed'],
  ['text/plain& charset=utf-8', 'malformed'],
  ['application/json; charset=utf-8; charset=utf-8', 'duplicate-parameter'],
  ['application/json; charset=utf-8; CharSet=utf-16', 'duplicate-parameter'],
  ['multipart/form-data; boundary=a; boundary=b', 'duplicate-parameter'],
  ["text/plain; charset*=utf-8''utf-16", 'extended-parameter'],
  ['multipart/form-data; boundary*0=a; boundary*1=b', 'extended-parameter'],
  [`text/plain${';'.repeat(17)}`, 'too-many-parameters'],
  [`text/plain${Array.from({ length: 17 }, (_, at) => `;p${at}=1`).join('')}`, 'too-many-parameters'],
  ['application/json; charset=utf-7', 'unknown-charset'],
  ['application/json; charset=utf-16', 'unknown-charset'],
  ['application/json; charset=utf-16le', 'unknown-charset'],
  ['application/json; charset=utf-32', 'unknown-charset'],
  ['application/json; charset=iso-8859-1', 'unknown-charset'],
  ['application/json; charset=ibm037', 'unknown-charset'],
  ['application/json; charset=utf8', 'unknown-charset'],
  ['application/json; charset=""', 'unknown-charset'],
  ['application/json; charset=" utf-8"', 'unknown-charset'],
  ["application/json; charset='utf-8'", 'unknown-charset'],
  ['text/xml; charset=utf-16', 'unknown-charset'],
  ['application/x-www-form-urlencoded; charset=utf-7', 'unknown-charset'],
  ['multipart/form-data; boundary=a; charset=ibm500', 'unknown-charset'],
];

for (const [field, essence, parameters] of READ) {
  test(`${JSON.stringify(field)} is ${essence}`, () => {
    const read = parseMediaType(field);
    assert.ok(read.ok);
    assert.equal(read.value.essence, essence);
    assert.equal(`${read.value.type}/${read.value.subtype}`, essence);
    assert.deepEqual(Object.fromEntries(read.value.parameters), parameters);
  });
}

for (const [field, fault] of REFUSED) {
  const shown = JSON.stringify(field);
  test(`${shown.length > 60 ? `${shown.slice(0, 56)}…"` : shown} is refused: ${fault}`, () => {
    assert.deepEqual(parseMediaType(field), { ok: false, error: fault });
  });
}

test('the suffix is what follows the last plus, in lower case', () => {
  const suffixes = ['problem+JSON', 'soap+xml', 'a+b+json', 'json', 'json+', 'a++json', 'x+json5'].map((subtype) => {
    const read = parseMediaType(`application/${subtype}`);
    assert.ok(read.ok);
    return read.value.suffix;
  });
  assert.deepEqual(suffixes, ['json', 'xml', 'json', null, null, 'json', 'json5']);
});

test('names and values that are written are read back', () => {
  const token = fc.string({ unit: fc.constantFrom(...TOKEN_BYTES), minLength: 1, maxLength: 12 });
  const value = fc.string({ unit: 'grapheme-ascii', maxLength: 12 });
  const parameters = fc.dictionary(
    token.map((name) => `p${name.toLowerCase()}`),
    value,
    { maxKeys: 16 },
  );
  fc.assert(
    fc.property(parameters, (wanted) => {
      const written = Object.entries(wanted).map(([name, text]) => `; ${name}="${text.replace(/["\\]/g, '\\$&')}"`);
      const read = parseMediaType(`text/plain${written.join('')}`);
      assert.ok(read.ok);
      assert.deepEqual(Object.fromEntries(read.value.parameters), { ...wanted });
    }),
  );
});

test('any text is read or refused, never thrown at, and the second reading is the same', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((tail) => `application/json;${tail}`),
      ),
      (field) => {
        assert.deepEqual(parseMediaType(field), parseMediaType(field));
      },
    ),
    { numRuns: 2_000 },
  );
});
