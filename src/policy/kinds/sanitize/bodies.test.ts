import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseBody, type ParsedBody } from '../../../body/index.ts';
import { cleanBody } from './bodies.ts';
import { loadHtmlSanitizer } from './html.ts';
import { placesOfBody } from './places.ts';
import { cleanerOf } from './text-cleaner.ts';

const sanitize = await loadHtmlSanitizer();
const places = placesOfBody(
  { '/a': ['trim', 'control', 'bidi', 'invisible'], '/b/*': [{ html: 'basic' }], '': ['nfc'] },
  (actions) => cleanerOf(actions, sanitize),
);

/** Texts of what cleaning takes out, and of what bodies are built of. */
const text = fc.string({
  unit: fc.constantFrom(
    ...[
      '--b',
      '\r\n',
      '-',
      'b',
      '\u202e',
      '\u200b',
      ' ',
      '<b>',
      '&',
      '=',
      'e\u0301',
      '\r',
      '\n',
      'x',
      '"',
      '\\',
      '%',
      '+',
    ],
    ...['content-disposition: form-data; name="a"', '\r\n\r\n', '{"a":"', '"}', '["', '"]', '\\u202e', '\\u003cb>'],
  ),
  maxLength: 20,
});

function read(type: string, bytes: Uint8Array): ParsedBody | null {
  const parsed = parseBody(type, bytes);
  return parsed.ok ? parsed.value : null;
}

/** What a body is once it is cleaned; null where that is refused, or nothing had to be done. Cleaning it again does nothing. */
function cleaned(type: string, sent: string): { readonly before: ParsedBody; readonly after: ParsedBody } | null {
  const bytes = Buffer.from(sent);
  const before = read(type, bytes);
  const cleaning = before === null ? null : cleanBody(before, places);
  if (before === null || cleaning === null || cleaning.kind !== 'changed') return null;
  const after = read(type, cleaning.texts(bytes));
  // What can't be read any more is refused by whoever reads it.
  if (after === null) return null;
  assert.equal(cleanBody(after, places).kind, 'clean', sent);
  return { before, after };
}

const fields = fc.array(fc.tuple(fc.constantFrom('a', 'b[x]', 'b[]', 'c'), text), { minLength: 1, maxLength: 4 });

test('of any form of parts the cleaned one has the same parts, and nothing more to clean', () => {
  let seen = 0;
  fc.assert(
    fc.property(fields, (given) => {
      const parts = given.map(
        ([name, value]) => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      );
      const both = cleaned('multipart/form-data; boundary=b', `${parts.join('')}--b--\r\n`);
      if (both === null) return;
      seen++;
      const namesOf = (body: ParsedBody) => (body.kind === 'multipart' ? body.parts.map(({ name }) => name) : null);
      assert.deepEqual(namesOf(both.after), namesOf(both.before));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(seen > 200, `only ${seen} were cleaned`);
});

test('the same of forms and of JSON, whose numbers and names stay', () => {
  fc.assert(
    fc.property(fields, (given) => {
      const form = new URLSearchParams(given.map(([name, value]) => [name, value])).toString();
      const both = cleaned('application/x-www-form-urlencoded', form);
      if (both?.before.kind !== 'form' || both.after.kind !== 'form') return;
      assert.deepEqual([...both.after.fields.keys()], [...both.before.fields.keys()]);
    }),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(text), text, (any, list, a) => {
      const both = cleaned('application/json', JSON.stringify({ a, b: list, c: any, '': { a } }));
      if (both?.before.kind !== 'json' || both.after.kind !== 'json') return;
      const shape = (value: unknown): string =>
        JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? 'text' : inner));
      assert.equal(shape(both.after.value), shape(both.before.value));
    }),
    { numRuns: 1_000 },
  );
});

test('HTML in the JSON of a field counts for the JSON and for the text, since both are read', () => {
  const html = placesOfBody({ '/a': [{ html: 'basic' }] }, (actions) => cleanerOf(actions, sanitize));
  const kindOf = (type: string, sent: string): string => {
    const parsed = read(type, Buffer.from(sent));
    return cleanBody(parsed ?? assert.fail(), html).kind;
  };
  const json = (elements: number): string => JSON.stringify({ b: '<b>x</b>'.repeat(elements) });
  const asForm = (elements: number): string => new URLSearchParams({ a: json(elements) }).toString();
  assert.equal(kindOf('application/json', `{"a":${json(2_500)}}`), 'clean');
  assert.equal(kindOf('application/json', `{"a":${json(2_501)}}`), 'failed');
  assert.equal(kindOf('application/x-www-form-urlencoded', asForm(1_250)), 'clean');
  assert.equal(kindOf('application/x-www-form-urlencoded', asForm(1_251)), 'failed');
});

test('a part in XML is not cleaned, and refused where that is asked for', () => {
  const cleaner = cleanerOf(['bidi'], sanitize);
  const form = (type: string): ParsedBody | null =>
    read(
      'multipart/form-data; boundary=b',
      Buffer.from(
        `--b\r\ncontent-disposition: form-data; name="a"\r\ncontent-type: ${type}\r\n\r\n<a><t>&#x202e;</t></a>\r\n--b--\r\n`,
      ),
    );
  for (const [place, type, kind] of [
    ['/a/t', 'application/xml', 'failed'],
    ['/a', 'text/xml', 'failed'],
    ['', 'application/soap+xml', 'failed'],
    ['/b', 'application/xml', 'clean'],
    ['/a', 'text/plain', 'clean'],
    ['/a', 'image/svg+xml', 'clean'],
  ] as const) {
    const body = form(type);
    assert.ok(body !== null);
    assert.equal(
      cleanBody(
        body,
        placesOfBody({ [place]: ['bidi'] }, () => cleaner),
      ).kind,
      kind,
      `${place} ${type}`,
    );
  }
});
