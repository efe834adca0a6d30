import assert from 'node:assert/strict';
import { test } from 'node:test';
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
