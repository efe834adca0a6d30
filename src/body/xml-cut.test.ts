import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseXml } from './xml.ts';
import { cutNodes } from './xml-cut.ts';
import type { XmlAttribute, XmlElement } from './xml-tree.ts';

function read(text: string): XmlElement {
  const parsed = parseXml(Buffer.from(text));
  assert.ok(parsed.ok, text);
  return parsed.value;
}

function nodesIn(element: XmlElement): readonly (XmlElement | XmlAttribute)[] {
  return [...element.attributes, ...element.elements, ...element.elements.flatMap(nodesIn)];
}

/** The text without the elements and attributes of these local names. */
function without(text: string, ...names: readonly string[]): string {
  const root = read(text);
  const nodes = new Map(nodesIn(root).flatMap((node) => (names.includes(node.local) ? [[node, true]] : [])));
  return cutNodes(Buffer.from(text), root, nodes).toString();
}

test('elements and attributes go, and all else stays byte for byte', () => {
  for (const [text, left] of [
    ['<a><x/></a>', '<a></a>'],
    ['<a><x>1<x>2</x></x><b/></a>', '<a><b/></a>'],
    ['<a x="1"/>', '<a/>'],
    ['<a x="1" b="2"  x1="" >y</a>', '<a b="2"  x1="" >y</a>'],
    ["<a b='>' x='/>'/>", "<a b='>'/>"],
    ['<a\n x = "1"\n b\t=\t"2"/>', '<a\n b\t=\t"2"/>'],
    ['<a xmlns:x="urn:x" x:x="1" xmlns="urn:a"><x:x/><b/></a>', '<a xmlns:x="urn:x" xmlns="urn:a"><b/></a>'],
    ['\ufeff<?xml version="1.0"?>\n<!-- <x> -->\n<a>é<!-- </a> --><x y="&lt;"/>ü</a>\n', null],
    [
      '<a>\n  <b>1.50</b>\n  <x><![CDATA[</x><x>]]></x>\n  <!--x--><b/>\n</a>',
      '<a>\n  <b>1.50</b>\n  \n  <!--x--><b/>\n</a>',
    ],
    ['<a><![CDATA[<x/>]]><x></x></a>', '<a><![CDATA[<x/>]]></a>'],
    ['<a><b x="1"><x/></b><x x="2"/><b/></a>', '<a><b></b><b/></a>'],
    ['<a><xx/><b:x xmlns:b="u"/></a>', '<a><xx/></a>'],
  ] as const) {
    const expected = left ?? text.replace('<x y="&lt;"/>', '');
    assert.equal(without(text, 'x'), expected, text);
  }
});

test('the root stays, and what is not of the tree goes nowhere', () => {
  assert.equal(without('<x x="1"><x/></x>', 'x'), '<x></x>');
  const text = Buffer.from('<a><b/></a>');
  assert.deepEqual(cutNodes(text, read('<a><b/></a>'), new Map([[read('<b/>'), true]])), text);
});

test('a text that is not the one that was read is a bug, and no endless walk', () => {
  const root = read('<a><b c="1"/></a>');
  for (const text of ['<a><b c="1"/><b/></a>', '<a><b c="1', '<a><!-- ', '<a></a', '<a', '<a b', '<a b=']) {
    assert.throws(() => cutNodes(Buffer.from(text), root, new Map()), text);
  }
});

test('a large text is cut in linear time', () => {
  const text = `<a>${'<x y="1" z="2"><b/></x><c/>'.repeat(60_000)}</a>`;
  const limits = { depth: 64, nodes: 1_000_000, attributes: 128, name: 1_024 };
  const parsed = parseXml(Buffer.from(text), limits);
  assert.ok(parsed.ok);
  const nodes = new Map(parsed.value.elements.filter(({ local }) => local === 'x').map((node) => [node, true]));
  const began = performance.now();
  assert.equal(cutNodes(Buffer.from(text), parsed.value, nodes).length, '<a></a>'.length + 60_000 * '<c/>'.length);
  assert.ok(performance.now() - began < 2_000);
});
