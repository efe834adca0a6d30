import assert from 'node:assert/strict';
import test from 'node:test';
import { assertVerdicts } from './fixtures.test.ts';
import { encodingOf, formatOf } from './format.ts';

type Rows = Readonly<
  Record<string, readonly [passes: readonly (string | number)[], fails: readonly (string | number)[]]>
>;

const FORMATS: Rows = {
  char: [
    ['a', '\u00e4', '\u{1f600}', ' '],
    ['', 'ab', 'a\u0308', '\ud83d', '\u{1f600}a'],
  ],
  decimal: [
    ['0', '19.99', '-0.001', '123456789012345678901234567890'],
    ['', '.5', '5.', '05', '+5', '1e3', '1,5', '0x5', '5 ', 'NaN', '1'.repeat(200)],
  ],
  decimal128: [
    [
      '0',
      '1e6144',
      '-1.5E-6143',
      '1234567890123456789012345678901234',
      '1000000000000000000000000000000000000',
      '0e9999',
    ],
    ['', '1e6145', '0.1e-6143', '12345678901234567890123456789012345', 'Infinity', '1e', '1e999999', '1'.repeat(200)],
  ],
  'double-int': [
    [0, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
    [Number.MAX_SAFE_INTEGER + 1, 0.5, 1e300],
  ],
  'http-date': [
    ['Sat, 31 Jan 2026 12:00:00 GMT', 'Thu, 29 Feb 2024 23:59:60 GMT'],
    [
      'Sun, 31 Jan 2026 12:00:00 GMT',
      'Sat, 31 Jan 2026 12:00:00 UTC',
      'Sat, 31 Jan 2026 24:00:00 GMT',
      'Mon, 30 Feb 2026 12:00:00 GMT',
      'Sat, 31 Foo 2026 12:00:00 GMT',
      'Saturday, 31-Jan-26 12:00:00 GMT',
      'Sat Jan 31 12:00:00 2026',
      'Sat, 31 Jan 2026 12:00:00 GMT ',
    ],
  ],
  'time-local': [
    ['12:00:00', '23:59:60', '00:00:00.123'],
    ['12:00:00Z', '12:00', '24:00:00', '12:00:00.', '12:00:00+01:00', ''],
  ],
  'date-time-local': [
    ['2026-01-31T12:00:00', '2026-01-31t12:00:00.5'],
    ['2026-01-31T12:00:00Z', '2026-02-30T12:00:00', '2026-01-31 12:00:00', '2026-01-31', ''],
  ],
  'media-range': [
    ['*/*', 'text/*', 'application/vnd.a+json', 'text/html;level=1', 'text/html; a="b;c"'],
    ['', 'text', '*/html', 'text/', '/html', 'text/html;', 'text/html;a', 'text/html,a/b', 'te xt/html', 'a/b;c="d'],
  ],
  'sf-binary': [
    ['::', ':AQ==:', ':aGVsbG8=:'],
    ['', 'AQ==', ':AQ:', ':AR==:', ':A:', ':AQ==:;a', ' :AQ==:', ':AQ=='],
  ],
  'sf-boolean': [
    ['?0', '?1'],
    ['', '0', 'true', '?2', '?', '?1;a', '?1 '],
  ],
  'sf-string': [
    ['""', '"a b"', '"a\\"b\\\\"'],
    ['', 'a', '"a', '"a"b"', '"\u00e4"', '"a\\b"', '"a";b=1', '"\n"', '"a", "b"'],
  ],
  'sf-token': [
    ['a', '*', 'foo/bar', 'a:b!'],
    ['', '1a', '-a', 'a b', '"a"', 'a;b', 'a,b', '(a)'],
  ],
  'sf-integer': [
    [0, -5, 999_999_999_999_999],
    [1e15, 0.5, -1e15],
  ],
  'sf-decimal': [
    [0, 0.1, -1.125, 999_999_999_999.999, 5],
    [1e12, 0.0001, 1e300, -1e12],
  ],
  date: [
    ['2024-02-29', '0000-01-01', '9999-12-31'],
    ['2023-02-29', '2024-13-01', '2024-00-10', '2024-04-31', '24-01-01', '2024-01-01Z', '2024-01-0٣'],
  ],
  time: [
    ['12:00:00Z', '23:59:60Z', '00:59:60+01:00', '12:00:00.123z'],
    ['24:00:00Z', '12:00:00', '12:60:00Z', '22:59:60Z', '12:00:00+24:00', '12:00Z', '12:00:00.Z'],
  ],
  'date-time': [
    ['2026-01-31T12:00:00Z', '1998-12-31t15:59:60.123-08:00'],
    ['2026-01-31 12:00:00Z', '2026-02-30T12:00:00Z', '2026-01-31T12:00:00', '1998-12-31T23:58:60Z', ''],
  ],
  duration: [
    ['P1Y2M3DT4H5M6S', 'P4W', 'PT36H', 'P1DT12H'],
    ['P', 'PT', 'P1Y2D', 'P1W2D', '1D', 'PT1D', 'P1.5D', 'PT1H5S'],
  ],
  uuid: [
    ['2eb8aa08-AA98-11ea-b4aa-73b441d16380', '00000000-0000-0000-0000-000000000000'],
    [
      '2eb8aa08aa9811eab4aa73b441d16380',
      '2eb8aa08-aa98-11ea-b4aa-73b441d1638',
      '{2eb8aa08-aa98-11ea-b4aa-73b441d16380}',
      '2eb8aa08-aa98-11ea-b4aa-73b441d1638g',
    ],
  ],
  email: [
    ['joe@example.com', 'te~st.a+b@example.com', '"joe b"@example.com', 'joe@[127.0.0.1]', 'joe@[IPv6:::1]'],
    [
      'joe',
      '@example.com',
      'joe@',
      '.joe@example.com',
      'a..b@example.com',
      'joe@example..com',
      'joe b@example.com',
      'a@b\n',
      'joe@[127.0.0.300]',
      `${'a'.repeat(65)}@example.com`,
    ],
  ],
  'idn-email': [
    ['실례@실례.테스트', 'joe@example.com', '"실 례"@실례.테스트'],
    ['실례', '@실례.테스트', '실 례@실례.테스트', '실\u0085@실례.테스트', '"실\n"@실례.테스트', '실례@실례..테스트'],
  ],
  hostname: [
    ['www.example.com', 'a', 'xn--4gbwdl.xn--wgbh1c', 'XN--BCHER-KVA.example', '1host', 'a'.repeat(63)],
    [
      '',
      '-a',
      'a-',
      'a_b',
      'a..b',
      'a.',
      'a'.repeat(64),
      'ab--cd',
      'é.com',
      `${'a.'.repeat(127)}a`,
      'xn--x',
      'xn--a-ecp.ru',
      '1a.xn--4gbwdl',
    ],
  ],
  'idn-hostname': [
    ['실례.테스트', 'www.example.com', 'straße.de', 'bücher.example', 'xn--bcher-kva', 'l·l', 'क्\u200dष', 'ア・'],
    [
      '',
      '-a',
      'a b',
      '실례..테스트',
      'Bücher',
      'bu\u0308cher',
      '😀',
      'a·l',
      'אa',
      '1a.א',
      'ab--ü',
      'a\u200db',
      'é'.repeat(60),
    ],
  ],
  ipv4: [
    ['192.168.0.1', '0.0.0.0'],
    ['256.0.0.1', '1.2.3', '01.2.3.4', '1.2.3.4.5', '0x7f.0.0.1', '1.2.3.4\n'],
  ],
  ipv6: [
    ['::1', '1:2:3:4:5:6:7:8', '::ffff:192.168.0.1'],
    ['12345::', '1::2::3', 'fe80::1%eth0', '1:2', '::1/64'],
  ],
  uri: [
    ['https://acme.example/a?b=c#d', 'urn:a:b', 'mailto:a@b', 'http://[::1]:80/', 'http://u:p@h'],
    [
      '//a/b',
      'a b',
      '/a',
      'http://a b/',
      'http://a/%zz',
      'http://[1]/',
      'http://a:b/',
      '1http://a',
      'http://é/',
      'http://a/<b>',
      'http://a/\\b',
    ],
  ],
  'uri-reference': [
    ['/a?b#c', '', '//h/p', 'a', '#x', 'https://acme.example'],
    ['\\\\a', '#a#b', 'é', ':a', '%'],
  ],
  iri: [
    ['http://ƒøø.ßår/?∂éœ=π', 'urn:a'],
    ['/é', 'http://é é/', 'http://é/\u0080'],
  ],
  'iri-reference': [
    ['/é', '#ƒrägmênt'],
    ['\\\\WINDOWS\\é', '#ƒräg\\mênt'],
  ],
  'uri-template': [
    ['https://example.com/{?q,r*}', "it's/{a.b}{+path:30}", '', '%41{%41}'],
    ['{', '}', '{}', 'a b', '{a', '{a,}', '{a:0}', '{a..b}', '{.}', '%4', '{a b}', 'x{a}}', '{+}'],
  ],
  'json-pointer': [
    ['', '/a/b~0c~1d', '/'],
    ['a', '#/a', '/a~', '/~2'],
  ],
  'relative-json-pointer': [
    ['1', '0/a', '2#', '1+1/a'],
    ['/a', '-1/a', '01/a', '0##', ''],
  ],
  regex: [
    ['^a+$', ''],
    ['^(a', '[', `${'a'.repeat(10_001)}`],
  ],
  byte: [
    ['', 'YQ==', 'YWI=', 'YWJj'],
    ['YQ=', 'YQ', '=', 'YQ==YQ==', 'YW Jj', 'YW-_'],
  ],
  base64url: [
    ['', 'YQ', 'YQ==', 'YW-_'],
    ['Y', 'YQ=', 'YW+/', 'YQ==Y'],
  ],
  int8: [
    [-128, 127],
    [128, 0.5],
  ],
  int16: [[-32_768, 32_767], [32_768]],
  int32: [
    [-2_147_483_648, 2_147_483_647],
    [2_147_483_648, -2_147_483_649, 1.5],
  ],
  int64: [
    [-(2 ** 63), 2 ** 53, 2 ** 63 - 1024],
    [2 ** 63, 1.5, 1e300],
  ],
  uint8: [
    [0, 255],
    [-1, 256],
  ],
  uint16: [[65_535], [65_536]],
  uint32: [[4_294_967_295], [4_294_967_296]],
  uint64: [[2 ** 64 - 2048], [2 ** 64, -1]],
  float: [
    [1.5, 3.4e38],
    [3.5e38, 1e300],
  ],
};

for (const [name, [passes, fails]] of Object.entries(FORMATS)) {
  test(`${name} lets pass what it names and nothing else`, () => {
    for (const value of passes) assert.equal(holds(name, value), true, String(value));
    for (const value of fails) assert.equal(holds(name, value), false, String(value));
  });
}

test('other formats are annotations', () => {
  for (const name of ['double', 'binary', 'password', 'colour', '', '__proto__']) assert.equal(formatOf(name), null);
});

test('encodings of content are checked as the format of bytes is', () => {
  const rows = { base64: ['QUI=', 'QUI'], BASE64: ['', '%%%%'], base64url: ['_-8', '+/8'], base16: ['0aFF', '0aF'] };
  for (const [name, [good = '', bad = '']] of Object.entries(rows)) {
    const format = encodingOf(name);
    assert.ok(format?.kind === 'string');
    assert.deepEqual([format.holds(good), format.holds(bad)], [true, false], name);
  }
  for (const name of ['7bit', 'binary', '', 'quoted-printable', '__proto__']) assert.equal(encodingOf(name), null);
  assertVerdicts({ contentEncoding: 'base64' }, { passes: ['QUI=', 1], fails: ['QUI'] });
  assertVerdicts({ contentEncoding: 'base64' }, { passes: ['QUI'] }, { specification: '3.0' });
});

test('long texts are judged, not waited for', () => {
  for (const [name, format] of Object.keys(FORMATS).map((each) => [each, formatOf(each)] as const)) {
    if (format?.kind !== 'string') continue;
    for (const unit of ['a', '1', '.', 'a.', 'A=', '%41', '"', ':', '-']) {
      assert.equal(typeof format.holds(unit.repeat(1_000_000)), 'boolean', name);
    }
  }
});

function holds(name: string, value: string | number): boolean | null {
  const format = formatOf(name);
  if (format?.kind === 'string' && typeof value === 'string') return format.holds(value);
  return format?.kind === 'number' && typeof value === 'number' ? format.holds(value) : null;
}
