import fc from 'fast-check';
import { type Change, changed, changeOf } from './mutation.ts';

// `api.test` stands for the name of a lane.

const METHOD = fc.constantFrom('GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND');
const ODD_METHOD = fc.constantFrom('get', 'CONNECT', 'TRACE', 'G ET', '', 'GET\t', 'A'.repeat(40));
const TARGET = fc.constantFrom('/c', '/c?a=1', '/a/b', '/%61', '/c?x[]=1', 'https://api.test/c', '*', '/', '/a%20b');
const ODD_TARGET = fc.constantFrom('/../c', '//c', '/c#a', '/c d', 'http://b.test/c', '/c;a', '/%2e/c', '', '/\x80');
const VERSION = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0');
const ODD_VERSION = fc.constantFrom('HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.1 ', 'HTTP/01.1', '', 'HTTP/1.10');

/** Fields that are sound alone, and mean nothing for the framing. */
const FIELD = fc.constantFrom(
  'x-a: 1',
  'X-Empty:',
  'x-long:  padded \t',
  `x-big: ${'y'.repeat(700)}`,
  'accept: */*, text/plain',
  'cookie: a=1; b=2',
  'connection: keep-alive',
  'connection: x-a, x-b',
  'te: trailers',
  'trailer: x-t',
  'expect: 100-continue',
  'keep-alive: timeout=5',
  'range: bytes=0-1',
  'content-type: text/plain',
  'accept-encoding: gzip',
);

/** Fields that somebody somewhere reads as framing, a host, an end, or a way round. */
const ODD_FIELD = fc.constantFrom(
  'content-length: 5',
  'Content-Length: 0',
  'content-length: +5',
  'content-length: 5, 5',
  'content-length: 0x5',
  'content-length: 05',
  'content-length : 5',
  'content-length:\x0b5',
  'content_length: 5',
  'transfer-encoding: chunked',
  'Transfer-Encoding: Chunked',
  'transfer-encoding: identity',
  'transfer-encoding: gzip, chunked',
  'transfer-encoding: chunked, chunked',
  'transfer-encoding: xchunked',
  'transfer-encoding:\x0bchunked',
  'transfer-encoding : chunked',
  'transfer_encoding: chunked',
  ' transfer-encoding: chunked',
  'x-a: 1\r\n transfer-encoding: chunked',
  'x-a: 1\ntransfer-encoding: chunked',
  'x-a: 1\rtransfer-encoding: chunked',
  'x-a: 1\0',
  'connection: close',
  'connection: content-length',
  'connection: transfer-encoding, host',
  'host: api.test',
  'host: b.test',
  'upgrade: websocket\r\nconnection: upgrade',
  'upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABk',
  'x-http-method-override: DELETE',
  'x-original-url: /b',
  'expect: 200-ok',
  ': empty',
  'x a: 1',
  'none',
);

const TEXT = fc.oneof(
  fc.constantFrom(
    '',
    'hello',
    'a=1',
    '0\r\n\r\n',
    'GET /smuggled HTTP/1.1\r\nHost: api.test\r\n\r\n',
    '\r\n\r\n',
    '5\r\n',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 40 }),
  fc.constant('z'.repeat(3_000)),
);
const EXTENSION = fc.constantFrom('', '', '', '', ';a', ';a=1', ' ; a="b;\\""', ';a="', ';\n', ' ', ';a=\r');
const TRAILERS = fc.constantFrom(
  '',
  '',
  '',
  'x-t: 1\r\n',
  'content-length: 9\r\nhost: b.test\r\n',
  'x-t\r\n',
  ' x: 1\r\n',
);
const SIZE = fc.constantFrom<(size: number) => string>(
  (size) => size.toString(16),
  (size) => size.toString(16),
  (size) => size.toString(16).toUpperCase(),
  (size) => size.toString(16).padStart(8, '0'),
  (size) => size.toString(16).padStart(17, '0'),
  (size) => `0x${size.toString(16)}`,
  (size) => `+${size.toString(16)}`,
  (size) => (size + 1).toString(16),
  (size) => `${size.toString(16)}g`,
);
const CHUNK = fc
  .tuple(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 30 }), fc.nat(40), SIZE, EXTENSION)
  .map(([data, odds, size, extension]) =>
    // Most chunks are plain, or no body of several would ever pass.
    odds > 3 ? `${data.length.toString(16)}\r\n${data}\r\n` : `${size(data.length)}${extension}\r\n${data}\r\n`,
  );
const CHUNKED = fc
  .tuple(fc.array(CHUNK, { maxLength: 4 }), EXTENSION, TRAILERS)
  .map(([chunks, extension, trailers]) => `${chunks.join('')}0${extension}\r\n${trailers}\r\n`);

/** Field lines that frame a body, and the body. */
const BODY: fc.Arbitrary<readonly [readonly string[], string]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant([[], ''] as const) },
  { weight: 4, arbitrary: TEXT.map((text) => [[`content-length: ${text.length}`], text] as const) },
  { weight: 4, arbitrary: CHUNKED.map((text) => [['transfer-encoding: chunked'], text] as const) },
  { weight: 1, arbitrary: TEXT.map((text) => [[], text] as const) },
  {
    weight: 1,
    arbitrary: fc.tuple(TEXT, fc.nat(60)).map(([text, length]) => [[`content-length: ${length}`], text] as const),
  },
);

/** The arbitrary, and in one of so many cases the odd one. */
function seldom<T>(odds: number, usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: odds - 1, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

const BREAK = seldom(60, fc.constant('\r\n'), fc.constantFrom('\n', '\r', '\r\r\n'));
const NO_FIELDS: readonly string[] = [];

const REQUEST = fc
  .record({
    line: fc.tuple(seldom(25, METHOD, ODD_METHOD), seldom(25, TARGET, ODD_TARGET), seldom(25, VERSION, ODD_VERSION)),
    host: seldom(30, fc.constantFrom('Host: api.test', 'host: API.test:443'), fc.constantFrom('Host:', 'x-no: host')),
    fields: fc.array(FIELD, { maxLength: 3 }),
    odd: seldom(5, fc.constant(NO_FIELDS), fc.array(ODD_FIELD, { minLength: 1, maxLength: 2 })),
    body: BODY,
    lineBreak: BREAK,
  })
  .chain(({ line, host, fields, odd, body: [framing, body], lineBreak }) => {
    const lines = [host, ...fields, ...odd, ...framing];
    return fc
      .shuffledSubarray(lines, { minLength: lines.length })
      .map((all) => `${[line.join(' '), ...all].join(lineBreak)}${lineBreak}\r\n${body}`);
  });

/** One to four requests behind each other, sometimes with a few bytes changed. */
export const REQUESTS: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(REQUEST, { minLength: 1, maxLength: 4 }),
    seldom(6, fc.constant([] as Change[]), fc.array(changeOf(6), { minLength: 1, maxLength: 2 })),
  )
  .map(([requests, changes]) => changes.reduce(changed, Buffer.from(requests.join(''), 'latin1')));
