import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  endOfAllowed,
  HEX_VALUE,
  HTTP2_NAME,
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

test('a field name of HTTP/2 is one of a request without upper case', () => {
  for (const octet of ALL)
    assert.equal(HTTP2_NAME[octet], allows(/[A-Z]/, octet) ? 0 : REQUEST_NAME[octet], `${octet}`);
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

/** Where the first octet stands that is not allowed, looked at one by one. */
function plainEnd(bytes: Uint8Array, from: number, allowed: Uint8Array): number {
  const at = bytes.subarray(from).findIndex((octet) => allowed[octet] !== 1);
  return at < 0 ? bytes.length : from + at;
}

test('any octet ends a long run or not, at every place of a word, whatever stands beside it', () => {
  const memory = Buffer.alloc(132, 0x7e);
  const judged = (octet: number, place: number, allowed: Uint8Array): void => {
    for (const beside of [0x20, 0x7e]) {
      memory.fill(beside);
      memory[place] = octet;
      const found = endOfAllowed(memory, 0, memory.length, allowed);
      assert.equal(found, allowed[octet] === 1 ? memory.length : place, `${octet} at ${place}`);
    }
  };
  for (let place = 100; place < 108; place++) {
    for (const octet of ALL) for (const allowed of [REQUEST_VALUE, REPLY_VALUE]) judged(octet, place, allowed);
  }
});

test('of several octets that end a run the first one does', () => {
  const odd = fc.tuple(fc.nat(160), fc.constantFrom(0, 9, 0x1f, 0x0d, 0x7f, 0x80, 0xff, 0x20));
  fc.assert(
    fc.property(
      fc.array(odd, { maxLength: 4 }),
      fc.nat(8),
      fc.nat(160),
      fc.boolean(),
      (odds, offset, length, reply) => {
        const bytes = Buffer.from(new ArrayBuffer(171), offset, length).fill(0x41);
        for (const [at, octet] of odds) if (at < length) bytes[at] = octet;
        const allowed = reply ? REPLY_VALUE : REQUEST_VALUE;
        for (const from of [0, 1, 2, 3].filter((start) => start < length)) {
          assert.equal(endOfAllowed(bytes, from, length, allowed), plainEnd(bytes, from, allowed));
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a run ends with its bytes, whatever lies behind them in the same memory', () => {
  const memory = new ArrayBuffer(203);
  const whole = new Uint8Array(memory).fill(0x61);
  for (let offset = 0; offset < 5; offset++) {
    for (let length = 90; length <= memory.byteLength - offset; length++) {
      const bytes = whole.subarray(offset, offset + length);
      assert.equal(endOfAllowed(bytes, 0, length, REQUEST_VALUE), length);
    }
  }
});

test('another memory is looked at as it is now, and so is the same one with other octets', () => {
  const [one, other] = [Buffer.alloc(300, 0x61), Buffer.alloc(300, 0x61)];
  other[200] = 1;
  for (const bytes of [one, other, one, other])
    assert.equal(endOfAllowed(bytes, 0, 300, REQUEST_VALUE), bytes === one ? 300 : 200);
  one[150] = 0x7f;
  assert.equal(endOfAllowed(one, 0, 300, REQUEST_VALUE), 150);
});
