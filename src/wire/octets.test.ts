import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HEX_VALUE,
  LOWER,
  PATH,
  QUERY,
  REPLY_VALUE,
  REQUEST_NAME,
  REQUEST_VALUE,
  TOKEN,
  UNRESERVED,
} from './octets.ts';

const ALL = Array.from({ length: 256 }, (_, octet) => octet);

/** The octets that a table marks, as text. */
function marked(table: Uint8Array, mark: number): string {
  return ALL.filter((octet) => table[octet] === mark)
    .map((octet) => String.fromCharCode(octet))
    .join('');
}

/** Whether a pattern allows the octet. */
function allows(pattern: RegExp, octet: number): boolean {
  return pattern.test(String.fromCharCode(octet));
}

test('a token holds what RFC 9110 §5.6.2 lists and nothing else', () => {
  for (const octet of ALL) assert.equal(TOKEN[octet] === 1, allows(/[!#$%&'*+\-.^_`|~0-9A-Za-z]/, octet), `${octet}`);
});

test('a field name of a request is a token without underscores, and its plain part is letters, digits and hyphen', () => {
  for (const octet of ALL) {
    const expected = octet === 0x5f ? 0 : allows(/[A-Za-z0-9-]/, octet) ? 1 : (TOKEN[octet] as number) * 2;
    assert.equal(REQUEST_NAME[octet], expected, `${octet}`);
  }
});

test('a field value of a request is visible ASCII, space and tab; a reply may hold obs-text besides', () => {
  for (const octet of ALL) {
    const visible = octet === 0x09 || (octet >= 0x20 && octet < 0x7f);
    assert.equal(REQUEST_VALUE[octet] === 1, visible, `${octet}`);
    assert.equal(REPLY_VALUE[octet] === 1, visible || octet >= 0x80, `${octet}`);
  }
});

test('a path holds pchar of RFC 3986 §3.3 without the semicolon', () => {
  assert.equal(marked(PATH, 2), '/');
  assert.equal(marked(PATH, 3), '%.');
  for (const octet of ALL) {
    const expected = allows(/[A-Za-z0-9\-_~:@!$&'()*+,=]/, octet);
    assert.equal(PATH[octet] === 1, expected, `${octet}`);
  }
});

test('a query holds pchar, slash, question mark and, for clients that leave them bare, brackets', () => {
  assert.equal(marked(QUERY, 2), '%[]');
  for (const octet of ALL) {
    assert.equal(QUERY[octet] === 1, allows(/[A-Za-z0-9\-._~:@!$&'()*+,;=/?]/, octet), `${octet}`);
  }
});

test('unreserved characters are those of RFC 3986 §2.3', () => {
  for (const octet of ALL) assert.equal(UNRESERVED[octet] === 1, allows(/[A-Za-z0-9\-._~]/, octet), `${octet}`);
});

test('lower case changes ASCII letters only, and hexadecimal digits have their value', () => {
  for (const octet of ALL) {
    const isUpper = octet >= 0x41 && octet <= 0x5a;
    assert.equal(LOWER[octet], isUpper ? octet + 32 : octet);
    const digit = '0123456789abcdef'.indexOf(String.fromCharCode(octet).toLowerCase());
    assert.equal(HEX_VALUE[octet], digit < 0 || octet > 0x7f ? 255 : digit, `${octet}`);
  }
});
