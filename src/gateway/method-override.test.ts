import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBody } from '../body/index.ts';
import { overridesInForm } from './method-override.ts';

function inForm(text: string): boolean {
  const read = parseBody('application/x-www-form-urlencoded', Buffer.from(text));
  assert.ok(read.ok);
  return overridesInForm(read.value);
}

test('a form with a field that servers take for the method asks for another, in whatever spelling', () => {
  for (const text of [
    '_method=DELETE',
    'a=1&_method=put',
    '%5Fmethod=DELETE',
    '+_method=DELETE',
    '.method=DELETE',
    '%5Bmethod=DELETE',
    '_method[]=DELETE',
    '_method%5B0%5D=DELETE',
    '_method+=DELETE',
    '_METHOD=DELETE',
    '_method',
  ])
    assert.ok(inForm(text), text);
});

test('other names with the word in them are names like any other', () => {
  for (const text of ['method=card', 'payment_method=card', 'a=_method', '_methods=1', 'x[_method]=1', ''])
    assert.ok(!inForm(text), text);
});

test('a part of a form does so too, and a file by its name', () => {
  for (const name of ['name="_method"', 'name="_method"; filename="a.txt"']) {
    const text = `--b\r\ncontent-disposition: form-data; ${name}\r\n\r\nDELETE\r\n--b--\r\n`;
    const read = parseBody('multipart/form-data; boundary=b', Buffer.from(text));
    assert.ok(read.ok && overridesInForm(read.value), name);
  }
});

test('JSON has no such field', () => {
  const read = parseBody('application/json', Buffer.from('{"_method":"DELETE"}'));
  assert.ok(read.ok && !overridesInForm(read.value));
});
