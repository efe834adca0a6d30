import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseForm, type FormFields } from './form.ts';
import { encodeFormText, replaceFields } from './form-replace.ts';

function read(bytes: Uint8Array): FormFields {
  const parsed = parseForm(bytes);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.code);
  return parsed.value;
}

function replaced(form: string, change: (value: string, name: string) => string): string {
  const bytes = Buffer.from(form);
  const fields = read(bytes);
  const values = new Map([...fields].map(([name, all]) => [name, all.map((value) => change(value, name))]));
  return replaceFields(bytes, fields, values).toString();
}

test('pairs that are as they were keep their bytes', () => {
  const trimmed = (value: string): string => value.trim();
  assert.equal(replaced('a=+x+&b=%41%20b&&c&a=y%7e', trimmed), 'a=x&b=%41%20b&&c&a=y%7e');
  assert.equal(replaced('%61=+x', trimmed), '%61=x');
});

test('a value is encoded so that nothing of it becomes another pair', () => {
  assert.equal(
    replaced('a=1&b=2', (value, name) => (name === 'a' ? '&b=3;+ é%\u0001' : value)),
    'a=%26b%3D3%3B%2B+%C3%A9%25%01&b=2',
  );
  assert.equal(
    replaced('a&b', (value, name) => (name === 'a' ? 'x' : value)),
    'a=x&b',
  );
});

test('whatever the form, what comes out says what was meant', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((each) => !each.includes('\0'));
  const pairs = fc.array(
    fc.tuple(
      text.filter((name) => name !== ''),
      text,
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(pairs, text, (given, added) => {
      const form = given.map(([name, value]) => `${encodeFormText(name)}=${encodeFormText(value)}`).join('&');
      const change = (value: string, name: string): string => (name.length % 2 === 0 ? value + added : value);
      const expected = new Map<string, string[]>();
      for (const [name, value] of given) expected.set(name, [...(expected.get(name) ?? []), change(value, name)]);
      assert.deepEqual(read(Buffer.from(replaced(form, change))), expected);
    }),
  );
});
