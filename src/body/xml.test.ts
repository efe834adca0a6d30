import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseXml } from './xml.ts';
import { DEFAULT_XML_LIMITS, type XmlElement, type XmlFaultCode, type XmlLimits } from './xml-tree.ts';

test('elements, attributes and text are read in their namespaces', () => {
  const root = read(
    `<o:order xmlns:o="urn:o" xmlns="urn:d" id="7" o:kind='a &amp; "b"'><line>1</line><o:line/><none xmlns=""/></o:order>`,
  );
  assert.deepEqual(root, {
    local: 'order',
    namespace: 'urn:o',
    attributes: [
      { local: 'id', namespace: '', value: '7' },
      { local: 'kind', namespace: 'urn:o', value: 'a & "b"' },
    ],
    elements: [leaf('line', '1', 'urn:d'), leaf('line', '', 'urn:o'), leaf('none', '')],
    text: '',
  });
});

test('a namespace holds for its element and what is inside, and no longer', () => {
  const { elements } = read('<a xmlns="1"><b xmlns="2" xmlns:p="3"><c/><p:c/></b><d xmlns:p="4"><p:e/></d><f/></a>');
  const all = elements.flatMap((element) => [element, ...element.elements]);
  assert.deepEqual(
    all.map(({ namespace, local }) => namespace + local),
    ['2b', '2c', '3c', '1d', '4e', '1f'],
  );
  assert.equal(faultOf('<a><b xmlns:p="1"/><p:c/></a>'), 'undeclared-prefix');
  assert.equal(faultOf('<a><b xmlns:p="1"></b><p:c/></a>'), 'undeclared-prefix');
});

test('text is what it means: ends of lines, references and sections', () => {
  for (const [written, meant] of [
    ['a\r\nb\rc\nd', 'a\nb\nc\nd'],
    ['&lt;&gt;&amp;&apos;&quot;', '<>&\'"'],
    ['&#65;&#x42;&#x1F600;&#13;&#10;', 'AB😀\r\n'],
    ['&#0065;', 'A'],
    ['&amp;lt;', '&lt;'],
    ['<![CDATA[<a>&amp;\r\n]]]>', '<a>&amp;\n]'],
    ['<![CDATA[]]>', ''],
    [']] >', ']] >'],
    [']]&gt;', ']]>'],
    [' \n ', ' \n '],
    ['&#x85;&#x2028;\u007f', '\u0085\u2028\u007f'],
    ['<!---->', ''],
  ] as const) {
    assert.equal(read(`<a>${written}</a>`).text, meant, written);
  }
  assert.equal(read("<a b='&#10;&#9;&lt;&#39;'/>").attributes[0]?.value, "\n\t<'");
  assert.equal(read('<a>\n <b/>\n</a>').text, '');
  assert.equal(read('<a>x<b/>y<!-- -->z</a>').text, 'xyz');
});

test('an XML declaration, a byte order mark, and comments and space around the root are read', () => {
  for (const written of [
    '<?xml version="1.0"?><a/>',
    `<?xml version='1.0' encoding='utf-8' standalone="yes" ?>\n<a/>`,
    '\ufeff<?xml version = "1.0"\tencoding="UTF-8"?><!-- - --><a/>\r\n<!--x-->\t',
    '\ufeff<a/>',
    '<a ></a >',
    '<a\n/>',
  ]) {
    assert.deepEqual(read(written), leaf('a', ''), written);
  }
});

test('names of any script are read', () => {
  for (const name of ['é', '商品', '_.-0', 'xmlFoo', 'a\u00b7', '\u{10400}', 'Überweisung']) {
    assert.equal(read(`<${name}/>`).local, name);
    assert.equal(read(`<p:${name} xmlns:p="u"></p:${name}>`).local, name);
    assert.equal(read(`<a ${name}="1"/>`).attributes[0]?.local, name);
  }
});

test('what was made for other uses is refused: document types, entities and instructions', () => {
  const laughs = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>';
  for (const [written, code] of [
    [laughs, 'document-type'],
    ['<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 'document-type'],
    ['<!doctype html><a/>', 'document-type'],
    ['<a><!DOCTYPE a></a>', 'document-type'],
    ['<a/><!DOCTYPE a>', 'document-type'],
    ['<a>&xxe;</a>', 'entity'],
    ['<a>&nbsp;</a>', 'entity'],
    ['<a b="&xxe;"/>', 'entity'],
    ['<a>&</a>', 'entity'],
    ['<a>&amp</a>', 'entity'],
    ['<a>&AMP;</a>', 'entity'],
    ['<a>%pe;&pe;</a>', 'entity'],
    ['<?xml-stylesheet href="x"?><a/>', 'processing-instruction'],
    ['<a><?php x?></a>', 'processing-instruction'],
    ['<a/><?x?>', 'processing-instruction'],
    [' <?xml version="1.0"?><a/>', 'processing-instruction'],
    ['<a><?xml version="1.0"?></a>', 'processing-instruction'],
  ] as const) {
    assert.equal(faultOf(written), code, written);
  }
});

test('another version or encoding is refused, and so is what claims to be one', () => {
  for (const [written, code] of [
    ['<?xml version="1.1"?><a/>', 'declaration'],
    ['<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-', 'encoding'],
    ['<?xml version="1.0" encoding="utf-16"?><a/>', 'encoding'],
    ['<?xml version="1.0" encoding="utf8"?><a/>', 'encoding'],
    ['<?xml encoding="utf-8" version="1.0"?><a/>', 'declaration'],
    ['<?xml version="1.0" standalone="yes" encoding="utf-8"?><a/>', 'declaration'],
    ['<?xml version="1.0" standalone="maybe"?><a/>', 'declaration'],
    ['<?xml version="1.0" a="b"?><a/>', 'declaration'],
    ['<?xml ?><a/>', 'declaration'],
    ['<?XML version="1.0"?><a/>', 'processing-instruction'],
    ['\ufeff\ufeff<a/>', 'text-outside'],
  ] as const) {
    assert.equal(faultOf(written), code, written);
  }
  assert.equal(faultOf(Buffer.from('\ufeff<a/>', 'utf16le')), 'invalid-utf8');
  assert.equal(faultOf(Buffer.from('<a/>', 'utf16le')), 'invalid-character');
  assert.equal(faultOf(Buffer.from([0x3c, 0x61, 0x3e, 0xc0, 0xbc, 0x3c, 0x2f, 0x61, 0x3e])), 'invalid-utf8');
});

test('text that readers take in different ways is refused', () => {
  for (const written of [
    '<a>ad<!---->min</a>',
    '<a>admin<!-- --></a>',
    '<a><!-- -->admin</a>',
    '<a> <!-- --></a>',
    '<a>ad<![CDATA[min]]></a>',
    '<a><![CDATA[ad]]><![CDATA[min]]></a>',
    '<a><b>ad<![CDATA[]]></b></a>',
    '<a><![CDATA[]]>x</a>',
  ]) {
    assert.equal(faultOf(written), 'text-in-pieces', written);
  }
  for (const value of ['a\nb', 'a\tb', 'a\rb', '\r\n']) assert.equal(faultOf(`<a b="${value}"/>`), 'attribute-line');
});

test('names and prefixes are held to what they may be', () => {
  for (const [written, code] of [
    ['<1a/>', 'name'],
    ['<-a/>', 'name'],
    ['<a:b:c xmlns:a="u"/>', 'unexpected-character'],
    ['<:a/>', 'name'],
    ['<a:/>', 'name'],
    ['<a:1 xmlns:a="u"/>', 'name'],
    ['< a/>', 'name'],
    ['<a\u00d7/>', 'unexpected-character'],
    ['<\u0300a/>', 'name'],
    ['<p:a/>', 'undeclared-prefix'],
    ['<a p:b="1"/>', 'undeclared-prefix'],
    ['<a xmlns:p=""/>', 'undeclared-prefix'],
    ['<a xmlns:xml="u"/>', 'reserved-namespace'],
    ['<a xmlns:xmlns="u"/>', 'reserved-namespace'],
    ['<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>', 'reserved-namespace'],
    ['<a xmlns="http://www.w3.org/XML/1998/namespace"/>', 'reserved-namespace'],
    ['<a xmlns:p="http://www.w3.org/2000/xmlns/"/>', 'reserved-namespace'],
    ['<xmlns:a/>', 'reserved-namespace'],
    ['<xmlns/>', 'reserved-namespace'],
    ['<a xmlns=" urn:a"/>', 'spaced-namespace'],
    ['<a xmlns:p="urn:a&#10;"/>', 'spaced-namespace'],
    ['<a b="1" b="2"/>', 'duplicate-attribute'],
    ['<a xmlns="1" xmlns="1"/>', 'duplicate-attribute'],
    ['<a xmlns:p="1" xmlns:p="2"/>', 'duplicate-attribute'],
    ['<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', 'duplicate-attribute'],
  ] as const) {
    assert.equal(faultOf(written), code, written);
  }
  assert.equal(read('<a xml:lang="de"/>').attributes[0]?.namespace, 'http://www.w3.org/XML/1998/namespace');
  assert.equal(read('<a xmlns:p="u" xmlns="u" p:b="1" b="2"/>').attributes.length, 2);
});

test('what is not well-formed is refused, with its place', () => {
  for (const [written, code, offset] of [
    ['', 'no-element', 0],
    [' ', 'no-element', 1],
    ['a', 'text-outside', 0],
    ['<a/>b', 'text-outside', 4],
    ['<a/>&#32;', 'text-outside', 4],
    ['<a/><![CDATA[]]>', 'text-outside', 4],
    ['<a/><b/>', 'second-element', 4],
    ['<a>', 'unexpected-end', 3],
    ['<a', 'unexpected-end', 2],
    ['<', 'name', 1],
    ['<a b', 'unexpected-end', 4],
    ['<a b="', 'unexpected-end', 6],
    ['<a b=1/>', 'unexpected-character', 5],
    ['<a b/>', 'unexpected-character', 4],
    ['<a b="1"c="2"/>', 'unexpected-character', 8],
    ['<a b="<"/>', 'unexpected-character', 6],
    ['<a / >', 'unexpected-character', 4],
    ['<é></b>', 'wrong-end-tag', 4],
    ['<a></a b="1">', 'wrong-end-tag', 3],
    ['<a></aa>', 'wrong-end-tag', 3],
    ['</a>', 'wrong-end-tag', 0],
    ['<a xmlns:p="u"><p:b xmlns:q="u"></q:b></a>', 'wrong-end-tag', 32],
    ['<a>]]></a>', 'section-end', 3],
    ['<a><![CDATA[</a>', 'unexpected-end', 16],
    ['<a><!-- a -- b --></a>', 'comment', 10],
    ['<a><!-- a ---></a>', 'comment', 10],
    ['<a><!--></a>', 'unexpected-end', 12],
    ['<a><![cdata[]]></a>', 'document-type', 3],
    ['<a>\u0001</a>', 'invalid-character', 3],
    ['<a>\ufffe</a>', 'invalid-character', 3],
    ['<a>\0</a>', 'invalid-character', 3],
    ['<a>\u0085</a>', 'invalid-character', 3],
    ['<a b="\u2028"/>', 'invalid-character', 6],
    ['<a>&#0;</a>', 'character-reference', 3],
    ['<a>&#xD800;</a>', 'character-reference', 3],
    ['<a>&#x110000;</a>', 'character-reference', 3],
    ['<a>&#xFFFE;</a>', 'character-reference', 3],
    ['<a>&#1;</a>', 'character-reference', 3],
    ['<a>&#X41;</a>', 'character-reference', 3],
    ['<a>&#;</a>', 'character-reference', 3],
    ['<a>&#x;</a>', 'character-reference', 3],
    ['<a>&#65</a>', 'character-reference', 3],
    ['<a>&#000000065;</a>', 'character-reference', 3],
  ] as const) {
    const read = parseXml(Buffer.from(written));
    assert.deepEqual(read, { ok: false, error: { code, offset } }, written);
  }
});

test('each bound holds exactly', () => {
  const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  const attributes = (count: number): string =>
    `<a ${Array.from({ length: count }, (_, at) => `b${at}=""`).join(' ')}/>`;
  for (const [limits, written, at, code] of [
    [{ depth: 3 }, nested, 3, 'too-deep'],
    [{ nodes: 5 }, (count: number) => `<a>${'<b/>'.repeat(count)}</a>`, 4, 'too-many-nodes'],
    [{ nodes: 5 }, attributes, 4, 'too-many-nodes'],
    [{ attributes: 5 }, attributes, 5, 'too-many-attributes'],
    [{ attributes: 1 }, (count: number) => `<a xmlns="u"${' b=""'.repeat(count)}/>`, 0, 'too-many-attributes'],
    [{ name: 5 }, (count: number) => `<${'a'.repeat(count)}/>`, 5, 'too-long-name'],
    [{ name: 5 }, (count: number) => `<a ${'a'.repeat(count)}=""/>`, 5, 'too-long-name'],
    [{ name: 5 }, (count: number) => `<a xmlns="${'a'.repeat(count)}"/>`, 5, 'too-long-name'],
  ] as const) {
    const bounds = { ...DEFAULT_XML_LIMITS, ...limits };
    assert.ok(parseXml(Buffer.from(written(at)), bounds).ok, written(at));
    assert.equal(faultOf(written(at + 1), bounds), code);
  }
});

test('time grows with the bytes and no faster', () => {
  const size = 4_000_000;
  for (const written of [
    `<a>${'<b>'.repeat(60)}${'x&amp;'.repeat(size / 6)}`,
    `<a>${'&'.repeat(size)}</a>`,
    `<a>${']'.repeat(size)}</a>`,
    `<a>${'<!---->'.repeat(size / 7)}</a>`,
    `<a><b/>${'<![CDATA[]]>'.repeat(size / 12)}</a>`,
    `<a><b/>${'x<!---->'.repeat(size / 8)}</a>`,
    `<a>${'<!--'.repeat(size / 4)}`,
    `<a b="${'&#65;'.repeat(size / 5)}"/>`,
    `<${'a'.repeat(size)}`,
    `<${'é'.repeat(size / 2)}`,
    `<a${' '.repeat(size)}`,
    `<a${' b'.repeat(size / 2)}`,
    `<?xml${' '.repeat(size)}`,
    `<?xml version="1.0"${' '.repeat(size)}encoding="x"${' '.repeat(size)}`,
    `<a>\r${'\r\n'.repeat(size / 2)}</a>`,
  ]) {
    const started = process.cpuUsage().user;
    parseXml(Buffer.from(written));
    const spentMs = (process.cpuUsage().user - started) / 1000;
    assert.ok(spentMs < 2_000, `${written.slice(0, 20)} took ${spentMs} ms`);
  }
});

test('whatever the bytes are, they are read or refused', () => {
  const pieces = [
    '<a>',
    '</a>',
    '<',
    '>',
    '/',
    '&',
    ';',
    '#',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '"',
    '=',
    ' ',
    'x',
    '<?xml',
    ':',
  ];
  const text = fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((parts) => Buffer.from(parts.join('')));
  fc.assert(
    fc.property(fc.oneof(text, fc.uint8Array()), (bytes) => {
      const read = parseXml(bytes);
      assert.ok(read.ok || (read.error.offset >= 0 && read.error.offset <= bytes.length));
    }),
    { numRuns: 5_000 },
  );
});

function leaf(local: string, text: string, namespace = ''): XmlElement {
  return { local, namespace, attributes: [], elements: [], text };
}

function read(text: string): XmlElement {
  const found = parseXml(Buffer.from(text));
  assert.ok(found.ok, `${text} ${JSON.stringify(found)}`);
  return found.value;
}

function faultOf(text: string | Buffer, limits: XmlLimits = DEFAULT_XML_LIMITS): XmlFaultCode | null {
  const found = parseXml(Buffer.from(text as string), limits);
  return found.ok ? null : found.error.code;
}
