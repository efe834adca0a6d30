import assert from 'node:assert/strict';
import { test } from 'node:test';
import { written } from '../../exchange-fixture.test.ts';
import type { QueryEdits } from './config.ts';
import { createQueryEditor, parameterText } from './query.ts';

const edit = (query: string | null, { set = {}, remove = [], rename = {} }: Edits): string | null => {
  const named = Object.entries(set);
  const edits: QueryEdits = {
    set: named.map(([name]) => ({ name, value: written('') })),
    remove,
    rename: Object.entries(rename).map(([from, to]) => ({ from, to })),
  };
  return createQueryEditor(edits)(
    query,
    named.map(([name, value]) => parameterText(name, value)),
  );
};

interface Edits {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
}

test('what is not named stays as it stands, byte for byte', () => {
  for (const query of ['a', 'a=', 'a=1&&b', 'a=1;b=2', '=1', 'a%5B%5D=%2F', 'a+b=c+d'])
    assert.equal(edit(query, { remove: ['x'], rename: { y: 'z' } }), query);
  assert.equal(edit(null, { remove: ['x'] }), null);
  assert.equal(edit('x=1', { remove: ['x'] }), null);
  assert.equal(edit('', { remove: ['x'] }), null);
});

test('names are compared as servers read them', () => {
  assert.equal(edit('%78=1&a%20b=2&a+b=3&X=4', { remove: ['x', 'a b'] }), 'X=4');
  assert.equal(edit('a%5B%5D=1&a[]=2&b=3', { remove: ['a[]'] }), 'b=3');
  assert.equal(edit('a=1;x=2&b=3', { remove: ['x'] }), 'a=1&b=3');
  assert.equal(edit('x=1;a=2', { remove: ['x'] }), 'a=2');
});

test('a parameter that is set has one value, and one that is renamed keeps its own', () => {
  assert.equal(edit('x=1&a=2&x=3', { set: { x: 'new & =' } }), 'a=2&x=new%20%26%20%3D');
  assert.equal(edit('old=%2F&old', { rename: { old: 'a b' } }), 'a%20b=%2F&a%20b');
  assert.equal(edit('old=forged', { rename: { old: 'x' }, set: { x: 'true' } }), 'x=true');
  assert.equal(edit('old=1&x=2', { rename: { old: 'x' }, remove: ['x'] }), 'x=1');
});

test('what a client sends under the name that another parameter gets does not stand beside it', () => {
  assert.equal(edit('x=own&old=1&%78=more;x=third', { rename: { old: 'x' } }), 'x=1');
  assert.equal(edit('x=own', { rename: { old: 'x' } }), null);
  assert.equal(edit('a=1&b=2', { rename: { a: 'b', b: 'a' } }), 'b=1&a=2');
});
