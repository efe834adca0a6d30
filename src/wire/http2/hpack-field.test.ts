import assert from 'node:assert/strict';
import test from 'node:test';
import { DISGUISED_FIELD, FIELD, OTHER_FIELD } from '../field-names.ts';
import { REPLY_VALUE, REQUEST_VALUE, TOKEN } from '../octets.ts';
import { type FieldRules, PSEUDO, REPLY_RULES, REQUEST_RULES, valueFault } from './hpack-field.ts';
import { Decoding, literal } from './hpack-fixture.test.ts';

function nameOf(name: string, rules: FieldRules = REQUEST_RULES): ReturnType<FieldRules['name']> {
  const bytes = Buffer.from(`X${name}X`, 'latin1');
  return rules.name(bytes, 1, bytes.length - 1);
}

/** The fault of a name, or of a value of a field that nobody knows; `!` where it makes the head malformed. */
function faultOf(name: string, value: string, rules: FieldRules = REQUEST_RULES): string | null {
  const decoding = new Decoding({ rules });
  assert.equal(decoding.decode(literal(name, value)), null);
  const [field] = decoding.fields;
  assert.equal(decoding.fields.length, 1);
  const fault = field?.fault ?? null;
  assert.equal(field?.line, fault === null && !name.startsWith(':') ? `${name}: ${value}\r\n` : '');
  return fault === null ? null : `${fault.code}${fault.malformed ? '!' : ''}`;
}

test('a name has the number that HTTP/1.1 gives it, also in disguise', () => {
  for (const [name, number] of [
    ['content-type', FIELD['content-type']],
    ['cookie', FIELD.cookie],
    ['x-forwarded-for', FIELD['x-forwarded-for']],
    ['x-portcullis-anything', DISGUISED_FIELD],
    ['x.forwarded.for', DISGUISED_FIELD],
    ['accept', OTHER_FIELD],
    ['x', OTHER_FIELD],
  ] as const)
    assert.deepEqual(nameOf(name), { name, number, fault: null });
  assert.equal(
    nameOf('x.forwarded.for', REPLY_RULES).number,
    OTHER_FIELD,
    'of replies nobody takes a disguise for a field',
  );
});

test('pseudo fields have numbers of their own, and what looks like one is unknown', () => {
  for (const [name, number] of Object.entries(PSEUDO)) {
    if (name === 'unknown') continue;
    assert.deepEqual(nameOf(`:${name}`), { name: `:${name}`, number, fault: null });
    assert.ok(number < 0);
  }
  assert.equal(new Set(Object.values(PSEUDO)).size, Object.keys(PSEUDO).length);
  for (const name of [':', ':Method', ':unknown', ':path ', ':path:', '::path', ':constructor', ':a\r\nb'])
    assert.deepEqual(nameOf(name), { name, number: PSEUDO.unknown, fault: null }, JSON.stringify(name));
});

/** Every octet, as a character, and names with it; a colon in front would make a pseudo field. */
const NAMES = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).map((character) => ({
  character,
  isSound: TOKEN[character.charCodeAt(0)] === 1 && !/[A-Z]/.test(character),
  names: [`a${character}`, `a${character}b`, ...(character === ':' ? [] : [`${character}b`])],
}));

test('a name is a token in lower case (RFC 9113 §8.2.1)', () => {
  for (const { names, isSound } of NAMES)
    for (const name of names) assert.equal(faultOf(name, '', REPLY_RULES), isSound ? null : 'malformed-header!', name);
  for (const rules of [REQUEST_RULES, REPLY_RULES]) assert.equal(faultOf('', '', rules), 'malformed-header!');
});

test('the name of a request is that and has no underscore', () => {
  for (const { character, names, isSound } of NAMES) {
    const fault = character === '_' ? 'underscore-in-header' : isSound ? null : 'malformed-header!';
    for (const name of names) assert.equal(faultOf(name, ''), fault, JSON.stringify(name));
  }
});

test('what the RFC forbids in a name counts for more than an underscore, wherever it stands', () => {
  for (const name of ['a_B', 'B_a', '_\n', '\n_', '_:']) assert.equal(faultOf(name, ''), 'malformed-header!');
});

test('a value holds what it may over HTTP/1.1, and no white space at its ends', () => {
  for (const [rules, values] of [
    [REQUEST_RULES, REQUEST_VALUE],
    [REPLY_RULES, REPLY_VALUE],
  ] as const) {
    assert.equal(faultOf('a', '', rules), null);
    for (let octet = 0; octet < 256; octet++) {
      const character = String.fromCharCode(octet);
      const malformed = '\0\r\n'.includes(character);
      const within = values[octet] === 1 ? null : `malformed-header-value${malformed ? '!' : ''}`;
      assert.equal(faultOf('a', `b${character}c`, rules), within, `${octet}`);
      assert.equal(faultOf(':path', `/${character}c`, rules), within, `${octet} in a pseudo field`);
      const atEnd = character === ' ' || character === '\t' ? 'malformed-header-value!' : within;
      for (const value of [character, `${character}b`, `b${character}`])
        assert.equal(faultOf('a', value, rules), atEnd, `${octet}`);
    }
  }
});

test('a line break counts for more than what only we refuse, wherever it stands in the value', () => {
  for (const value of ['\x80\n', '\n\x80', 'a\x7f\0', `${'\x80'.repeat(200)}\r`])
    assert.equal(faultOf('a', value), 'malformed-header-value!');
  assert.equal(faultOf('a', `${'b'.repeat(300)}\x80${'b'.repeat(300)}`), 'malformed-header-value');
  assert.equal(faultOf('a', `${'b'.repeat(300)}\n${'b'.repeat(300)}`), 'malformed-header-value!');
});

test('a value is judged up to its end and no further', () => {
  const bytes = Buffer.from('abc\r\n', 'latin1');
  assert.equal(valueFault(bytes, 0, 3, REQUEST_VALUE), null);
  assert.equal(valueFault(bytes, 0, 0, REQUEST_VALUE), null);
  assert.equal(valueFault(bytes, 0, 4, REQUEST_VALUE)?.malformed, true);
});

test('fields of the connection are refused by their names, whatever they say (RFC 9113 §8.2.2)', () => {
  for (const rules of [REQUEST_RULES, REPLY_RULES])
    for (const name of ['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
      for (const value of ['', 'close', 'trailers', '\x80', ' '])
        assert.equal(faultOf(name, value, rules), 'connection-specific-field!', `${name}: ${value}`);
});

test('te says that trailers are taken, and nothing else; a reply has none', () => {
  assert.equal(faultOf('te', 'trailers'), null);
  for (const value of ['', 'Trailers', 'trailers, deflate', 'trailers;q=1', 'gzip', 'trailer', 'trailersx'])
    assert.equal(faultOf('te', value), 'connection-specific-field!', value);
  assert.equal(faultOf('te', 'trailers', REPLY_RULES), 'connection-specific-field!');
});
