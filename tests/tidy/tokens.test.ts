import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenize } from './tokens.ts';

const kinds = (source: string): string[] => tokenize(source).map((token) => `${token.kind} ${token.value}`);

test('a comment and a string are one token each, whatever they say', () => {
  assert.deepEqual(kinds(`a // import 'x'\n/* " */ 'it\\'s /* no */' "b"`), [
    'name a',
    `comment // import 'x'`,
    'comment /* " */',
    `string it\\'s /* no */`,
    'string b',
  ]);
});

test('a slash begins a regular expression where a value may begin, and divides elsewhere', () => {
  assert.deepEqual(kinds('x = /[/\'"]+/g; a / b / c'), [
    'name x',
    'mark =',
    `regex /[/'"]+/g`,
    'mark ;',
    'name a',
    'mark /',
    'name b',
    'mark /',
    'name c',
  ]);
  assert.deepEqual(kinds('return /"/'), ['name return', 'regex /"/']);
});

test('what stands inside the braces of a template is code, and the rest of it is not', () => {
  assert.deepEqual(kinds('`a${ { b: `c` }.b }import "x"` d'), [
    'template `a${',
    'mark {',
    'name b',
    'mark :',
    'string c',
    'mark }',
    'mark .',
    'name b',
    'template }import "x"`',
    'name d',
  ]);
});

test('every token knows its line', () => {
  assert.deepEqual(
    tokenize('#!/usr/bin/env node\na\n/*\n*/ b `\n\n` c').map((token) => token.line),
    [2, 3, 4, 4, 6],
  );
});
