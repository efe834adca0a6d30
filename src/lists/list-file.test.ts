import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../base/index.ts';
import { AddressTree } from './address-tree.ts';
import { LIST_LIMIT_BYTES, type ListKind, readListFile } from './list-file.ts';
import { NameTable } from './name-table.ts';

function read(text: string | Uint8Array, kind: ListKind = 'addresses'): ReturnType<typeof readListFile> {
  return readListFile(Buffer.from(text), kind);
}

function treeOf(text: string): AddressTree {
  const list = read(text);
  assert.ok(list.ok, list.ok ? '' : list.error.message);
  return new AddressTree(list.value.packed);
}

function holds(tree: AddressTree, text: string): boolean {
  const parsed = parseAddress(text);
  return parsed.ok && tree.has(parsed.value);
}

test('comments, blanks, a byte order mark and every end of a line are taken', () => {
  const text =
    '\ufeff# FireHOL\r\n\r\n  203.0.113.0/24 ; SBL1\n\t198.51.100.7\t# one\n2001:db8::/32\r\n;end\n192.0.2.9';
  const list = read(text);
  assert.equal(list.ok && list.value.entries, 4);
  const tree = treeOf(text);
  for (const address of ['203.0.113.200', '198.51.100.7', '2001:db8::5', '192.0.2.9'])
    assert.equal(holds(tree, address), true, address);
  assert.equal(holds(tree, '198.51.100.8'), false);
});

test('one bad line makes a file no list, and is named', () => {
  const cases: readonly (readonly [line: string, words: RegExp])[] = [
    ['203.0.113.256', /expected a block/],
    ['203.0.113', /expected a block/],
    ['203.0.113.1/33', /prefix length/],
    ['203.0.113.1/24', /bits set behind/],
    ['010.0.0.1', /expected a block/],
    ['10.0.0.01', /expected a block/],
    ['10.0.0.0/08', /prefix length/],
    ['0x0a.0.0.1', /expected a block/],
    ['1.2.3.4-1.2.3.9', /expected a block/],
    ['2001:db8::/129', /prefix length/],
    ['203.0.113.1 203.0.113.2', /expected a block/],
    ['1.2.3.4.5', /expected a block/],
    ['1.2.3.4/', /prefix length/],
    ['/24', /expected a block/],
    ['.1.2.3', /expected a block/],
    ['example.com', /expected a block/],
    ['\0', /expected a block/],
  ];
  for (const [line, words] of cases) {
    const list = read(`# a list\n192.0.2.0/24\n${line}\n198.51.100.0/24\n`);
    assert.equal(list.ok, false, line);
    assert.ok(!list.ok && list.error.line === 3, line);
    assert.match(list.ok ? '' : list.error.message, words, line);
  }
});

test('a file without a line is refused, for it looks like one that is being written; a comment says that it is meant so', () => {
  for (const text of ['', '\n\n', ' \r\n']) assert.equal(read(text).ok, false, JSON.stringify(text));
  const none = read('# none\n');
  assert.equal(none.ok && none.value.entries, 0);
});

test('a line that is quoted is cut, and one without an end is refused', () => {
  const long = read(`${'a'.repeat(4_000)}\n`);
  assert.ok(!long.ok && long.error.message.length < 200);
  const endless = read('a'.repeat(5_000));
  assert.deepEqual(!endless.ok && endless.error, { line: 1, message: 'is longer than 4096 bytes' });
});

test('a file of more than 64 MiB is refused as a whole', () => {
  const list = read(Buffer.alloc(LIST_LIMIT_BYTES + 1, '\n'));
  assert.deepEqual(!list.ok && list.error, { line: null, message: 'is larger than 64 MiB' });
});

test('more than a million lines are refused', () => {
  const list = read('# x\n'.repeat(1_000_001));
  assert.deepEqual(!list.ok && list.error, { line: 1_000_001, message: 'has more than 1000000 lines' });
});

test('names are read in any case, with a dot at the end, and encoded', () => {
  const list = read('Example.COM.\n*.bücher.example\n# x\n_dmarc.acme.example\n', 'names');
  assert.ok(list.ok, list.ok ? '' : list.error.message);
  const table = new NameTable(list.value.packed);
  for (const name of [
    'example.com',
    'EXAMPLE.com.',
    'a.xn--bcher-kva.example',
    'a.b.bücher.example',
    '_dmarc.acme.example',
  ])
    assert.equal(table.has(name), true, name);
  for (const name of ['xn--bcher-kva.example', 'a.example.com', 'notexample.com', 'com', '', '.'])
    assert.equal(table.has(name), false, name);
});

test('what is no name is refused', () => {
  for (const line of ['a b', '*.', '*', 'a.*.example', '-a.example', 'a..b', 'http://a.example', '192.0.2.1', 'a/b'])
    assert.equal(read(`${line}\n`, 'names').ok, false, line);
});
