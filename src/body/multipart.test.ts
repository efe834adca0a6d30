import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_MULTIPART_LIMITS, type MultipartFault, type Part, parseMultipart } from './multipart.ts';
import { parseMediaType } from './media-type.ts';

/** What is told of a part in these tests: name, file name, type as written, content. */
type Told = readonly [name: string | null, fileName: string | null, type: string | null, content: string];

function read(contentType: string, body: string | Buffer) {
  const mediaType = parseMediaType(contentType);
  assert.ok(mediaType.ok);
  return parseMultipart(mediaType.value, typeof body === 'string' ? Buffer.from(body) : body);
}

function told({ name, fileName, contentType, bytes }: Part): Told {
  return [name, fileName, contentType, Buffer.from(bytes).toString()];
}

function assertRead(contentType: string, body: string, parts: readonly Told[]): void {
  const found = read(contentType, body);
  assert.ok(found.ok, found.ok ? '' : JSON.stringify(found.error));
  assert.deepEqual(found.value.map(told), parts);
  const bytes = Buffer.from(body);
  for (const part of found.value) {
    assert.deepEqual(bytes.subarray(part.offset, part.offset + part.bytes.length), Buffer.from(part.bytes));
  }
}

function faultOf(body: string | Buffer, contentType = FORM): MultipartFault {
  const found = read(contentType, body);
  assert.ok(!found.ok, `${body.toString()} was read`);
  return found.error;
}

const FORM = 'multipart/form-data; boundary=b';
const lines = (...all: readonly string[]): string => all.join('\r\n');
/** One part with these header fields, whole. */
const withHead = (...head: readonly string[]): string => lines('--b', ...head, '', 'x', '--b--', '');
const named = (parameters: string): string => withHead(`Content-Disposition: form-data; ${parameters}`);

// As they write them, byte for byte, but for what is random in their boundaries.
const CLIENTS: readonly (readonly [client: string, type: string, body: string, parts: readonly Told[]])[] = [
  [
    'Chromium',
    'multipart/form-data; boundary=----WebKitFormBoundaryAbCdEf0123456789',
    lines(
      '------WebKitFormBoundaryAbCdEf0123456789',
      'Content-Disposition: form-data; name="naïve"',
      '',
      'first\r\nsecond',
      '------WebKitFormBoundaryAbCdEf0123456789',
      'Content-Disposition: form-data; name="file"; filename="my %22best%22 日本.txt"',
      'Content-Type: text/plain',
      '',
      'content',
      '------WebKitFormBoundaryAbCdEf0123456789',
      'Content-Disposition: form-data; name="none"; filename=""',
      'Content-Type: application/octet-stream',
      '',
      '',
      '------WebKitFormBoundaryAbCdEf0123456789--',
      '',
    ),
    [
      ['naïve', null, null, 'first\r\nsecond'],
      ['file', 'my "best" 日本.txt', 'text/plain', 'content'],
      ['none', '', 'application/octet-stream', ''],
    ],
  ],
  [
    'Firefox',
    'multipart/form-data; boundary=----geckoformboundary0123456789abcdef0123456789abcdef',
    lines(
      '------geckoformboundary0123456789abcdef0123456789abcdef',
      'Content-Disposition: form-data; name="title"',
      '',
      '',
      '------geckoformboundary0123456789abcdef0123456789abcdef',
      'Content-Disposition: form-data; name="file"; filename="%22quoted%22.png"',
      'Content-Type: image/png',
      '',
      '\x89PNG\n\r\n\n',
      '------geckoformboundary0123456789abcdef0123456789abcdef--',
      '',
    ),
    [
      ['title', null, null, ''],
      ['file', '"quoted".png', 'image/png', '\x89PNG\n\r\n\n'],
    ],
  ],
  [
    'curl',
    'multipart/form-data; boundary=------------------------d74496d66958873e',
    lines(
      '--------------------------d74496d66958873e',
      'Content-Disposition: form-data; name="person"',
      '',
      'anonymous',
      '--------------------------d74496d66958873e',
      'Content-Disposition: form-data; name="data"; filename="a.json"',
      'Content-Type: application/json',
      '',
      '{}',
      '--------------------------d74496d66958873e--',
      '',
    ),
    [
      ['person', null, null, 'anonymous'],
      ['data', 'a.json', 'application/json', '{}'],
    ],
  ],
  [
    'undici and FormData of Node',
    'multipart/form-data; boundary=----formdata-undici-012345678901',
    lines(
      '------formdata-undici-012345678901',
      'Content-Disposition: form-data; name="a"',
      '',
      '1',
      '------formdata-undici-012345678901',
      'Content-Disposition: form-data; name="blob"; filename="blob"',
      'Content-Type: application/octet-stream',
      '',
      '2',
      '------formdata-undici-012345678901--',
      '',
    ),
    [
      ['a', null, null, '1'],
      ['blob', 'blob', 'application/octet-stream', '2'],
    ],
  ],
  [
    'requests of Python, which writes no type where it can guess none',
    'multipart/form-data; boundary=0123456789abcdef0123456789abcdef',
    lines(
      '--0123456789abcdef0123456789abcdef',
      'Content-Disposition: form-data; name="a"',
      '',
      '1',
      '--0123456789abcdef0123456789abcdef',
      'Content-Disposition: form-data; name="file"; filename="report"',
      '',
      'rows',
      '--0123456789abcdef0123456789abcdef--',
      '',
    ),
    [
      ['a', null, null, '1'],
      ['file', 'report', null, 'rows'],
    ],
  ],
  [
    'mime/multipart of Go',
    `multipart/form-data; boundary=${'0123456789abcdef'.repeat(3)}0123456789ab`,
    lines(
      `--${'0123456789abcdef'.repeat(3)}0123456789ab`,
      'Content-Disposition: form-data; name="file"; filename="a.bin"',
      'Content-Type: application/octet-stream',
      '',
      '1',
      `--${'0123456789abcdef'.repeat(3)}0123456789ab--`,
      '',
    ),
    [['file', 'a.bin', 'application/octet-stream', '1']],
  ],
  [
    'OkHttp, which says how long parts are',
    'multipart/form-data; boundary=0f8fad5b-d9cb-469f-a165-70867728950e',
    lines(
      '--0f8fad5b-d9cb-469f-a165-70867728950e',
      'Content-Disposition: form-data; name="title"',
      'Content-Length: 11',
      '',
      'Square Logo',
      '--0f8fad5b-d9cb-469f-a165-70867728950e',
      'Content-Disposition: form-data; name="image"; filename="logo.png"',
      'Content-Type: image/png',
      'Content-Length: 4',
      '',
      'logo',
      '--0f8fad5b-d9cb-469f-a165-70867728950e--',
      '',
    ),
    [
      ['title', null, null, 'Square Logo'],
      ['image', 'logo.png', 'image/png', 'logo'],
    ],
  ],
  [
    'Apache HttpClient, which names a transfer encoding',
    'multipart/form-data; boundary=vXVGGzbG0K_8z_q6xvmFHAWkLwmzKvvCL',
    lines(
      '--vXVGGzbG0K_8z_q6xvmFHAWkLwmzKvvCL',
      'Content-Disposition: form-data; name="comment"',
      'Content-Type: text/plain; charset=UTF-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      'çava',
      '--vXVGGzbG0K_8z_q6xvmFHAWkLwmzKvvCL',
      'Content-Disposition: form-data; name="bin"; filename="a.bin"',
      'Content-Type: application/octet-stream',
      'Content-Transfer-Encoding: binary',
      '',
      '1',
      '--vXVGGzbG0K_8z_q6xvmFHAWkLwmzKvvCL--',
      '',
    ),
    [
      ['comment', null, 'text/plain; charset=UTF-8', 'çava'],
      ['bin', 'a.bin', 'application/octet-stream', '1'],
    ],
  ],
  [
    'HttpClient of .NET, which quotes its boundary alone',
    'multipart/form-data; boundary="0f8fad5b-d9cb-469f-a165-70867728950e"',
    lines(
      '--0f8fad5b-d9cb-469f-a165-70867728950e',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Disposition: form-data; name=title',
      '',
      'hello',
      '--0f8fad5b-d9cb-469f-a165-70867728950e',
      "Content-Disposition: form-data; name=file; filename=test.txt; filename*=utf-8''test.txt",
      '',
      'x',
      '--0f8fad5b-d9cb-469f-a165-70867728950e--',
      '',
    ),
    [
      ['title', null, 'text/plain; charset=utf-8', 'hello'],
      ['file', 'test.txt', null, 'x'],
    ],
  ],
];

for (const [client, type, body, parts] of CLIENTS) {
  test(`what ${client} sends is read`, () => assertRead(type, body, parts));
}

test('mixed and related are read as lists, whose parts need no name', () => {
  const body = lines(
    '--b',
    'Content-Type: application/json',
    'Content-ID: <root@example.com>',
    '',
    '{}',
    '--b',
    '',
    'bare',
    '--b',
    'Content-Disposition: attachment; filename="a.txt"',
    '',
    '',
    '--b--',
  );
  for (const subtype of ['mixed', 'related']) {
    assertRead(`multipart/${subtype}; boundary=b`, body, [
      [null, null, 'application/json', '{}'],
      [null, null, null, 'bare'],
      [null, 'a.txt', null, ''],
    ]);
  }
  const found = read('multipart/related; boundary=b', body);
  assert.ok(found.ok);
  assert.deepEqual(
    found.value.map(({ contentId }) => contentId),
    ['<root@example.com>', null, null],
  );
});

test('a form may have no parts at all', () => {
  assertRead(FORM, '--b--\r\n', []);
  assertRead(FORM, '--b--', []);
});

test('parts of one name stand side by side, in the order sent', () => {
  const part = (value: string): string => lines('--b', 'Content-Disposition: form-data; name="a"', '', value, '');
  assertRead(FORM, `${part('1')}${part('2')}--b--\r\n`, [
    ['a', null, null, '1'],
    ['a', null, null, '2'],
  ]);
});

test('a boundary may be all that RFC 2046 lets it be', () => {
  for (const boundary of ['gc0pJq0M:08jU534c0p', "a'()+_,-./:=? z", 'x'.repeat(70)]) {
    assertRead(`multipart/form-data; boundary="${boundary}"`, `--${boundary}--\r\n`, []);
  }
});

test('header fields that only a description can know are kept by their names', () => {
  const found = read(FORM, withHead('content-disposition:form-data; name="a"', 'X-Rate:  3 '));
  assert.ok(found.ok);
  assert.deepEqual([...(found.value[0]?.headers ?? [])], [['x-rate', '3']]);
});

const REFUSED_BODIES: readonly (readonly [
  what: string,
  body: string,
  fault: MultipartFault['code'],
  offset: number,
])[] = [
  ['a preamble', `x\r\n${named('name="a"')}`, 'preamble', 0],
  ['a line end before the first delimiter', `\r\n${named('name="a"')}`, 'preamble', 0],
  ['an epilogue', `${named('name="a"')}x`, 'epilogue', 57],
  ['a second line end behind the end', `${named('name="a"')}\r\n`, 'epilogue', 57],
  ['a line feed alone behind the end', '--b--\n', 'epilogue', 5],
  ['a third dash', '--b---', 'epilogue', 5],
  ['a second body', `${named('name="a"')}${named('name="b"')}`, 'epilogue', 57],
  ['no end', lines('--b', 'Content-Disposition: form-data; name="a"', '', 'x'), 'no-end', 50],
  [
    'no end but a delimiter',
    lines('--b', 'Content-Disposition: form-data; name="a"', '', 'x', '--b'),
    'delimiter-line',
    55,
  ],
  ['nothing behind a delimiter', '--b\r\n', 'no-end', 5],
  ['padding', named('name="a"').replace('--b\r\n', '--b \r\n'), 'delimiter-line', 3],
  ['a tab of padding', named('name="a"').replace('--b\r\n', '--b\t\r\n'), 'delimiter-line', 3],
  ['a delimiter that goes on', named('name="a"').replace('--b\r\n', '--bc\r\n'), 'delimiter-line', 3],
  [
    'one that goes on inside',
    lines('--b', 'Content-Disposition: form-data; name="a"', '', 'x', '--bc', '--b--'),
    'delimiter-line',
    55,
  ],
  ['a line feed behind a delimiter', named('name="a"').replace('--b\r\n', '--b\n'), 'delimiter-line', 3],
  ['a line feed before a delimiter', named('name="a"').replace('x\r\n--b', 'x\n--b'), 'delimiter-inside', 51],
  ['a carriage return before one', named('name="a"').replace('x\r\n--b', 'x\r--b'), 'delimiter-inside', 51],
  [
    'a delimiter within a line',
    lines('--b', 'Content-Disposition: form-data; name="a"', '', 'x--b', '--b--'),
    'delimiter-inside',
    50,
  ],
  ['three dashes before a delimiter', named('name="a"').replace('x\r\n--b', 'x\r\n---b'), 'delimiter-inside', 53],
  ['a delimiter right behind the first', '--b\r\n--b--', 'delimiter-inside', 5],
  [
    'a delimiter for an empty line',
    lines('--b', 'Content-Disposition: form-data; name="a"', '--b--'),
    'no-blank-line',
    5,
  ],
  [
    'an empty line as end and as delimiter',
    '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n--b--',
    'no-blank-line',
    5,
  ],
  ['line feeds alone', '--b\nContent-Disposition: form-data; name="a"\n\nx\n--b--\n', 'delimiter-line', 3],
];

for (const [what, body, code, offset] of REFUSED_BODIES) {
  test(`refused: ${what}`, () => assert.deepEqual(faultOf(body), { code, offset }));
}

const REFUSED_HEADS: readonly (readonly [head: readonly string[], fault: MultipartFault['code']])[] = [
  [[''], 'no-disposition'],
  [['Content-Type: text/plain'], 'no-disposition'],
  [['Content-Disposition: form-data; name="a"', 'Content-Disposition: form-data; name="b"'], 'duplicate-header'],
  [
    ['Content-Disposition: form-data; name="a"', 'content-type: text/plain', 'Content-Type: text/html'],
    'duplicate-header',
  ],
  [['Content-Disposition: form-data;', ' name="a"'], 'header-line'],
  [['Content-Disposition: form-data;', '\tname="a"'], 'header-bytes'],
  [['Content-Disposition : form-data; name="a"'], 'header-line'],
  [[' Content-Disposition: form-data; name="a"'], 'header-line'],
  [['Content-Disposition: form-data; name="a"\nX: y'], 'header-bytes'],
  [['Content-Disposition: form-data; name="a"\rX: y'], 'header-bytes'],
  [['Content-Disposition: form-data; name="a"', 'garbage'], 'header-line'],
  [['Content-Disposition: form-data; name="a"', ': x'], 'header-line'],
  [['Content-Disposition: form-data; name="a"', 'Content-Encoding: gzip'], 'unknown-header'],
  [['Content-Disposition: form-data; name="a"', 'Content-ID: <a>'], 'unknown-header'],
  [['Content-Disposition: form-data; name="a"', 'MIME-Version: 1.0'], 'unknown-header'],
  [['Content-Disposition: form-data; name="a"', 'Content-Transfer-Encoding: base64'], 'transfer-encoding'],
  [['Content-Disposition: form-data; name="a"', 'Content-Transfer-Encoding: quoted-printable'], 'transfer-encoding'],
  [['Content-Disposition: form-data; name="a"', 'Content-Transfer-Encoding: 8bit (x)'], 'transfer-encoding'],
  [['Content-Disposition: form-data; name="a"', 'Content-Transfer-Encoding:'], 'transfer-encoding'],
  [['Content-Disposition: form-data; name="a"', 'Content-Length: 2'], 'part-length'],
  [['Content-Disposition: form-data; name="a"', 'Content-Length: 01'], 'part-length'],
  [['Content-Disposition: form-data; name="a"', 'Content-Type: text'], 'part-content-type'],
  [['Content-Disposition: form-data; name="a"', 'Content-Type: text/plain; charset=utf-7'], 'part-content-type'],
  [['Content-Disposition: form-data; name="a"', 'Content-Type: text/plain, text/html'], 'part-content-type'],
  [['Content-Disposition: form-data; name="a"', 'Content-Type: multipart/mixed; boundary=c'], 'nested-multipart'],
  [['Content-Disposition: form-data; name="a"', 'Content-Type: text/csv;'], 'part-content-type'],
  [['Content-Disposition: form-data; name="a"', 'Content-Type: text/csv; ; header=present'], 'part-content-type'],
  [['Content-Disposition: form-data; name="a"', 'Content-Type: Multipart/Form-Data'], 'nested-multipart'],
  [['Content-Disposition: attachment; name="a"'], 'disposition'],
  [['Content-Disposition: form-data'], 'no-name'],
];

for (const [head, code] of REFUSED_HEADS) {
  test(`refused: a part with ${JSON.stringify(head)}`, () => assert.equal(faultOf(withHead(...head)).code, code));
}

const REFUSED_NAMES: readonly (readonly [parameters: string, fault: MultipartFault['code']])[] = [
  ['', 'disposition'],
  ['name', 'disposition'],
  ['name=', 'disposition'],
  ['name="a', 'disposition'],
  ['name="a"x', 'disposition'],
  ['name="a";', 'disposition'],
  ['name ="a"', 'disposition'],
  ['name= "a"', 'disposition'],
  ['name="a" ; filename="b"', 'disposition'],
  ['name="a" filename="b"', 'disposition'],
  ['name="a", filename="b"', 'disposition'],
  ["name='a b'", 'disposition'],
  ['name=é', 'disposition'],
  ['name="a"; name="b"', 'duplicate-parameter'],
  ['name="a"; NAME="a"', 'duplicate-parameter'],
  ['name="a"; filename="b"; filename="b"', 'duplicate-parameter'],
  ['name="a"; size=3', 'unknown-parameter'],
  ["name*=utf-8''a", 'unknown-parameter'],
  ['name="a"; filename*0="b"', 'disposition'],
  ['name=""', 'no-name'],
  ['filename="a"', 'no-name'],
  ['name="a\\"b"', 'disposition'],
  ['name="a\\\\b"', 'disposition'],
  ['name="a%00b"', 'bad-name'],
  ['name="a%0D%0Ab"', 'bad-name'],
  ['name="a%22b"', 'bad-name'],
  ['name="a%5cb"', 'bad-name'],
  ['name="a\u0085b"', 'bad-name'],
  ['name="a\u2028b"', 'header-line'],
  ['name="=?utf-8?B?YQ==?="', 'bad-name'],
  ['name="\ufeffa"', 'bad-name'],
  ['name="a"; filename="\ufeff"', 'bad-file-name'],
  ['name="_charset_"', 'bad-name'],
  ['name="_CHARSET_"', 'bad-name'],
  [`name="${'é'.repeat(257)}"`, 'name-too-long'],
  ['name="a"; filename=""', 'no-file-name'],
  ['name="a"; filename="a%00.png"', 'bad-file-name'],
  ['name="a"; filename="a%0a.png"', 'bad-file-name'],
  ['name="a"; filename="=?utf-8?Q?a?="', 'bad-file-name'],
  ['name="a"; filename=%22a%22', 'disposition'],
  ['name="a"; filename="C:\\x"', 'disposition'],
  ['name="a"; filename="C:x"', 'file-name-path'],
  ['name="a"; filename="../x"', 'file-name-path'],
  ['name="a"; filename="/x"', 'file-name-path'],
  ['name="a"; filename="a/b"', 'file-name-path'],
  ['name="a"; filename="..%2Fx"', 'bad-file-name'],
  ['name="a"; filename="%2e%2E"', 'bad-file-name'],
  ['name="a"; filename="a.ph%70"', 'bad-file-name'],
  ['name="a"; filename="a.%50HP"', 'bad-file-name'],
  ['name="a"; filename="a.php%3a.png"', 'bad-file-name'],
  ['name="a"; filename=\'a.php\'', 'disposition'],
  ["name='a'", 'disposition'],
  ['name="a"; filename="..%5Cx"', 'bad-file-name'],
  ['name="a"; filename=".."', 'file-name-path'],
  ['name="a"; filename="."', 'file-name-path'],
  [`name="a"; filename="${'é'.repeat(128)}"`, 'file-name-too-long'],
  ['name="a"; filename*=utf-8\'\'a.txt', 'other-file-name'],
  ['name="a"; filename="a.txt"; filename*=utf-8\'\'a.php', 'other-file-name'],
  ['name="a"; filename="a.txt"; filename*=iso-8859-1\'\'a.txt', 'other-file-name'],
  ['name="a"; filename="é"; filename*=utf-8\'\'%e9', 'other-file-name'],
  ['name="a"; filename="a.txt"; filename*=utf-8\'en\'a.txt', 'other-file-name'],
  ['name="a"; filename="a.txt"; filename*="a.txt"', 'other-file-name'],
];

for (const [parameters, code] of REFUSED_NAMES) {
  test(`refused: form-data; ${JSON.stringify(parameters)}`, () => assert.equal(faultOf(named(parameters)).code, code));
}

test('names and values that are no UTF-8 are refused, and so are fields that are no text', () => {
  assert.equal(faultOf(Buffer.from(named('name="é"'), 'latin1')).code, 'header-bytes');
  const whole = (type: string, content: string): Buffer =>
    Buffer.from(lines('--b', `Content-Disposition: form-data; name="a"${type}`, '', content, '--b--'), 'latin1');
  assert.equal(faultOf(whole('', '\xff')).code, 'field-not-text');
  assert.equal(faultOf(whole('\r\nContent-Type: image/png', '\x89PNG')).code, 'field-not-text');
  assert.equal(faultOf(whole('', 'a\0')).code, 'field-not-text');
  assert.equal(faultOf(whole('', '\xef\xbb\xbfa')).code, 'field-not-text');
  assert.ok(read(FORM, whole('; filename="f"', '\xff\0')).ok, 'a file is any bytes');
  assert.equal(faultOf(whole('\r\nContent-Type: application/octet-stream', 'a')).code, 'no-file-name');
  assert.equal(faultOf(whole('; filename=""\r\nContent-Type: text/plain', '')).code, 'no-file-name');
  assert.equal(faultOf(whole('; filename="f"\r\nContent-Transfer-Encoding: 7bit', '\xc3\xa9')).code, 'not-7bit');
  assert.equal(faultOf(whole('\r\nContent-Type: text/plain; charset=us-ascii', '\xc3\xa9')).code, 'not-ascii');
});

test('no boundary, and one that RFC 2046 has no room for, are refused', () => {
  for (const parameters of [
    '',
    '; boundary=""',
    `; boundary=${'x'.repeat(71)}`,
    '; boundary="a "',
    '; boundary="a\tb"',
    '; boundary=a*b',
  ]) {
    assert.deepEqual(faultOf('--b--', `multipart/form-data${parameters}`), { code: 'bad-boundary', offset: 0 });
  }
});

const small = (at: number): string => lines('--b', `Content-Disposition: form-data; name="n${at}"`, '', '', '');

test('1,000 parts are read and one more is not', () => {
  const parts = Array.from({ length: 1_000 }, (_, at) => small(at)).join('');
  assert.ok(read(FORM, `${parts}--b--`).ok);
  assert.equal(faultOf(`${parts}${small(1_000)}--b--`).code, 'too-many-parts');
});

test('8 KiB of header fields are read and one byte more is not', () => {
  const head = 'Content-Disposition: form-data; name="a"\r\nX: ';
  const { headBytes } = DEFAULT_MULTIPART_LIMITS;
  assert.ok(read(FORM, withHead(`${head}${'y'.repeat(headBytes - head.length)}`)).ok);
  assert.equal(faultOf(withHead(`${head}${'y'.repeat(headBytes - head.length + 1)}`)).code, 'head-too-large');
});

test('32 header fields are read and one more is not', () => {
  const fields = Array.from({ length: 31 }, (_, at) => `X-${at}: a`);
  assert.ok(read(FORM, withHead('Content-Disposition: form-data; name="a"', ...fields)).ok);
  const more = withHead('Content-Disposition: form-data; name="a"', ...fields, 'X-More: a');
  assert.equal(faultOf(more).code, 'too-many-headers');
});

test('10 MiB that are like the boundary all over are read in no time', () => {
  const fill = (text: string): Buffer => Buffer.alloc(10 * 1024 * 1024, text);
  const head = 'Content-Disposition: form-data; name="a"; filename="f"';
  for (const [boundary, content] of [
    [`a${'-'.repeat(69)}`, fill('-')],
    [`${'-'.repeat(69)}a`, fill(`${'-'.repeat(70)}b`)],
    [`x${'a'.repeat(69)}`, fill('a')],
    ['b', fill('\r\n--')],
  ] as const) {
    const body = Buffer.concat([
      Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
      content,
      Buffer.from(`\r\n--${boundary}--`),
    ]);
    const began = performance.now();
    assert.ok(read(`multipart/form-data; boundary=${boundary}`, body).ok);
    assert.ok(performance.now() - began < 2_000);
  }
});

test('percent signs of names that lead nowhere are read', () => {
  for (const fileName of ['100%', '50%20off.pdf', '%e2%82%ac.txt', '%zz', '%25']) {
    assertRead(FORM, named(`name="a%20%41b"; filename="${fileName}"`), [['a%20%41b', fileName, null, 'x']]);
  }
});

test('the longest names are read', () => {
  const [name, fileName] = ['é'.repeat(256), 'f'.repeat(255)];
  assertRead(FORM, named(`name="${name}"; filename="${fileName}"`), [[name, fileName, null, 'x']]);
});
