import { type FramingCase, bytes, drop, forward, get, refuse, request } from '../case.ts';

const named = (...fields: readonly string[]): Buffer => request('GET /c HTTP/1.1', fields);

const TWO_HOSTS: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['the same', ['Host: api.test', 'Host: api.test']],
  ['another last', ['Host: api.test', 'Host: evil.test']],
  ['another first', ['Host: evil.test', 'Host: api.test']],
  ['another API last', ['Host: api.test', 'Host: small.test']],
  ['other case', ['Host: api.test', 'HOST: api.test']],
  ['far apart', ['Host: api.test', 'Accept: */*', 'X-A: 1', 'host: evil.test']],
  ['one empty', ['Host: api.test', 'Host:']],
  ['three', ['Host: api.test', 'Host: api.test', 'Host: api.test']],
];

const INVALID = [
  '',
  ' ',
  'a b',
  'api.test evil.test',
  'api.test, evil.test',
  'api.test,evil.test',
  'u@api.test',
  'u:p@api.test',
  'api.test@evil.test',
  'api.test/c',
  'api.test/',
  '/api.test',
  'api.test/evil?x#y',
  'api.test?x',
  'api.test#x',
  'api.test\\',
  'http://api.test',
  'api.test:99999',
  'api.test:65536',
  'api.test:80:90',
  'api.test:80x',
  'api.test:x',
  'api.test:-1',
  'api.test:+443',
  'api.test: 443',
  'api.test :443',
  'api.test:0x1bb',
  ':443',
  ':',
  'api..test',
  '.api.test',
  'api.test..',
  '.',
  '..',
  '"api.test"',
  "'api.test'",
  'api.test;x',
  'api.test%00',
  '%61pi.test',
  'api%2etest',
  '[::1',
  '::1]',
  '[::1]x',
  '[::1]:x',
  '[::g]',
  '[]',
  '[api.test]',
  '[fe80::1%25eth0]',
  '::1',
  '*',
  '*.test',
  '-',
  '-api.test',
  'api-.test',
  'api_x.test',
  'a(b.test',
  'a{b}.test',
];

const OUTSIDE_ASCII: readonly (readonly [name: string, value: string])[] = [
  ['NUL', 'api.test\0'],
  ['NUL in the middle', 'api\0.test'],
  ['umlaut in UTF-8', '\xc3\xa4pi.test'],
  ['fullwidth full stop', 'api\xef\xbc\x8etest'],
  ['ideographic full stop', 'api\xe3\x80\x82test'],
  ['soft hyphen', 'a\xc2\xadpi.test'],
  ['0xff', 'api.test\xff'],
  ['vertical tab', 'api.test\x0b'],
];

const TOO_LONG: readonly (readonly [name: string, value: string])[] = [
  ['a name of 256 bytes', `${'abcdefg.'.repeat(32)}`.slice(0, 255) + 'x'],
  ['a label of 64 bytes', `${'a'.repeat(64)}.test`],
  ['a name of 4 KiB', `${'abcdefg.'.repeat(512)}test`],
];

const SAME = [
  'API.TEST',
  'Api.Test',
  'aPI.tEST',
  'api.test.',
  'API.TEST.',
  'api.test:443',
  'api.test:8443',
  'api.test:1',
  'api.test:65535',
  'api.test.:443',
  'API.Test.:8443',
];

const UNKNOWN = [
  'evil.test',
  'localhost',
  '127.0.0.1',
  '127.0.0.1:443',
  '[::1]',
  '[::1]:443',
  'api.test.evil.test',
  'xapi.test',
  'x.api.test',
  'test',
  'api',
  'api-test',
  'xn--pi-7ka.test',
  '0x7f000001',
  '2130706433',
];

const WITHOUT_TLS: readonly (readonly [name: string, input: Buffer])[] = [
  ['a request', get('/c')],
  ['a PROXY header', bytes('PROXY TCP4 10.0.0.1 10.0.0.2 1000 443\r\n')],
  ['a PROXY header of version 2', bytes('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x50\x01\xbb')],
  ['a request after a PROXY header', Buffer.concat([bytes('PROXY TCP4 10.0.0.1 10.0.0.2 1000 443\r\n'), get('/c')])],
];

/** Items 35 to 37: which host a request is for. */
export const hostCases: readonly FramingCase[] = [
  ...TWO_HOSTS.map(([name, fields]) =>
    refuse(`35: two hosts: ${name}`, named(...fields), ['invalid-host', 'duplicate-header']),
  ),
  refuse('35: host: missing', named(), 'invalid-host'),
  refuse('35: host: missing, other fields there', named('Accept: */*', 'X-Host: api.test'), 'invalid-host'),
  refuse('35: host: only as X-Forwarded-Host', named('X-Forwarded-Host: api.test'), 'invalid-host'),
  ...INVALID.map((value) => refuse(`35: host: ${JSON.stringify(value)}`, named(`Host: ${value}`), 'invalid-host')),
  ...OUTSIDE_ASCII.map(([name, value]) =>
    refuse(`35: host holds ${name}`, named(`Host: ${value}`), ['invalid-host', 'malformed-header-value']),
  ),
  ...TOO_LONG.map(([name, value]) => refuse(`35: host: ${name}`, named(`Host: ${value}`), 'invalid-host')),
  ...SAME.map((value) => forward(`36: host: ${value}`, named(`Host: ${value}`))),
  forward('36: host: no space after the colon', named('Host:api.test')),
  forward('36: host: white space around it', named('Host: \t api.test \t')),
  forward('36: host: lower-case field name', named('host: api.test')),
  forward('36: host: upper-case field name', named('HOST: api.test')),
  forward('36: host: not the first field', named('Accept: */*', 'Host: api.test')),
  ...UNKNOWN.map((value) =>
    refuse(`37: unknown host: ${value}`, named(`Host: ${value}`), 'misdirected-request', {
      status: 421,
      closes: 'either',
    }),
  ),
  refuse(
    '37: unknown host: the path is known',
    request('GET /admin HTTP/1.1', ['Host: evil.test']),
    'misdirected-request',
    {
      status: 421,
      closes: 'either',
    },
  ),
  ...WITHOUT_TLS.map(([name, input]) => drop(`43: without TLS on the TLS port: ${name}`, input)),
];
