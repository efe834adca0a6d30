import { type FramingCase, bytes, forward, get, post, refuse, request } from '../case.ts';

const TWO_KINDS: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['length first', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
  ['coding first', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
  ['lower case', ['content-length: 5', 'transfer-encoding: chunked']],
  ['upper case', ['CONTENT-LENGTH: 5', 'TRANSFER-ENCODING: CHUNKED']],
  ['mixed case', ['cOnTeNt-LeNgTh: 5', 'tRaNsFeR-eNcOdInG: cHuNkEd']],
  ['fields between', ['Content-Length: 5', 'X-A: 1', 'X-B: 2', 'Transfer-Encoding: chunked']],
  ['length zero', ['Content-Length: 0', 'Transfer-Encoding: chunked']],
  ['no space after the colon', ['Content-Length:5', 'Transfer-Encoding:chunked']],
  ['the length is right', ['Content-Length: 15', 'Transfer-Encoding: chunked']],
  ['listed in Connection', ['Content-Length: 5', 'Transfer-Encoding: chunked', 'Connection: close']],
];

const REPEATED: readonly (readonly [item: number, name: string, fields: readonly string[]])[] = [
  [2, 'different', ['Content-Length: 5', 'Content-Length: 6']],
  [2, 'different, longer first', ['Content-Length: 6', 'Content-Length: 5']],
  [2, 'different, one is zero', ['Content-Length: 0', 'Content-Length: 5']],
  [2, 'different, zero last', ['Content-Length: 5', 'Content-Length: 0']],
  [2, 'different, other case', ['Content-Length: 5', 'content-length: 6']],
  [2, 'different, far apart', ['Content-Length: 5', 'Accept: */*', 'X-A: 1', 'CONTENT-LENGTH: 6']],
  [2, 'different in a list', ['Content-Length: 5, 6']],
  [2, 'three, the last differs', ['Content-Length: 5', 'Content-Length: 5', 'Content-Length: 6']],
  [3, 'the same', ['Content-Length: 5', 'Content-Length: 5']],
  [3, 'the same, other case', ['Content-Length: 5', 'CONTENT-length: 5']],
  [3, 'the same in a list', ['Content-Length: 5,5']],
  [3, 'the same in a list with a space', ['Content-Length: 5, 5']],
  [3, 'the same number written twice', ['Content-Length: 5', 'Content-Length: 05']],
  [3, 'both zero', ['Content-Length: 0', 'Content-Length: 0']],
  [3, 'one empty', ['Content-Length: 5', 'Content-Length:']],
];

const INVALID_LENGTHS: readonly (readonly [name: string, value: string])[] = [
  ['plus sign', '+5'],
  ['minus sign', '-5'],
  ['minus zero', '-0'],
  ['hexadecimal', '0x5'],
  ['hexadecimal digits', 'a'],
  ['space behind', '5 '],
  ['tab behind', '5\t'],
  ['space between digits', '1 5'],
  ['tab between digits', '1\t5'],
  ['underscore between digits', '1_0'],
  ['leading zero', '05'],
  ['leading zeros', '0000000005'],
  ['two zeros', '00'],
  ['empty', ''],
  ['only a space', ' '],
  ['fraction', '5.0'],
  ['exponent', '5e0'],
  ['binary', '0b101'],
  ['octal', '0o5'],
  ['letter behind', '5a'],
  ['letter before', 'a5'],
  ['word', 'five'],
  ['comma behind', '5,'],
  ['comma before', ',5'],
  ['semicolon behind', '5;'],
  ['parameter', '5;q=1'],
  ['quoted', '"5"'],
  ['single-quoted', "'5'"],
  ['group separator', '1,000'],
  ['infinity', 'Infinity'],
  ['not a number', 'NaN'],
  ['null', 'null'],
  ['the word chunked', 'chunked'],
];

const OUTSIDE_ASCII: readonly (readonly [name: string, value: string])[] = [
  ['Arabic-Indic digit', '\xd9\xa5'],
  ['fullwidth digit', '\xef\xbc\x95'],
  ['no-break space before', '\xa05'],
  ['superscript digit', '\xb2'],
  ['vertical tab before', '\x0b5'],
  ['form feed behind', '5\x0c'],
  ['NUL behind', '5\0'],
];

const OUT_OF_RANGE: readonly (readonly [name: string, value: string])[] = [
  ['2^53', '9007199254740992'],
  ['2^53 + 1', '9007199254740993'],
  ['2^63', '9223372036854775808'],
  ['2^64', '18446744073709551616'],
  ['2^64 + 5, which wraps to 5', '18446744073709551621'],
  ['2^32 times 2^64 + 5', '79228162514264337593543950341'],
  ['a hundred digits', '9'.repeat(100)],
];

const TOO_LARGE: readonly (readonly [name: string, value: string])[] = [
  ['the largest exact integer', '9007199254740991'],
  ['2^32 + 5, which wraps to 5', '4294967301'],
  ['2^31', '2147483648'],
  ['one byte over the default limit', '10485761'],
];

const small = (fields: readonly string[], body: string): Buffer =>
  request('POST /c HTTP/1.1', ['Host: small.test', ...fields], body);

const pieces = (count: number): string => `100\r\n${'x'.repeat(256)}\r\n`.repeat(count);

/** Items 1 to 5: how long a body is said to be. */
export const bodyLengthCases: readonly FramingCase[] = [
  ...TWO_KINDS.map(([name, fields]) =>
    refuse(`1: length and chunked: ${name}`, post(fields, '5\r\nhello\r\n0\r\n\r\n'), 'length-and-chunked'),
  ),
  refuse(
    '1: length and chunked: on a GET',
    get('/c', 'Content-Length: 4', 'Transfer-Encoding: chunked'),
    'length-and-chunked',
  ),
  refuse(
    '1: length and chunked: the rest is a request of its own',
    post(['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${get('/smuggled').toString('latin1')}`),
    'length-and-chunked',
  ),
  refuse('1: length and a coding that is none', post(['Content-Length: 5', 'Transfer-Encoding: identity'], 'hello'), [
    'length-and-chunked',
    'invalid-transfer-encoding',
  ]),
  ...REPEATED.map(([item, name, fields]) =>
    refuse(`${item}: two lengths: ${name}`, post(fields, 'hello'), 'invalid-content-length'),
  ),
  ...INVALID_LENGTHS.map(([name, value]) =>
    refuse(`4: length: ${name}`, post([`Content-Length: ${value}`], 'hello'), 'invalid-content-length'),
  ),
  ...OUTSIDE_ASCII.map(([name, value]) =>
    refuse(`4: length: ${name}`, post([`Content-Length: ${value}`], 'hello'), [
      'invalid-content-length',
      'malformed-header-value',
    ]),
  ),
  forward('4: length: no space after the colon', post(['Content-Length:5'], 'hello'), { body: 'hello' }),
  forward('4: length: spaces and a tab after the colon', post(['Content-Length: \t  5'], 'hello'), { body: 'hello' }),
  forward('4: length: upper-case name', post(['CONTENT-LENGTH: 5'], 'hello'), { body: 'hello' }),
  forward('4: length: zero', post(['Content-Length: 0']), { body: '' }),
  forward('4: length: none and no body', post([]), { body: '' }),
  ...OUT_OF_RANGE.map(([name, value]) =>
    refuse(`5: length: ${name}`, post([`Content-Length: ${value}`], 'hello'), 'invalid-content-length'),
  ),
  ...TOO_LARGE.map(([name, value]) =>
    refuse(`5: length: ${name}`, post([`Content-Length: ${value}`], 'hello'), 'body-too-large', { status: 413 }),
  ),
  refuse('5: length: one byte over the limit of an API', small(['Content-Length: 1025'], 'x'), 'body-too-large', {
    status: 413,
  }),
  forward('5: length: exactly the limit of an API', small(['Content-Length: 1024'], 'x'.repeat(1024)), {
    body: 'x'.repeat(1024),
  }),
  forward('5: chunks: exactly the limit of an API', small(['Transfer-Encoding: chunked'], `${pieces(4)}0\r\n\r\n`), {
    body: 'x'.repeat(1024),
  }),
  refuse(
    '5: chunks: one byte over the limit of an API',
    small(['Transfer-Encoding: chunked'], `${pieces(4)}1\r\nx\r\n0\r\n\r\n`),
    'body-too-large',
    { status: 413, reach: 'cut' },
  ),
  refuse(
    '5: chunks: one chunk said to be over the limit',
    small(['Transfer-Encoding: chunked'], `401\r\n${'x'.repeat(1025)}\r\n0\r\n\r\n`),
    'body-too-large',
    { status: 413, reach: 'cut' },
  ),
  refuse(
    '5: length: over the limit, with an expectation',
    small(['Content-Length: 1025', 'Expect: 100-continue'], ''),
    'body-too-large',
    { status: 413 },
  ),
  refuse('5: length: the body never comes whole', [post(['Content-Length: 5'], 'hel'), 'fin'], 'incomplete-request', {
    reach: 'cut',
  }),
  refuse('5: head: never comes whole', [bytes('GET /c HTTP/1.1\r\nHost: api.test\r\n'), 'fin'], 'incomplete-request'),
  refuse('5: head: ends inside the request line', [bytes('GET /c HT'), 'fin'], 'incomplete-request'),
];
