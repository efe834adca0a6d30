// No tests here: heads that must be refused, each under its code. Kept apart from the product by its name.
import type { ProblemCode } from '../base/index.ts';

/** The end of a head. */
export const HEAD_END = '\r\n\r\n';

/** A head of a first line and fields. */
export const head = (line: string, ...fields: readonly string[]): string => `${[line, ...fields].join('\r\n')}${HEAD_END}`;

/** A GET with its Host. */
export const get = (target: string, ...fields: readonly string[]): string => head(`GET ${target} HTTP/1.1`, 'Host: a.test', ...fields);

/** A POST with its Host. */
export const post = (...fields: readonly string[]): string => head('POST /c HTTP/1.1', 'Host: a.test', ...fields);

/** So many kilobytes of value. */
export const kilobytes = (count: number): string => 'v'.repeat(count * 1_024);

const named = (...fields: readonly string[]): string => head('GET /c HTTP/1.1', ...fields);
const line = (text: string): string => head(text, 'Host: a.test');

/** Every head here is refused with the code it stands under. */
const BAD: { readonly [code in ProblemCode]?: readonly string[] } = {
  'malformed-request-line': [
    line(' GET /c HTTP/1.1'), line('\tGET /c HTTP/1.1'), line('GET  /c HTTP/1.1'), line('GET /c  HTTP/1.1'), line('GET\t/c HTTP/1.1'), line('GET /c HTTP/1.1 '), line('GET /c HTTP/1.1\t'),
    line('GET /c HTTP/1.1 x'), line('GET /c /d HTTP/1.1'), line('/c HTTP/1.1'), line('GET'), line('Host: a'), line('GE(T /c HTTP/1.1'), line('GET: /c HTTP/1.1'), line('GET,PUT /c HTTP/1.1'),
    line('"GET" /c HTTP/1.1'), line('G\xc9T /c HTTP/1.1'), line('GE\0T /c HTTP/1.1'), line('\xef\xbb\xbfGET /c HTTP/1.1'), line(`${'A'.repeat(33)} /c HTTP/1.1`), line(`${'A'.repeat(9_000)} /c HTTP/1.1`),
    line('GET /c XTTP/1.1'), line('GET /c HTTP/1,1'), line('GET /c HTTP/1.x'), line('GET /c HTTP /1.1'), line('GET /c HTTP/1.1\0'), line('GET /c ICY'), line('GET /c FTP/1.1'), line('GET /c '), line('GET '),
  ],
  'unsupported-http-version': [
    line('GET /c'), line('GET /c HTTP/0.9'), line('GET /c HTTP/1.2'), line('GET /c HTTP/2.0'), line('GET /c HTTP/2'), line('GET /c HTTP/1.10'), line('GET /c HTTP/01.1'), line('GET /c HTTP/1'),
    line('GET /c HTTP/'), line('GET /c http/1.1'), line('GET /c Http/1.1'), line('GET /c HTTPS/1.1'), line(`GET /c HTTP/1.${'1'.repeat(100)}`), line('GET HTTP/1.1'), 'PRI * HTTP/2.0\r\n\r\n',
  ],
  'target-too-long': [get(`/${'a'.repeat(8_192)}`), get(`/c?${'a'.repeat(8_192)}`), line(`GET /${'a'.repeat(9_000)}`), get(`/%zz${'a'.repeat(8_192)}`)],
  'bare-line-break': [
    'GET /c HTTP/1.1\nHost: a\r\n\r\n', 'GET /c HTTP/1.1\rHost: a\r\n\r\n', 'GET /c\nHost: a\r\n\r\n', 'GET /c\rd HTTP/1.1\r\n\r\n', 'GET\n/c HTTP/1.1\r\n\r\n', 'GET /c HTTP/1.1\r\r\nHost: a\r\n\r\n',
    '\nGET /c HTTP/1.1\r\n\r\n', named('Host: a\nX: 1'), named('Host: a\rX: 1'), named('Host: a\r\r\nX: 1'), named('Host: a', 'X\n: 1'), named('Host: a', '\nX: 1'), named('Host: a', '\rX: 1'), named('X:\r1'),
  ],
  'malformed-header': [
    named('Host : a'), named(' Host: a'), named('Host: a', ' folded'), named('Host: a', '\tfolded'), named('Host: a', ': 1'), named('Host: a', 'X'), named('Host: a', 'X\0: 1'), named('Host: a', 'X(: 1'), named('Host: a', 'X\x80: 1'),
    named('Host: a', 'X y: 1'), post('Content-Length : 5'), post('Transfer-Encoding:', ' chunked'), named('Host: a', 'Content-Length'),
  ],
  'malformed-header-value': [named('Host: a\0'), named('Host: a', 'X: \x01'), named('Host: a', 'X: a\x7f'), named('Host: a', 'X: \x80'), named('Host: a', 'X: caf\xc3\xa9'), named('Host: a', 'X: a\x0bb'), named('Host: a\xff')],
  'underscore-in-header': [named('Host: a', 'X_Y: 1'), post('Content_Length: 5'), post('Transfer_Encoding: chunked'), named('_Host: a')],
  'header-too-large': [
    get('/c', `X: ${kilobytes(17)}`), get('/c', `X${kilobytes(17)}: 1`), get('/c', ...Array.from({ length: 20 }, () => `X: ${kilobytes(1)}`)), get('/c', ...Array.from({ length: 100 }, () => 'X: 1')),
    get('/c', `Connection: ${Array.from({ length: 33 }, (_, at) => `x${at}`).join(',')}`),
  ],
  'malformed-target': [
    get('c'), get('*'), head('POST * HTTP/1.1', 'Host: a'), get('*/c'), get('/c#x'), get('/c#'), get('#'), get('/a\\b'), get('/a"b'), get('/a<b'), get('/a{b}'), get('/a|b'), get('/a^b'), get('/a`b'), get('/a\x7fb'),
    get('/a\xe9b'), get('/a\0b'), get('/a[0]'), get('/c?a"'), get('/c?\\'), get('file:///etc/passwd'), get('ftp://a.test/'), get('ws://a.test/'), get('http:/a.test/'), get('http:a.test'), get('javascript:1'), get('a.test:443'),
    get('http://a.test/c#x'), get('https://a.test#x'), head('CONNECT a.test HTTP/1.1 '.trim(), 'Host: a').replace('a.test', 'a_b:1'), head('CONNECT * HTTP/1.1', 'Host: a'),
  ],
  'malformed-escape': [get('/%'), get('/%zz'), get('/%00'), get('/%0d%0a'), get('/%c0%ae'), get('/%ff'), get('/%u002e'), get('/c?%0'), get('/c?x=%00'), get('http://a.test/%00')],
  'encoded-separator': [get('/a%2fb'), get('/..%2fadmin'), get('/a%5Cb'), get('https://a.test/a%2fb')],
  'dot-segment': [get('/..'), get('/a/../b'), get('/%2e%2e/b'), get('/./c'), get('http://a.test/../c')],
  'empty-segment': [get('//evil.test/c'), get('/a//b'), get('http://a.test//c')],
  'path-parameter': [get('/a;b=c'), get('/..;/admin')],
  'invalid-host': [
    named(), named('X: 1'), named('Host:'), named('Host: a b'), named('Host: u@a'), named('Host: a/b'), named('Host: a:99999'), named('Host: a:80:90'), named('Host: [::1'), named('Host: a_b'), named('Host: a', 'Host: a'),
    named('Host: a', 'HOST: b'), named('Host: http://a'), named('Host: a,b'), head('GET /c HTTP/1.0'), get('http://b.test/c'), get('http://u@a.test/c'), get('http://'), get('http:///c'), get('https://a.test:0/c'),
    get('http://a.test\\@evil.test/'), get('http://%61.test/'),
  ],
  'duplicate-header': [get('/c', 'Authorization: a', 'authorization: a'), post('Content-Type: a', 'Content-Type: b'), get('/c', 'Cookie: a', 'Cookie: b'), get('/c', 'Origin: a', 'Origin: b'), get('/c', 'Range: a', 'Range: b')],
  'length-and-chunked': [post('Content-Length: 5', 'Transfer-Encoding: chunked'), post('Transfer-Encoding: chunked', 'Content-Length: 0')],
  'invalid-content-length': [
    post('Content-Length: +5'), post('Content-Length: 05'), post('Content-Length:'), post('Content-Length: 5 '), post('Content-Length: 5\t'), post('Content-Length: 5, 5'), post('Content-Length: 5', 'Content-Length: 5'),
    post('Content-Length: 9007199254740992'), post('Content-Length: 0x5'), post('Content-Length: 5;'),
  ],
  'invalid-transfer-encoding': [
    post('Transfer-Encoding: gzip'), post('Transfer-Encoding: gzip, chunked'), post('Transfer-Encoding: chunked, identity'), post('Transfer-Encoding: xchunked'), post('Transfer-Encoding:'), post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    head('POST /c HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked'), head('GET /c HTTP/1.1', 'Host: a', 'Transfer-Encoding: cow'),
  ],
  'connection-names-protected-header': [
    get('/c', 'Connection: authorization'), get('/c', 'Connection: close, HOST'), get('/c', 'Connection: x-forwarded-for'), get('/c', 'Connection: X-Portcullis-Subject'), get('/c', 'Connection: content-length'), get('/c', 'Connection: cookie'),
    get('/c', 'Connection: a b'), get('/c', 'Connection: "close"'), get('/c', 'Connection: keep-alive', 'Connection: content-type'),
  ],
  'invalid-expect': [
    get('/c', 'Expect: 100-continue'), post('Expect: 100-continue'), post('Content-Length: 0', 'Expect: 100-continue'), post('Content-Length: 5', 'Expect:'), post('Content-Length: 5', 'Expect: 100-continue', 'Expect: 100-continue'),
    post('Content-Length: 5', 'Expect: y 100-continue'), post('Content-Length: 5', 'Expect: 100-continue, x'),
  ],
  'expectation-failed': [post('Content-Length: 5', 'Expect: 200-ok'), post('Content-Length: 5', 'Expect: 100-continue;q=1')],
};

/** Every code with a head that is refused for it. */
export const BAD_HEADS = Object.entries(BAD).flatMap(([code, heads]) => heads.map((text) => [code, text] as const));
