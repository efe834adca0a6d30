import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignRows, count, jsonText, palette, plain, shellWord, shortPath } from './terminal.ts';

test('text from elsewhere can neither move the cursor nor hide nor turn a line around', () => {
  assert.equal(
    plain('a\x1b[2J\r\n\x9b\u202eb\u200b\ud800c'),
    'a\\u{001b}[2J\\u{000d}\\u{000a}\\u{009b}\\u{202e}b\\u{200b}\\u{d800}c',
  );
  assert.equal(plain('Zürich 東京 🙂'), 'Zürich 東京 🙂');
});

test('JSON for a terminal is still the same JSON', () => {
  const value = { text: 'a\x1b\x9b\u202e\u2028🙂', list: ['\n'] };
  const text = jsonText(value);
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
  assert.deepEqual(JSON.parse(text), value);
});

test('columns are aligned by what is seen, and colour does not count', () => {
  const { bad } = palette(true);
  const rows = alignRows([
    [{ text: 'a', paint: bad }, { text: '1' }],
    [{ text: '🙂🙂🙂' }, { text: '2' }],
    [{ text: 'alone' }],
  ]);
  assert.deepEqual(rows, ['\x1b[31ma\x1b[0m      1', '🙂🙂🙂    2', 'alone']);
  assert.equal(palette(false).bad('a'), 'a');
});

test('a word for a shell is quoted where the shell would read it otherwise', () => {
  assert.equal(shellWord('/data/ca.pem'), '/data/ca.pem');
  assert.equal(shellWord("it's $HOME"), `'it'\\''s $HOME'`);
  assert.equal(shellWord('https://localhost:8443/?a=1&b'), `'https://localhost:8443/?a=1&b'`);
  assert.equal(shellWord(''), `''`);
});

test('paths are short below the working folder only, and numbers have their plural', () => {
  assert.deepEqual([shortPath('/a/b/c', '/a'), shortPath('/ab/c', '/a'), shortPath('/x', '/')], ['b/c', '/ab/c', 'x']);
  assert.deepEqual([count(1, 'API'), count(2, 'API'), count(0, 'error')], ['1 API', '2 APIs', '0 errors']);
});
