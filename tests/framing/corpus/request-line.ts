import { type FramingCase, bytes, forward, refuse, request } from '../case.ts';

const VERSIONS = [
  'HTTP/0.9',
  'HTTP/1.2',
  'HTTP/1.9',
  'HTTP/2.0',
  'HTTP/2',
  'HTTP/3',
  'HTTP/1.10',
  'HTTP/1.01',
  'HTTP/01.1',
  'HTTP/1.1.1',
  'HTTP/11',
  'HTTP/1.',
  'HTTP/.1',
  'HTTP/1',
  'HTTP/',
  'http/1.1',
  'Http/1.1',
  'hTTP/1.1',
];

const NO_VERSIONS = [
  'HTTPS/1.1',
  'XTTP/1.1',
  'HTTP/1,1',
  'HTTP/1.x',
  'HTTP/-1.1',
  'HTTP\\1.1',
  'HTTP 1.1',
  'HTTP/ 1.1',
  'HTTP /1.1',
  'HTTP/1 .1',
  'HTTP/1.1\0',
  'HTTP/1.1x',
  '"HTTP/1.1"',
  'FTP/1.1',
  'ICY',
];

const LINES: readonly (readonly [name: string, line: string])[] = [
  ['two spaces before the target', 'GET  /c HTTP/1.1'],
  ['two spaces before the version', 'GET /c  HTTP/1.1'],
  ['a tab before the target', 'GET\t/c HTTP/1.1'],
  ['a tab before the version', 'GET /c\tHTTP/1.1'],
  ['a vertical tab before the target', 'GET\x0b/c HTTP/1.1'],
  ['a form feed before the version', 'GET /c\x0cHTTP/1.1'],
  ['a no-break space before the version', 'GET /c\xa0HTTP/1.1'],
  ['a space before the method', ' GET /c HTTP/1.1'],
  ['a tab before the method', '\tGET /c HTTP/1.1'],
  ['a space behind the version', 'GET /c HTTP/1.1 '],
  ['a tab behind the version', 'GET /c HTTP/1.1\t'],
  ['a word behind the version', 'GET /c HTTP/1.1 x'],
  ['two versions', 'GET /c HTTP/1.1 HTTP/1.1'],
  ['two targets', 'GET /c /d HTTP/1.1'],
  ['no target', 'GET HTTP/1.1'],
  ['an empty target', 'GET  HTTP/1.1'],
  ['no method', '/c HTTP/1.1'],
  ['an empty method', ' /c HTTP/1.1'],
  ['only a method', 'GET'],
  ['a field for the request line', 'Host: api.test'],
  ['a status line', 'HTTP/1.1 200 OK'],
  ['NUL in the method', 'GE\0T /c HTTP/1.1'],
  ['a parenthesis in the method', 'GE(T /c HTTP/1.1'],
  ['a colon in the method', 'GET: /c HTTP/1.1'],
  ['a comma in the method', 'GET,POST /c HTTP/1.1'],
  ['a slash in the method', 'GET/c HTTP/1.1'],
  ['a quoted method', '"GET" /c HTTP/1.1'],
  ['e with acute in the method', 'G\xc9T /c HTTP/1.1'],
  ['a byte order mark before the method', '\xef\xbb\xbfGET /c HTTP/1.1'],
  ['0x80 before the method', '\x80GET /c HTTP/1.1'],
  ['a PROXY header', 'PROXY TCP4 10.0.0.1 10.0.0.2 1000 443'],
];

const anyLine = ['malformed-request-line', 'malformed-target', 'unsupported-http-version', 'bare-line-break'] as const;

/** Item 18: the request line and its version. */
export const requestLineCases: readonly FramingCase[] = [
  ...VERSIONS.map((version) =>
    refuse(`18: version ${version}`, request(`GET /c ${version}`, ['Host: api.test']), 'unsupported-http-version'),
  ),
  ...NO_VERSIONS.map((version) =>
    refuse(`18: no version: ${JSON.stringify(version)}`, request(`GET /c ${version}`, ['Host: api.test']), anyLine),
  ),
  refuse('18: no version at all', request('GET /c', ['Host: api.test']), 'unsupported-http-version'),
  refuse('18: no version, but a space', request('GET /c ', ['Host: api.test']), anyLine),
  refuse('18: HTTP/0.9 without anything else', bytes('GET /c\r\n\r\n'), 'unsupported-http-version'),
  refuse('18: the preface of HTTP/2', bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), [
    'unsupported-http-version',
    'malformed-target',
  ]),
  ...LINES.map(([name, line]) => refuse(`18: request line: ${name}`, request(line, ['Host: api.test']), anyLine)),
  refuse(
    '18: two empty lines before the request line',
    bytes('\r\n\r\nGET /c HTTP/1.1\r\nHost: api.test\r\n\r\n'),
    anyLine,
  ),
  refuse(
    '43: the signature of PROXY version 2',
    bytes('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x50\x01\xbb'),
    anyLine,
  ),
  refuse(
    '43: PROXY version 1 before a request',
    bytes('PROXY TCP4 10.0.0.1 10.0.0.2 1000 443\r\nGET /c HTTP/1.1\r\nHost: api.test\r\n\r\n'),
    anyLine,
  ),
  forward('18: HTTP/1.0', request('GET /c HTTP/1.0', ['Host: api.test']), { closes: true }),
  forward('18: HTTP/1.0 with keep-alive', request('GET /c HTTP/1.0', ['Host: api.test', 'Connection: keep-alive']), {
    closes: true,
  }),
  forward('18: HTTP/1.0 with a body', request('POST /c HTTP/1.0', ['Host: api.test', 'Content-Length: 5'], 'hello'), {
    body: 'hello',
    closes: true,
  }),
  refuse('18: HTTP/1.0 without Host', request('GET /c HTTP/1.0', []), 'invalid-host'),
];
