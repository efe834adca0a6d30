import { type FramingCase, chunked, forward, get, post, refuse, request } from '../case.ts';

const BODY = '5\r\nhello\r\n0\r\n\r\n';

const INVALID: readonly (readonly [name: string, value: string])[] = [
  ['letter before', 'xchunked'],
  ['letter behind', 'chunkedx'],
  ['letter missing', 'chunke'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['compress', 'compress'],
  ['an unknown coding', 'cow'],
  ['gzip, then chunked', 'gzip, chunked'],
  ['gzip, then chunked without a space', 'gzip,chunked'],
  ['chunked, then gzip', 'chunked, gzip'],
  ['chunked, then identity', 'chunked, identity'],
  ['identity, then chunked', 'identity, chunked'],
  ['chunked twice', 'chunked, chunked'],
  ['comma before', ',chunked'],
  ['comma and space before', ', chunked'],
  ['comma behind', 'chunked,'],
  ['commas around', ',chunked,'],
  ['only a comma', ','],
  ['parameter', 'chunked;q=1'],
  ['parameter after a space', 'chunked; q=1'],
  ['semicolon behind', 'chunked;'],
  ['quoted', '"chunked"'],
  ['single-quoted', "'chunked'"],
  ['in brackets', '[chunked]'],
  ['space inside', 'chun ked'],
  ['tab inside', 'chun\tked'],
  ['word before', 'x chunked'],
  ['word behind', 'chunked x'],
  ['slash behind', 'chunked/1'],
  ['equals sign', 'chunked=1'],
  ['backslash before', '\\chunked'],
  ['percent-encoded', '%63hunked'],
  ['hyphen inside', 'chun-ked'],
  ['empty', ''],
  ['only a space', ' '],
  ['null', 'null'],
];

const CONTROL: readonly (readonly [name: string, value: string])[] = [
  ['vertical tab before', '\x0bchunked'],
  ['vertical tab behind', 'chunked\x0b'],
  ['form feed before', '\x0cchunked'],
  ['form feed behind', 'chunked\x0c'],
  ['NUL before', '\0chunked'],
  ['NUL behind', 'chunked\0'],
  ['unit separator before', '\x1fchunked'],
  ['delete behind', 'chunked\x7f'],
  ['next line before', '\x85chunked'],
  ['no-break space before', '\xa0chunked'],
  ['no-break space behind', 'chunked\xa0'],
  ['Kelvin sign for k', 'chun\xe2\x84\xaaed'],
  ['fullwidth c', '\xef\xbd\x83hunked'],
  ['byte order mark before', '\xef\xbb\xbfchunked'],
  ['zero-width space before', '\xe2\x80\x8bchunked'],
];

const TWO_LINES: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['both chunked', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
  ['both chunked, other case', ['Transfer-Encoding: chunked', 'TRANSFER-ENCODING: chunked']],
  ['identity last', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']],
  ['identity first', ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked']],
  ['gzip first', ['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked']],
  ['an unknown one last', ['Transfer-Encoding: chunked', 'Transfer-Encoding: x']],
  ['an empty one first', ['Transfer-Encoding:', 'Transfer-Encoding: chunked']],
  ['fields between', ['Transfer-Encoding: chunked', 'X-A: 1', 'Accept: */*', 'Transfer-Encoding: x']],
];

const HIDDEN: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['space before the colon', ['Transfer-Encoding : chunked']],
  ['tab before the colon', ['Transfer-Encoding\t: chunked']],
  ['value on the next line', ['Transfer-Encoding:', ' chunked']],
  ['value on the next line after a tab', ['Transfer-Encoding:', '\tchunked']],
  ['folded into the field before', ['X-A: 1', ' Transfer-Encoding: chunked']],
  ['space before the name', [' Transfer-Encoding: chunked']],
  ['after a bare line feed', ['X-A: 1\nTransfer-Encoding: chunked']],
  ['after a bare carriage return', ['X-A: 1\rTransfer-Encoding: chunked']],
];

/** Items 6 and 7: Transfer-Encoding. */
export const transferEncodingCases: readonly FramingCase[] = [
  ...INVALID.map(([name, value]) =>
    refuse(`6: coding: ${name}`, post([`Transfer-Encoding: ${value}`], BODY), 'invalid-transfer-encoding'),
  ),
  ...CONTROL.map(([name, value]) =>
    refuse(`6: coding: ${name}`, post([`Transfer-Encoding: ${value}`], BODY), [
      'invalid-transfer-encoding',
      'malformed-header-value',
    ]),
  ),
  ...TWO_LINES.map(([name, fields]) =>
    refuse(`6: two codings: ${name}`, post(fields, BODY), 'invalid-transfer-encoding'),
  ),
  ...HIDDEN.map(([name, fields]) =>
    refuse(`6: hidden coding: ${name}`, post([...fields, 'Content-Length: 15'], BODY), [
      'malformed-header',
      'bare-line-break',
    ]),
  ),
  refuse('6: coding: unknown, on a GET', get('/c', 'Transfer-Encoding: cow'), 'invalid-transfer-encoding'),
  forward('6: coding: chunked', chunked(BODY), { body: 'hello' }),
  forward('6: coding: upper case', post(['TRANSFER-ENCODING: CHUNKED'], BODY), { body: 'hello' }),
  forward('6: coding: mixed case', post(['transfer-Encoding: cHUNked'], BODY), { body: 'hello' }),
  forward('6: coding: no space after the colon', post(['Transfer-Encoding:chunked'], BODY), { body: 'hello' }),
  refuse(
    '7: HTTP/1.0 with chunked',
    request('POST /c HTTP/1.0', ['Host: api.test', 'Transfer-Encoding: chunked'], BODY),
    'invalid-transfer-encoding',
  ),
  refuse(
    '7: HTTP/1.0 with chunked on a GET',
    request('GET /c HTTP/1.0', ['Host: api.test', 'Transfer-Encoding: chunked']),
    'invalid-transfer-encoding',
  ),
  refuse(
    '7: HTTP/1.0 with chunked and keep-alive',
    request('POST /c HTTP/1.0', ['Host: api.test', 'Connection: keep-alive', 'Transfer-Encoding: chunked'], BODY),
    'invalid-transfer-encoding',
  ),
  refuse(
    '7: HTTP/1.0 with chunked and a length',
    request('POST /c HTTP/1.0', ['Host: api.test', 'Content-Length: 15', 'Transfer-Encoding: chunked'], BODY),
    ['invalid-transfer-encoding', 'length-and-chunked'],
  ),
  refuse(
    '7: HTTP/0.9 with chunked',
    request('POST /c HTTP/0.9', ['Host: api.test', 'Transfer-Encoding: chunked'], BODY),
    'unsupported-http-version',
  ),
];
