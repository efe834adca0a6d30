import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasActiveContent } from './active-picture.ts';

const linked = (address: string): string => `<svg xmlns="http://www.w3.org/2000/svg"><a href="${address}">x</a></svg>`;

test('an address of a picture is harmless by what it begins with, blanks before it or not', () => {
  for (const address of [
    '#a',
    '  #a',
    'https://a.test/',
    '\n http://a.test/',
    'data:image/png;base64,AA',
    '',
    '  ',
    'a b',
  ])
    assert.equal(hasActiveContent(linked(address)), false, address);
  for (const address of ['a/b:c', '?q=a:b', ' x#:', '\t/a&amp;:'])
    assert.equal(hasActiveContent(linked(address)), false, address);
  for (const address of [
    'javascript:x',
    '  javascript:x',
    'java&#115;cript:x',
    'data:image/svg+xml,x',
    ' data:text/html,x',
    ' :',
    'a&:',
  ])
    assert.equal(hasActiveContent(linked(address)), true, address);
});

test('an address without quotes, as pages take it, is looked at like any other', () => {
  for (const active of [
    '<a href=javascript:x>',
    '<a xlink:href = javascript:x/>',
    '<set to=a:b>',
    '<a href=data:text/html,x>',
  ])
    assert.equal(hasActiveContent(`<svg>${active}</svg>`), true, active);
  for (const harmless of ['<a href=#a>', '<a href=https://a.test/ x=":">', '<a href= >', '<a href="a"b:c>'])
    assert.equal(hasActiveContent(`<svg>${harmless}</svg>`), false, harmless);
});

test('of several values each one may be an address', () => {
  const moved = (values: string): string => `<svg><a><animate attributeName="href" values="${values}"/></a></svg>`;
  for (const values of ['#a;javascript:x', 'https://a.test/;javascript:x', 'a/b; javascript:x', 'data:image/png,A;a:b'])
    assert.equal(hasActiveContent(moved(values)), true, values);
  for (const values of ['0;1;0', '#a;https://a.test/?x:y', 'data:image/png;base64,AA;#b', ';'])
    assert.equal(hasActiveContent(moved(values)), false, values);
});

test('elements are what they are under any name for their namespace, and forms lead somewhere too', () => {
  for (const prefix of ['s', 'é', 'a·b', 'x'.repeat(500)]) {
    const picture = (element: string): string =>
      `<${prefix}:svg xmlns:${prefix}="http://www.w3.org/2000/svg">${element}</${prefix}:svg>`;
    assert.equal(hasActiveContent(picture(`<${prefix}:script>x</${prefix}:script>`)), true, prefix);
    assert.equal(hasActiveContent(picture(`<${prefix}:scripted/>`)), false, prefix);
  }
  for (const active of ['<x:form action="javascript:x">', "<x:button formaction = 'javascript:x'>"])
    assert.equal(hasActiveContent(`<svg>${active}</svg>`), true, active);
  assert.equal(hasActiveContent('<svg><x:form action="https://a.test/"/></svg>'), false);
});

test('names without end are no work', () => {
  for (const name of ['<', '<a:', ':', 'é:script'])
    assert.equal(hasActiveContent(`<svg><${name.repeat(2_000_000)}</svg>`), false, name);
});

test('blanks are no work, however many there are', () => {
  // Gone over from each of them, they would take hours.
  for (const blank of [' ', '\n', '\t \r']) {
    assert.equal(hasActiveContent(linked(`${blank.repeat(2_000_000)}:`)), true);
    assert.equal(hasActiveContent(linked(`${blank.repeat(2_000_000)}#`)), false);
    assert.equal(hasActiveContent(`<svg href=${blank.repeat(2_000_000)}>`), false);
    assert.equal(hasActiveContent(`<svg href${blank.repeat(2_000_000)}x onab${blank.repeat(2_000_000)}></svg>`), false);
  }
});

test('what separates attributes in pages alone separates them here too', () => {
  for (const active of ['href\f=javascript:x', 'href=\fjavascript:x', 'href="#a"to=a:b', 'onclick\f=x()'])
    assert.equal(hasActiveContent(`<svg><a ${active} ></svg>`), true, active);
});

test('a value that is never closed hides nothing behind it', () => {
  assert.equal(hasActiveContent('<svg><a href="#a><a href=javascript:x></svg>'), true);
  assert.equal(hasActiveContent(`<svg><a href="#a><a href='javascript:x'></svg>`), true);
  assert.equal(hasActiveContent('<svg>back to="home</svg>'), false);
});

test('what only looks like an address, in a comment or in text, hides none that stands in it', () => {
  for (const active of [
    `<!-- href="/--><a xlink:href='javascript:x'>x</a><!--" -->`,
    `<!-- to='#--><a xlink:href="javascript:x">x</a><!--' -->`,
    'href=/<a/href="javascript:x">x</a>',
    '<a title=" href=/"xlink:href="javascript:x">x</a>',
  ])
    assert.equal(hasActiveContent(`<svg> ${active}</svg>`), true, active);
});

test('attributes that a document type gives are told by no name of theirs', () => {
  for (const given of ['svg onload CDATA "x()"', 'a xlink:href CDATA #FIXED "javascript:x"'])
    assert.equal(hasActiveContent(`<!DOCTYPE svg [<!ATTLIST ${given}>]><svg/>`), true, given);
  assert.equal(hasActiveContent('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "a.dtd"><svg/>'), false);
});

test('a grammar of others that whoever converts the picture may load counts', () => {
  const picture = (type: string): boolean => hasActiveContent(`<?xml version="1.0"?>\n<!DOCTYPE${type}><svg/>`);
  for (const foreign of [
    ' svg SYSTEM "http://elsewhere.example/x.dtd"',
    " svg SYSTEM 'file:///etc/passwd'",
    '\nsvg\tPUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org.elsewhere.example/svg11.dtd"',
    ` svg PUBLIC '-//W3C//DTD SVG "1.1"//EN' 'http://elsewhere.example/'`,
    ' svg SYSTEM "//elsewhere.example/x.dtd"',
    String.raw` svg SYSTEM "\\elsewhere\x.dtd"`,
    ' svg public "x" "ftp://www.w3.org/"',
    ' svg SYSTEM http://elsewhere.example/',
    ' svg <!DOCTYPE svg',
  ])
    assert.equal(picture(foreign), true, foreign);
  for (const own of [
    ' svg',
    ' svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"',
    `\r\nsvg PUBLIC '-//W3C//DTD SVG 20010904//EN'\n 'http://www.w3.org/TR/2001/REC-SVG-20010904/DTD/svg10.dtd' `,
    ' svg SYSTEM "svg11.dtd"',
    ' svg []',
  ])
    assert.equal(picture(own), false, own);
});

test('of pictures in data the type must be told in full', () => {
  for (const address of [
    'data:image/&#115;vg+xml,x',
    'data:image/\tsvg+xml,x',
    'data:image/&#10;svg+xml,x',
    'data:image/',
  ])
    assert.equal(hasActiveContent(linked(address)), true, address);
  assert.equal(hasActiveContent(linked('data:image/png;charset=x;base64,AA')), false);
});

// The same in one expression, with a list made of all it finds: slower, and easily seen to be right. Values in
// quotation marks may have others inside; those without end at such a mark or at a tag, behind which no scheme goes on.
const PLAIN_ADDRESS =
  /[\s"'/:](?:href|src|action|formaction|to|from|by|(values))[\t\n\r ]*=[\t\n\r ]*(?:"(?=([^"]*)")|'(?=([^']*)')|([^\t\n\f\r "'<>]+))/gi;
const PLAIN_HARMLESS = /^(?:[\t\n\r ]*(?:#|https?:|data:image\/(?!svg))|[^:&]*(?:[/?#]|$))/i;

function isPlainlyActive(text: string): boolean {
  for (const [, several, double, single, bare] of text.matchAll(PLAIN_ADDRESS)) {
    const written = double ?? single ?? bare ?? '';
    const addresses = several === undefined ? [written] : written.split(';');
    if (!addresses.every((address) => PLAIN_HARMLESS.test(address))) return true;
  }
  return false;
}

test('no address that a plain search finds is missed', () => {
  const words = [
    'href',
    'to',
    'values',
    'xlink:href',
    'src',
    '=',
    '="',
    "='",
    '"',
    "'",
    ' ',
    '\n',
    '>',
    '<a ',
    ';',
    '#',
  ];
  const addresses = [
    'javascript:',
    'https://a.test',
    'a',
    ':',
    '&',
    '/',
    'data:image/png,',
    'data:image/svg',
    '\t',
    '?',
  ];
  const piece = fc.constantFrom(...words, ...addresses);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      const text = `<svg ${pieces.join('')}`;
      if (isPlainlyActive(text)) assert.equal(hasActiveContent(text), true, text);
    }),
    { numRuns: 20_000 },
  );
});

test('many values and many addresses are no work', () => {
  for (const inside of [
    `<a values="${'#:;'.repeat(2_000_000)}"/>`,
    `<a${' to=a'.repeat(1_000_000)}>`,
    '"'.repeat(5_000_000),
    // Values in values.
    ` href=" to='/src=`.repeat(300_000),
    `/href=`.repeat(1_000_000),
    '<!DOCTYPE svg>'.repeat(600_000),
    `<!DOCTYPE svg${' '.repeat(80)}PUBLIC "${'x'.repeat(200)}" "${'x'.repeat(200)}">`.repeat(20_000),
  ])
    assert.equal(hasActiveContent(`<svg>${inside}</svg>`), false);
});
