import { type FramingCase, byteName, bytes, forward, get, post, refuse, request } from '../case.ts';

const UNDERSCORED = [
  'Transfer_Encoding: chunked',
  'transfer_encoding: chunked',
  'Content_Length: 5',
  'CONTENT_LENGTH: 5',
  'X_Forwarded_For: 10.0.0.1',
  'X-Forwarded_For: 10.0.0.1',
  'X_Portcullis_Subject: root',
  'X-Portcullis_Subject: root',
  'X_Real-IP: 10.0.0.1',
  'HTTP_HOST: api.test',
  'Content_Type: text/plain',
  '_: 1',
  '_a: 1',
  'a_: 1',
  'a__b: 1',
];

const NAME_SEPARATORS = ' \t()<>@,;\\"/[]?={}';
const NAME_BYTES = [0x00, 0x01, 0x0b, 0x0c, 0x1f, 0x7f, 0x80, 0x85, 0xa0, 0xff];

const BROKEN_LINES: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['space before the colon of Host', ['Host : api.test']],
  ['tab before the colon of Host', ['Host\t: api.test']],
  ['space before the colon of Content-Length', ['Host: api.test', 'Content-Length : 0']],
  ['tab before the colon of Content-Length', ['Host: api.test', 'Content-Length\t: 0']],
  ['space before the colon of any field', ['Host: api.test', 'X-A : 1']],
  ['spaces before the colon', ['Host: api.test', 'X-A  \t : 1']],
  ['vertical tab before the colon', ['Host: api.test', 'X-A\x0b: 1']],
  ['space before the first field', [' Host: api.test']],
  ['tab before the first field', ['\tHost: api.test']],
  ['only a space before the first field', [' ', 'Host: api.test']],
  ['folded with a space', ['Host: api.test', 'X-A: 1', ' 2']],
  ['folded with a tab', ['Host: api.test', 'X-A: 1', '\t2']],
  ['folded Host', ['Host:', ' api.test']],
  ['folded, looks like a field', ['Host: api.test', 'X-A: 1', ' Host: evil.test']],
  ['folded with nothing on the line', ['Host: api.test', 'X-A: 1', ' ']],
  ['folded right before the end', ['X-A: 1', 'Host: api.test', '\t']],
  ['no colon', ['Host: api.test', 'X-A']],
  ['no colon, with a value', ['Host: api.test', 'X-A 1']],
  ['no colon in the first field', ['Host api.test']],
  ['equals sign for the colon', ['Host: api.test', 'X-A=1']],
  ['empty name', ['Host: api.test', ': 1']],
  ['empty name and value', ['Host: api.test', ':']],
  ['empty name, first field', [': 1', 'Host: api.test']],
  ['a space for the name', ['Host: api.test', ' : 1']],
  ['a request line among the fields', ['Host: api.test', 'GET /smuggled HTTP/1.1']],
  ['quoted name', ['Host: api.test', '"X-A": 1']],
];

interface Draft {
  readonly name: string;
  readonly text: string;
}

const BREAKS: readonly Draft[] = [
  { name: 'LF after the request line', text: 'GET /c HTTP/1.1\nHost: api.test\r\n\r\n' },
  { name: 'LF after Host', text: 'GET /c HTTP/1.1\r\nHost: api.test\n\r\n' },
  { name: 'LF between two fields', text: 'GET /c HTTP/1.1\r\nHost: api.test\nX-A: 1\r\n\r\n' },
  { name: 'LF as the empty line', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\n\n' },
  { name: 'LF everywhere', text: 'GET /c HTTP/1.1\nHost: api.test\n\n' },
  { name: 'two LF at the end', text: 'GET /c HTTP/1.1\r\nHost: api.test\n\n' },
  { name: 'LF CR for CRLF', text: 'GET /c HTTP/1.1\n\rHost: api.test\n\r\n\r' },
  { name: 'LF before the request line', text: '\nGET /c HTTP/1.1\r\nHost: api.test\r\n\r\n' },
  { name: 'LF inside the method', text: 'GE\nT /c HTTP/1.1\r\nHost: api.test\r\n\r\n' },
  { name: 'LF inside the target', text: 'GET /c\nd HTTP/1.1\r\nHost: api.test\r\n\r\n' },
  { name: 'LF inside a name', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\nX-\nA: 1\r\n\r\n' },
  { name: 'CR after the request line', text: 'GET /c HTTP/1.1\rHost: api.test\r\n\r\n' },
  { name: 'CR everywhere', text: 'GET /c HTTP/1.1\rHost: api.test\r\r' },
  { name: 'CR inside a value', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\nX-A: 1\r2\r\n\r\n' },
  { name: 'CR at the end of a value', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\nX-A: 1\r\r\n\r\n' },
  { name: 'CR at the end of Host', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\r\n\r\n' },
  { name: 'CR inside a name', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\nX-\rA: 1\r\n\r\n' },
  { name: 'CR before a name', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\n\rX-A: 1\r\n\r\n' },
  { name: 'CR before the colon', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\nX-A\r: 1\r\n\r\n' },
  { name: 'CR after the colon', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\nX-A:\r1\r\n\r\n' },
  { name: 'CR hides a field', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\nX-A: 1\rContent-Length: 30\r\n\r\n' },
  { name: 'CR inside the target', text: 'GET /c\rd HTTP/1.1\r\nHost: api.test\r\n\r\n' },
  { name: 'CR before the version', text: 'GET /c \rHTTP/1.1\r\nHost: api.test\r\n\r\n' },
  { name: 'CR CR LF after the request line', text: 'GET /c HTTP/1.1\r\r\nHost: api.test\r\n\r\n' },
  { name: 'CR CR LF as the empty line', text: 'GET /c HTTP/1.1\r\nHost: api.test\r\n\r\r\n' },
  { name: 'CR before the request line', text: '\rGET /c HTTP/1.1\r\nHost: api.test\r\n\r\n' },
];

const VALUE_CONTROLS = [...Array(0x20).keys(), 0x7f].filter((byte) => byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
const VALUE_OBS_TEXT: readonly (readonly [name: string, value: string])[] = [
  ['0x80', 'a\x80b'],
  ['0x85, next line', 'a\x85b'],
  ['0xa0, no-break space', '\xa0a'],
  ['0xff', 'a\xff'],
  ['e with acute in ISO 8859-1', 'caf\xe9'],
  ['e with acute in UTF-8', 'caf\xc3\xa9'],
  ['an ideograph in UTF-8', '\xe6\xbc\xa2'],
  ['U+FF3C fullwidth backslash', '\xef\xbc\xbc'],
];

const VISIBLE = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 0x21 + index));

const fields = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-N${index}: ${index}`);

/** Items 8 to 11, and the bounds of a head. */
export const headerSyntaxCases: readonly FramingCase[] = [
  ...UNDERSCORED.map((field) =>
    refuse(`8: underscore: ${field}`, post([field, 'Content-Length: 5'], 'hello'), 'underscore-in-header'),
  ),
  forward('8: underscore: only in a value', get('/c', 'X-A: a_b'), { present: [['x-a', 'a_b']] }),
  ...[...NAME_SEPARATORS].map((character) =>
    refuse(`9: name holds ${byteName(character.charCodeAt(0))}`, get('/c', `X${character}A: 1`), 'malformed-header'),
  ),
  ...NAME_BYTES.map((byte) =>
    refuse(`9: name holds ${byteName(byte)}`, get('/c', `X${String.fromCharCode(byte)}A: 1`), 'malformed-header'),
  ),
  ...BROKEN_LINES.map(([name, lines]) => refuse(`9: ${name}`, request('GET /c HTTP/1.1', lines), 'malformed-header')),
  ...[..."!#$%&'*+-.^`|~"].map((character) =>
    forward(`9: name holds the token character ${character}`, get('/c', `X${character}A: 1`), {
      present: [[`x${character}a`, '1']],
    }),
  ),
  forward('9: an empty value', get('/c', 'X-A:'), { present: [['x-a', '']] }),
  forward('9: a colon in the value', get('/c', 'X-A: b:c: d'), { present: [['x-a', 'b:c: d']] }),
  forward('9: white space around the value', get('/c', 'X-A: \t 1 \t'), { present: [['x-a', '1']] }),
  forward('9: a name of digits', get('/c', '42: 1'), { present: [['42', '1']] }),
  ...BREAKS.map(({ name, text }) =>
    refuse(`10: ${name}`, bytes(text), [
      'bare-line-break',
      'malformed-header',
      'malformed-request-line',
      'malformed-target',
    ]),
  ),
  ...VALUE_CONTROLS.map((byte) =>
    refuse(
      `11: value holds ${byteName(byte)}`,
      get('/c', `X-A: a${String.fromCharCode(byte)}b`),
      'malformed-header-value',
    ),
  ),
  refuse('11: value begins with NUL', get('/c', 'X-A: \0'), 'malformed-header-value'),
  refuse('11: NUL in Authorization', get('/c', 'Authorization: Bearer a\0b'), 'malformed-header-value'),
  ...VALUE_OBS_TEXT.map(([name, value]) =>
    refuse(`11: value holds ${name}`, get('/c', `X-A: ${value}`), 'malformed-header-value'),
  ),
  forward('11: value holds a tab', get('/c', 'X-A: a\tb'), { present: [['x-a', 'a\tb']] }),
  forward('11: value holds every visible character', get('/c', `X-A: ${VISIBLE}`), { present: [['x-a', VISIBLE]] }),
  forward('48: a value of 8 KiB', get('/c', `X-A: ${'v'.repeat(8192)}`), { present: [['x-a', 'v'.repeat(8192)]] }),
  forward('48: a hundred fields', get('/c', ...fields(99)), { present: [['x-n98', '98']] }),
  refuse('48: a hundred and one fields', get('/c', ...fields(100)), 'header-too-large', { status: 431 }),
  refuse('48: a value of 17 KiB', get('/c', `X-A: ${'v'.repeat(17_408)}`), 'header-too-large', { status: 431 }),
  refuse('48: a name of 17 KiB', get('/c', `X${'n'.repeat(17_408)}: 1`), 'header-too-large', { status: 431 }),
  refuse(
    '48: twenty values of 1 KiB',
    get('/c', ...fields(20).map((field) => field + 'v'.repeat(1024))),
    'header-too-large',
    {
      status: 431,
    },
  ),
  refuse(
    '48: a head without an end',
    bytes(`GET /c HTTP/1.1\r\nHost: api.test\r\nX-A: ${'v'.repeat(32_768)}`),
    'header-too-large',
    {
      status: 431,
    },
  ),
  forward('48: a target of exactly 8 KiB', get(`/${'a'.repeat(8191)}`), { target: `/${'a'.repeat(8191)}` }),
  refuse('48: a target one byte over 8 KiB', get(`/${'a'.repeat(8192)}`), 'target-too-long', { status: 414 }),
  refuse('48: a query that takes the target over 8 KiB', get(`/c?${'a'.repeat(8192)}`), 'target-too-long', {
    status: 414,
  }),
  refuse('48: a target without an end', bytes(`GET /${'a'.repeat(20_000)}`), 'target-too-long', { status: 414 }),
];
