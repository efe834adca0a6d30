import { bytes, request } from '../case.ts';
import { bad, badBody, cut, delivered, reply, type ReplyCase } from '../reply-case.ts';

const OK = reply(['Content-Length: 2'], 'ok');
const STALE = reply(['Content-Length: 5'], 'stale');
const CHUNKS = '2\r\nok\r\n0\r\n\r\n';
const chunkedReply = (body: string): string => reply(['Transfer-Encoding: chunked'], body);

const LENGTHS: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['length and chunked', ['Content-Length: 12', 'Transfer-Encoding: chunked']],
  ['chunked and length', ['Transfer-Encoding: chunked', 'Content-Length: 12']],
  ['length and chunked in other case', ['content-length: 12', 'TRANSFER-ENCODING: Chunked']],
  ['two lengths that differ', ['Content-Length: 12', 'Content-Length: 11']],
  ['two lengths that agree', ['Content-Length: 12', 'Content-Length: 12']],
  ['two lengths in a list', ['Content-Length: 12, 12']],
  ['a signed length', ['Content-Length: +12']],
  ['a negative length', ['Content-Length: -1']],
  ['a hexadecimal length', ['Content-Length: 0xc']],
  ['an empty length', ['Content-Length:']],
  ['a length with a letter', ['Content-Length: 12a']],
  ['a length with a space inside', ['Content-Length: 1 2']],
  ['a length beyond 2^64', ['Content-Length: 18446744073709551628']],
  ['an unknown coding', ['Transfer-Encoding: xchunked']],
  ['gzip, then chunked', ['Transfer-Encoding: gzip, chunked']],
  ['chunked, then gzip', ['Transfer-Encoding: chunked, gzip']],
  ['identity', ['Transfer-Encoding: identity']],
  ['chunked twice', ['Transfer-Encoding: chunked, chunked']],
  ['chunked on two lines', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
  ['an empty coding', ['Transfer-Encoding:']],
];

const FIELDS: readonly (readonly [name: string, head: string])[] = [
  ['a bare line feed after the status line', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok'],
  ['a bare line feed after a field', 'HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 2\r\n\r\nok'],
  ['bare line feeds everywhere', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
  ['a line feed as the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok'],
  ['a bare carriage return in a value', 'HTTP/1.1 200 OK\r\nX-A: 1\r2\r\nContent-Length: 2\r\n\r\nok'],
  ['a bare carriage return in the reason', 'HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nok'],
  ['a folded field', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok'],
  ['a folded length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nok'],
  ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 2\r\n\r\nok'],
  ['a NUL in a name', 'HTTP/1.1 200 OK\r\nX\0A: 1\r\nContent-Length: 2\r\n\r\nok'],
  ['a control byte in a value', 'HTTP/1.1 200 OK\r\nX-A: \x01\r\nContent-Length: 2\r\n\r\nok'],
  ['a space before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok'],
  ['a space before the first field', 'HTTP/1.1 200 OK\r\n Content-Length: 2\r\n\r\nok'],
  ['a field without a colon', 'HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 2\r\n\r\nok'],
  ['a field without a name', 'HTTP/1.1 200 OK\r\n: 1\r\nContent-Length: 2\r\n\r\nok'],
];

const STATUS_LINES = [
  'HTTP/1.1 099 Low',
  'HTTP/1.1 000 None',
  'HTTP/1.1 600 High',
  'HTTP/1.1 999 High',
  'HTTP/1.1 20 Short',
  'HTTP/1.1 2000 Long',
  'HTTP/1.1 20x Odd',
  'HTTP/1.1 abc Odd',
  'HTTP/1.1 -20 Odd',
  'HTTP/1.1 +200 Odd',
  'HTTP/1.1  200 OK',
  'HTTP/1.1\t200 OK',
  'HTTP/1.1 200OK',
  'HTTP/1.1',
  'HTTP/1.1 ',
  'HTTP/2.0 200 OK',
  'HTTP/2 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/0.9 200 OK',
  'HTTP/11 200 OK',
  'http/1.1 200 OK',
  'ICY 200 OK',
  ' HTTP/1.1 200 OK',
  'HTTPS/1.1 200 OK',
  '200 OK',
  'GET / HTTP/1.1',
  'rubbish',
  '',
  'HTTP/1.1 200 O\0K',
];

const CHUNK_ERRORS: readonly (readonly [name: string, body: string])[] = [
  ['a size that is no number', `x\r\nok\r\n0\r\n\r\n`],
  ['a prefixed size', `0x2\r\nok\r\n0\r\n\r\n`],
  ['a signed size', `+2\r\nok\r\n0\r\n\r\n`],
  ['a space behind the size', `2 \r\nok\r\n0\r\n\r\n`],
  ['a space before the size', ` 2\r\nok\r\n0\r\n\r\n`],
  ['an empty size', `\r\nok\r\n0\r\n\r\n`],
  ['a size of 17 digits', `00000000000000002\r\nok\r\n0\r\n\r\n`],
  ['a line feed after the size', `2\nok\r\n0\r\n\r\n`],
  ['no CRLF after the data', `2\r\nok0\r\n\r\n`],
  ['a line feed after the data', `2\r\nok\n0\r\n\r\n`],
  ['data longer than the size', `2\r\nokay\r\n0\r\n\r\n`],
  ['a wrong second size', `2\r\nok\r\nx\r\n\r\n`],
  ['a line feed in an extension', `2;a\n\r\nok\r\n0\r\n\r\n`],
  ['a folded trailer', `2\r\nok\r\n0\r\nX-A: 1\r\n 2\r\n\r\n`],
  ['a line feed as the end', `2\r\nok\r\n0\r\n\n`],
  ['a byte after the last size', `2\r\nok\r\n0\r\nX\r\n\r\n`],
];

const BROKEN = ['upstream-malformed-reply'] as const;
const ENDED = ['upstream-incomplete-reply', 'upstream-unreachable'] as const;
const interim = (count: number, line = 'HTTP/1.1 103 Early Hints'): string => reply([], '', line).repeat(count);
const head = request('HEAD /reply HTTP/1.1', ['Host: api.test']);

const UPLOAD_BYTES = 100_000;
const smuggled = request('GET /smuggled HTTP/1.1', ['Host: api.test']);
const upload = request('POST /reply HTTP/1.1', ['Host: api.test', `Content-Length: ${UPLOAD_BYTES}`], 'x'.repeat(64));
const chunkedUpload = request(
  'POST /reply HTTP/1.1',
  ['Host: api.test', 'Transfer-Encoding: chunked'],
  '5\r\nhello\r\n',
);
const early = { request: upload, method: 'POST', when: 'head', reusable: false, lateBytes: smuggled } as const;

const framing: readonly ReplyCase[] = [
  ...LENGTHS.map(([name, fields]) => bad(`23: reply with ${name}`, reply(fields, CHUNKS), BROKEN)),
  bad('23: reply with chunked over HTTP/1.0', reply(['Transfer-Encoding: chunked'], CHUNKS, 'HTTP/1.0 200 OK'), BROKEN),
  ...FIELDS.map(([name, text]) => bad(`23: reply with ${name}`, text, BROKEN)),
  ...STATUS_LINES.map((line) =>
    bad(`23: status line ${JSON.stringify(line)}`, reply(['Content-Length: 2'], 'ok', line), BROKEN),
  ),
  bad('23: reply with a head of 300 KiB', reply([`X-A: ${'v'.repeat(307_200)}`, 'Content-Length: 2'], 'ok'), BROKEN),
  bad(
    '23: reply with 2,000 fields',
    reply([...Array.from({ length: 2000 }, (_, index) => `X-${index}: 1`), 'Content-Length: 2'], 'ok'),
    BROKEN,
  ),
  bad('23: reply with a head without an end', `HTTP/1.1 200 OK\r\nX-A: ${'v'.repeat(307_200)}`, BROKEN),
  bad('23: reply with a status line without an end', 'x'.repeat(307_200), BROKEN),
];

const interims: readonly ReplyCase[] = [
  bad('23: eleven interim replies', interim(11) + OK, BROKEN),
  bad('23: a hundred interim replies', interim(100) + OK, BROKEN),
  bad('23: eleven times 100 Continue', interim(11, 'HTTP/1.1 100 Continue') + OK, BROKEN),
  bad('23: an endless line of interim replies', interim(2000, 'HTTP/1.1 102 Processing'), BROKEN),
  bad('23: 101 that nobody asked for', reply([], '', 'HTTP/1.1 101 Switching Protocols'), BROKEN),
  bad(
    '23: 101 to another protocol',
    reply(['Connection: Upgrade', 'Upgrade: h2c'], '', 'HTTP/1.1 101 Switching Protocols'),
    BROKEN,
  ),
  bad(
    '23: 101 and then a reply',
    reply(['Connection: Upgrade', 'Upgrade: websocket'], '', 'HTTP/1.1 101 Switching Protocols') + OK,
    BROKEN,
  ),
  bad(
    '23: 101 to an upgrade that was dropped',
    reply(['Connection: Upgrade', 'Upgrade: h2c'], '', 'HTTP/1.1 101 Switching Protocols'),
    BROKEN,
    {
      request: request('GET /reply HTTP/1.1', ['Host: api.test', 'Connection: Upgrade', 'Upgrade: h2c']),
    },
  ),
  bad(
    '23: an interim reply with a body',
    `${reply(['Content-Length: 5'], 'hello', 'HTTP/1.1 103 Early Hints')}${OK}`,
    BROKEN,
  ),
  bad('23: the origin breaks after an interim reply', [interim(1), 'reset'], ENDED),
  bad('23: the origin ends after an interim reply', [interim(1), 'fin'], ENDED),
  delivered('23: one interim reply', interim(1) + OK, 'ok'),
  delivered('23: ten interim replies', interim(10) + OK, 'ok'),
  delivered('23: 100 that nobody asked for', interim(1, 'HTTP/1.1 100 Continue') + OK, 'ok', { interims: 0 }),
];

const broken: readonly ReplyCase[] = [
  bad('22: the origin ends before any byte', ['fin'], ENDED),
  bad('22: the origin breaks before any byte', ['reset'], ENDED),
  bad('22: the origin ends inside the status line', ['HTTP/1.1 20', 'fin'], ENDED),
  bad('22: the origin breaks inside the status line', ['HTTP/1.1 20', 'reset'], ENDED),
  bad('22: the origin ends inside the head', ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n', 'fin'], ENDED),
  bad('22: the origin breaks inside the head', ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n', 'reset'], ENDED),
  badBody('22: the origin ends short of the length', [reply(['Content-Length: 10'], 'short'), 'fin'], ENDED),
  badBody('22: the origin ends right after the head', [reply(['Content-Length: 10']), 'fin'], ENDED),
  badBody('22: the origin breaks inside the body', [reply(['Content-Length: 10'], 'short'), 'reset'], ENDED),
  cut('22: ends short of the length, the client has a part', [
    reply(['Content-Length: 10'], 'short'),
    { clientGot: 'short' },
    'fin',
  ]),
  cut('22: breaks inside the body, the client has a part', [
    reply(['Content-Length: 10'], 'short'),
    { clientGot: 'short' },
    'reset',
  ]),
  cut('22: ends inside a chunk, the client has a part', [chunkedReply('a\r\nshort'), { clientGot: 'short' }, 'fin']),
  cut('22: breaks inside a chunk, the client has a part', [
    chunkedReply('a\r\nshort'),
    { clientGot: 'short' },
    'reset',
  ]),
  cut('22: ends between two chunks', [chunkedReply('5\r\nshort\r\n'), { clientGot: 'short' }, 'fin']),
  cut('22: breaks between two chunks', [chunkedReply('5\r\nshort\r\n'), { clientGot: 'short' }, 'reset']),
  cut('22: ends before the last line of the last chunk', [
    chunkedReply('5\r\nshort\r\n0\r\n'),
    { clientGot: 'short' },
    'fin',
  ]),
  cut('22: breaks in a body that lasts until the end', [reply([], 'short'), { clientGot: 'short' }, 'reset']),
  ...CHUNK_ERRORS.map(([name, body]) => badBody(`23: chunked reply with ${name}`, chunkedReply(body), BROKEN)),
  ...CHUNK_ERRORS.map(([name, body]) =>
    cut(`23: chunked reply with ${name}, the client has a part`, [
      chunkedReply('5\r\nshort\r\n'),
      { clientGot: 'short' },
      body,
    ]),
  ),
];

const poison: readonly ReplyCase[] = [
  delivered('22: bytes after the length', `${OK}EXTRA`, 'ok', { reusable: false }),
  delivered('22: a second reply after the length', OK + STALE, 'ok', { reusable: false }),
  delivered('22: a CRLF after the length', `${OK}\r\n`, 'ok', { reusable: false }),
  delivered('22: a second reply after the last chunk', chunkedReply(CHUNKS) + STALE, 'ok', { reusable: false }),
  delivered('22: bytes after the last chunk', `${chunkedReply(CHUNKS)}EXTRA`, 'ok', { reusable: false }),
  delivered('22: a second reply later, on the idle connection', [OK, { clientGot: 'ok' }, STALE], 'ok', {
    reusable: false,
  }),
  delivered('22: one byte later, on the idle connection', [OK, { clientGot: 'ok' }, 'x'], 'ok', { reusable: false }),
  delivered('22: an interim reply later, on the idle connection', [OK, { clientGot: 'ok' }, interim(1)], 'ok', {
    reusable: false,
  }),
  delivered('22: 204 with a body', reply(['Content-Length: 5'], 'stale', 'HTTP/1.1 204 No Content'), '', {
    status: 204,
    reusable: false,
  }),
  delivered('22: 304 with a body', reply(['Content-Length: 5'], 'stale', 'HTTP/1.1 304 Not Modified'), '', {
    status: 304,
    reusable: false,
  }),
  delivered('22: 204 and a second reply', reply([], '', 'HTTP/1.1 204 No Content') + STALE, '', {
    status: 204,
    reusable: false,
  }),
  delivered('22: HEAD answered with a body', reply(['Content-Length: 5'], 'stale'), '', {
    request: head,
    method: 'HEAD',
    reusable: false,
  }),
  delivered('22: HEAD answered with chunks', chunkedReply(CHUNKS), '', {
    request: head,
    method: 'HEAD',
    reusable: false,
  }),
  delivered('22: HEAD answered twice', reply(['Content-Length: 2']) + STALE, '', {
    request: head,
    method: 'HEAD',
    reusable: false,
  }),
  delivered('22: a length of zero and a body', reply(['Content-Length: 0'], 'stale'), '', { reusable: false }),
];

const plain: readonly ReplyCase[] = [
  delivered('22: a reply with a length', OK, 'ok'),
  delivered('22: a reply in chunks', chunkedReply(CHUNKS), 'ok'),
  delivered('22: a reply in chunks with extensions', chunkedReply('2;a=b\r\nok\r\n0;c\r\n\r\n'), 'ok'),
  delivered('15: a reply with a trailer', chunkedReply('2\r\nok\r\n0\r\nX-Trailing: 1\r\n\r\n'), 'ok', {
    absent: ['x-trailing'],
  }),
  delivered('22: a reply until the end', [reply([], 'until the end'), 'fin'], 'until the end', { reusable: false }),
  delivered('22: an empty reply until the end', [reply([]), 'fin'], '', { reusable: false }),
  delivered('22: a reply of HTTP/1.0', [reply(['Content-Length: 2'], 'ok', 'HTTP/1.0 200 OK'), 'fin'], 'ok', {
    reusable: false,
  }),
  delivered('22: a reply of HTTP/1.0 that stays open', reply(['Content-Length: 2'], 'ok', 'HTTP/1.0 200 OK'), 'ok', {
    reusable: false,
  }),
  delivered(
    '22: a reply of HTTP/1.0 until the end',
    [reply([], 'until the end', 'HTTP/1.0 200 OK'), 'fin'],
    'until the end',
    { reusable: false },
  ),
  delivered('46: a reply that closes', reply(['Content-Length: 2', 'Connection: close'], 'ok'), 'ok', {
    reusable: false,
  }),
  delivered('46: a reply that closes, other case', reply(['Content-Length: 2', 'CONNECTION: Close'], 'ok'), 'ok', {
    reusable: false,
  }),
  delivered(
    '46: hop-by-hop fields of a reply',
    reply(
      [
        'Content-Length: 2',
        'Connection: X-Hop',
        'X-Hop: 1',
        'Keep-Alive: timeout=5',
        'Upgrade: h2c',
        'Trailer: X-A',
        'Proxy-Authenticate: Basic',
      ],
      'ok',
    ),
    'ok',
    {
      absent: ['x-hop', 'upgrade', 'trailer', 'proxy-authenticate'],
    },
  ),
  delivered('22: 204', reply([], '', 'HTTP/1.1 204 No Content'), '', { status: 204 }),
  delivered('22: 304 with a length', reply(['Content-Length: 5', 'ETag: "a"'], '', 'HTTP/1.1 304 Not Modified'), '', {
    status: 304,
  }),
  delivered('22: HEAD', reply(['Content-Length: 5']), '', { request: head, method: 'HEAD' }),
  delivered('22: HEAD in chunks', reply(['Transfer-Encoding: chunked']), '', { request: head, method: 'HEAD' }),
  delivered('22: no reason in the status line', reply(['Content-Length: 2'], 'ok', 'HTTP/1.1 200 '), 'ok'),
  delivered('22: a status nobody knows', reply(['Content-Length: 2'], 'ok', 'HTTP/1.1 299 Odd'), 'ok', { status: 299 }),
  delivered('22: an error', reply(['Content-Length: 2'], 'ok', 'HTTP/1.1 500 Oops'), 'ok', { status: 500 }),
  delivered('22: a body that looks like a reply', reply([`Content-Length: ${STALE.length}`], STALE), STALE),
];

const uploads: readonly ReplyCase[] = [
  delivered('21: early answer to an upload by length', OK, 'ok', early),
  delivered('21: early refusal of an upload', reply(['Content-Length: 2'], 'no', 'HTTP/1.1 413 Too Large'), 'no', {
    ...early,
    status: 413,
  }),
  delivered('21: early answer that closes', reply(['Content-Length: 2', 'Connection: close'], 'ok'), 'ok', early),
  delivered('21: early answer and the end', [OK, 'fin'], 'ok', early),
  delivered('21: early answer to an upload in chunks', OK, 'ok', {
    ...early,
    request: chunkedUpload,
    lateBytes: bytes(`${smuggled.length.toString(16)}\r\n${smuggled.toString('latin1')}\r\n0\r\n\r\n`),
  }),
  delivered('21: early answer in chunks', chunkedReply(CHUNKS), 'ok', early),
  bad('21: the origin breaks during an upload', ['reset'], ENDED, { ...early }),
  bad('21: early answer that is malformed', 'rubbish\r\n\r\n', BROKEN, { ...early }),
];

/** What upstreams may answer: items 21 to 23, and the faults of upstreams. */
export const replyCases: readonly ReplyCase[] = [...framing, ...interims, ...broken, ...poison, ...plain, ...uploads];
