import { type FramingCase, chunked, forward, forwarded, get, post, refuse, refused, sequence } from '../case.ts';

const DATA = '\r\nhello\r\n0\r\n\r\n';
const END = '0\r\n\r\n';

const SIZES: readonly (readonly [name: string, size: string])[] = [
  ['0x prefix', '0x5'],
  ['0X prefix', '0X5'],
  ['space behind', '5 '],
  ['tab behind', '5\t'],
  ['space before', ' 5'],
  ['tab before', '\t5'],
  ['minus zero', '-0'],
  ['minus five', '-5'],
  ['plus five', '+5'],
  ['underscore between digits', '0_5'],
  ['underscore, decimal separator style', '0_2'],
  ['underscore behind', '5_'],
  ['empty', ''],
  ['only a space', ' '],
  ['17 digits', '00000000000000005'],
  ['64 leading zeros', `${'0'.repeat(64)}5`],
  ['1,000 leading zeros', `${'0'.repeat(1000)}5`],
  ['not a digit', 'g'],
  ['not a digit behind', '5g'],
  ['h suffix', '5h'],
  ['fraction', '5.0'],
  ['comma behind', '5,'],
  ['two numbers', '5 5'],
  ['quoted', '"5"'],
  ['equals sign', '5=5'],
  ['NUL behind', '5\0'],
  ['NUL before', '\x005'],
  ['vertical tab behind', '5\x0b'],
  ['no-break space before', '\xa05'],
  ['fullwidth digit', '\xef\xbc\x95'],
  ['wraps at 2^64', '10000000000000005'],
  ['0x alone', '0x'],
];

const HUGE_SIZES: readonly (readonly [name: string, size: string])[] = [
  ['all of 64 bits', 'FFFFFFFFFFFFFFFF'],
  ['top bit of 64', '8000000000000000'],
  ['2^53', '20000000000000'],
  ['wraps at 2^32', '100000005'],
  ['just over the default limit', 'A00001'],
];

const EXTENSIONS: readonly (readonly [name: string, extension: string])[] = [
  ['a line feed', ';a\n'],
  ['a line feed, then a size', ';\n5'],
  ['a line feed in a quoted value', ';a="\n"'],
  ['two carriage returns', ';a\r'],
  ['a carriage return inside', ';a\rb'],
  ['NUL', ';a=\0'],
  ['a control byte', ';a=\x01'],
  ['delete', ';a=\x7f'],
  ['over 256 bytes', `;${'a'.repeat(300)}`],
  ['over 256 bytes in a quoted value', `;a="${'a'.repeat(300)}"`],
  ['over 16 KiB', `;${'a'.repeat(17_408)}`],
];

const GOOD_EXTENSIONS: readonly (readonly [name: string, extension: string])[] = [
  ['a name', ';a'],
  ['name and value', ';a=b'],
  ['a quoted value', ';a="b c"'],
  ['a semicolon in quotes', ';a="b;c"'],
  ['three of them', ';a;b=c;d="e"'],
  ['250 bytes', `;${'a'.repeat(249)}`],
];

interface BrokenBody {
  readonly name: string;
  readonly body: string;
}

const BROKEN_BODIES: readonly BrokenBody[] = [
  { name: 'no CRLF after the data', body: `5\r\nhello${END}` },
  { name: 'LF after the data', body: `5\r\nhello\n${END}` },
  { name: 'CR after the data', body: `5\r\nhello\r${END}` },
  { name: 'LF CR after the data', body: `5\r\nhello\n\r${END}` },
  { name: 'data longer than the size', body: `5\r\nhelloo\r\n${END}` },
  { name: 'data much longer than the size', body: `1\r\nhello\r\n${END}` },
  { name: 'data shorter than the size', body: `6\r\nhello\r\n${END}` },
  { name: 'two bytes in the place of CRLF', body: `5\r\nhelloXX${END}` },
  { name: 'an empty line after the CRLF', body: `5\r\nhello\r\n\r\n${END}` },
  { name: 'LF after the size', body: `5\nhello\r\n${END}` },
  { name: 'CR after the size', body: `5\rhello\r\n${END}` },
  { name: 'LF after the last size', body: '5\r\nhello\r\n0\n\r\n' },
  { name: 'LF as the end', body: '5\r\nhello\r\n0\r\n\n' },
  { name: 'CR CR LF as the end', body: '5\r\nhello\r\n0\r\n\r\r\n' },
  { name: 'a byte after the last size', body: '5\r\nhello\r\n0\r\nX\r\n\r\n' },
  { name: 'the second size is wrong', body: `5\r\nhello\r\nx\r\n${END}` },
  { name: 'the second size has a prefix', body: `5\r\nhello\r\n0x5\r\nworld\r\n${END}` },
  { name: 'leading empty line', body: `\r\n5\r\nhello\r\n${END}` },
];

const TRAILERS: readonly (readonly [name: string, trailer: string])[] = [
  ['Authorization', 'Authorization: Bearer smuggled'],
  ['Host', 'Host: evil.test'],
  ['Content-Length', 'Content-Length: 100'],
  ['Transfer-Encoding', 'Transfer-Encoding: chunked'],
  ['X-Forwarded-For', 'X-Forwarded-For: 10.0.0.1'],
  ['X-Forwarded-Host', 'X-Forwarded-Host: evil.test'],
  ['Cookie', 'Cookie: smuggled=1'],
  ['Set-Cookie', 'Set-Cookie: smuggled=1'],
  ['Content-Type', 'Content-Type: text/smuggled'],
  ['X-Portcullis-Subject', 'X-Portcullis-Subject: root'],
  ['Expect', 'Expect: 100-continue'],
  ['Connection', 'Connection: close'],
  ['a field nobody knows', 'X-Trailing: 1'],
];

const BROKEN_TRAILERS: readonly BrokenBody[] = [
  { name: 'folded', body: 'X-A: 1\r\n 2' },
  { name: 'without a colon', body: 'X-A' },
  { name: 'with a space before the colon', body: 'X-A : 1' },
  { name: 'with an empty name', body: ': 1' },
  { name: 'ended by LF', body: 'X-A: 1\n' },
  { name: 'with a NUL', body: 'X-A: \0' },
  { name: 'with a bare CR', body: 'X-A: 1\r2' },
  { name: 'that is a request line', body: 'GET /smuggled HTTP/1.1' },
  { name: 'of 20 KiB', body: `X-A: ${'v'.repeat(20_480)}` },
  { name: 'two hundred fields', body: Array.from({ length: 200 }, (_, index) => `X-${index}: 1`).join('\r\n') },
];

const smuggled = get('/smuggled').toString('latin1');

/** Items 12 to 15: chunked bodies. */
export const chunkCases: readonly FramingCase[] = [
  ...SIZES.map(([name, size]) =>
    refuse(`12: chunk size: ${name}`, chunked(`${size}${DATA}`), 'malformed-chunk', { reach: 'cut' }),
  ),
  ...HUGE_SIZES.map(([name, size]) =>
    sequence(`12: chunk size: ${name}`, chunked(`${size}${DATA}`), [refused('body-too-large', 413)], { reach: 'cut' }),
  ),
  refuse('12: chunk size: wrong on the last chunk', chunked(`5\r\nhello\r\n00x\r\n\r\n`), 'malformed-chunk', {
    reach: 'cut',
  }),
  refuse('12: chunk size: an empty last size', chunked('5\r\nhello\r\n\r\n\r\n'), 'malformed-chunk', { reach: 'cut' }),
  forward('12: chunk size: leading zeros', chunked(`0005${DATA}`), { body: 'hello' }),
  forward('12: chunk size: 16 digits', chunked(`0000000000000005${DATA}`), { body: 'hello' }),
  forward('12: chunk size: lower-case letter', chunked(`a\r\nhelloworld\r\n${END}`), { body: 'helloworld' }),
  forward('12: chunk size: upper-case letter', chunked(`A\r\nhelloworld\r\n${END}`), { body: 'helloworld' }),
  forward('12: chunk size: several zeros at the end', chunked('5\r\nhello\r\n000\r\n\r\n'), { body: 'hello' }),
  forward('12: chunks: five of one byte', chunked(`${[...'hello'].map((c) => `1\r\n${c}\r\n`).join('')}${END}`), {
    body: 'hello',
  }),
  forward('12: chunks: none but the last', chunked(END), { body: '' }),
  forward('12: chunks: the data looks like chunks', chunked(`9\r\n0\r\n\r\nGET \r\n${END}`), { body: '0\r\n\r\nGET ' }),
  ...EXTENSIONS.map(([name, extension]) =>
    refuse(`13: extension with ${name}`, chunked(`5${extension}${DATA}`), 'malformed-chunk', { reach: 'cut' }),
  ),
  refuse(
    '13: extension on the last chunk with a line feed',
    chunked('5\r\nhello\r\n0;a\n\r\n\r\n'),
    'malformed-chunk',
    {
      reach: 'cut',
    },
  ),
  refuse(
    '13: extensions over 256 bytes in three chunks',
    chunked(`${`1;${'a'.repeat(99)}\r\nx\r\n`.repeat(3)}${END}`),
    'malformed-chunk',
    { reach: 'cut' },
  ),
  refuse('13: extension that hides a request', chunked(`5;a\n${smuggled}`), 'malformed-chunk', { reach: 'cut' }),
  ...GOOD_EXTENSIONS.map(([name, extension]) =>
    forward(`13: extension: ${name}`, chunked(`5${extension}${DATA}`), { body: 'hello' }),
  ),
  forward('13: extension: on the last chunk', chunked('5\r\nhello\r\n0;a=b\r\n\r\n'), { body: 'hello' }),
  ...BROKEN_BODIES.map(({ name, body }) =>
    refuse(`14: chunk: ${name}`, chunked(body), 'malformed-chunk', { reach: 'cut' }),
  ),
  refuse('14: chunk: the data never comes whole', [chunked('5\r\nhel'), 'fin'], 'incomplete-request', { reach: 'cut' }),
  refuse('14: chunk: the last one never comes', [chunked('5\r\nhello\r\n'), 'fin'], 'incomplete-request', {
    reach: 'cut',
  }),
  refuse('14: chunk: the end never comes', [chunked('5\r\nhello\r\n0\r\n'), 'fin'], 'incomplete-request', {
    reach: 'cut',
  }),
  refuse('14: chunk: only the head comes', [chunked(''), 'fin'], 'incomplete-request', { reach: 'cut' }),
  sequence('14: chunk: a request follows the end', chunked(`5${DATA}${smuggled}`), [
    forwarded({ body: 'hello' }),
    forwarded({ target: '/smuggled' }),
  ]),
  ...TRAILERS.map(([name, trailer]) =>
    forward(`15: trailer: ${name}`, chunked(`5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`), { body: 'hello' }),
  ),
  forward('15: trailers: several', chunked('5\r\nhello\r\n0\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3\r\n\r\n'), { body: 'hello' }),
  forward(
    '15: trailer: announced',
    post(['Transfer-Encoding: chunked', 'Trailer: X-A'], '5\r\nhello\r\n0\r\nX-A: 1\r\n\r\n'),
    { body: 'hello', absent: ['x-a', 'trailer'] },
  ),
  ...BROKEN_TRAILERS.map(({ name, body }) =>
    refuse(`15: trailer ${name}`, chunked(`5\r\nhello\r\n0\r\n${body}\r\n\r\n`), 'malformed-chunk', { reach: 'cut' }),
  ),
];
