import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import { type RecordedGateway, type SentMessage, startDescribed } from './sent-bodies.ts';

const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'notes', version: '1' },
  paths: Object.fromEntries(
    Object.entries({
      '/notes': { 'application/json': { schema: {} } },
      '/closed': {
        'application/json': {
          schema: { type: 'object', properties: { role: { type: 'string', maxLength: 8 }, n: { type: 'number' } } },
        },
      },
      '/form': {
        'application/x-www-form-urlencoded': { schema: { type: 'object', properties: { role: { type: 'string' } } } },
      },
      '/text': { 'text/plain': { schema: { type: 'string' } } },
      '/parts': { 'multipart/form-data': { schema: { type: 'object', properties: { file: { type: 'string' } } } } },
      '/binary': { 'multipart/form-data': { schema: { type: 'string', format: 'binary' } } },
    }).map(([path, content]) => [
      path,
      { post: { requestBody: { required: true, content }, responses: { 200: { description: 'taken' } } } },
    ]),
  ),
};

let scene: RecordedGateway;

before(async () => {
  scene = await startDescribed(DESCRIPTION);
});

after(() => scene?.stop());

const JSON_TYPE = ['Content-Type', 'application/json'] as const;

async function passes(message: SentMessage, forwarded?: Buffer): Promise<void> {
  assert.equal(await scene.verdictOn(message, forwarded), '200', describe(message));
}

async function refuses(message: SentMessage, wanted: string): Promise<void> {
  assert.equal(await scene.verdictOn(message), wanted, describe(message));
}

function describe({ path, fields = [], body }: SentMessage): string {
  return `${path} ${JSON.stringify(fields)} ${body?.toString('latin1', 0, 80)}`;
}

const BODY = Buffer.from('{"role":"user"}');
const UNSUPPORTED = '415 unsupported-media-type';
const MALFORMED = '400 malformed-body';

test('63: a content type with two readings, or of something else than is described, is refused', async () => {
  const typed = (value: string): SentMessage => ({ path: '/closed', fields: [['Content-Type', value]], body: BODY });
  for (const value of [
    'application/json garbage',
    'application/json, text/plain',
    'application/json,application/json',
    'application/json; charset=utf-7',
    'application/json; charset=utf-16',
    'application/json; charset=utf-32le',
    'application/json; charset=iso-8859-1',
    'application/json; charset="utf-16"',
    'application/json; charset=utf-8; charset=utf-16',
    "application/json; charset*=utf-8''utf-16",
    'application/json; charset',
    'application/json; charset =utf-8',
    'application/json;x="',
    'application/json/xml',
    'application /json',
    '"application/json"',
    'json',
    '*/*',
    'application/*',
    'application/',
    'application/jsonp',
    'application/vnd.api+json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'text/json',
    'multipart/form-data; boundary=x',
    'application/xml',
  ])
    await refuses(typed(value), UNSUPPORTED);
  await refuses(typed('application/json\u00a0'), '400 malformed-header-value');
  await refuses({ path: '/closed', body: BODY }, UNSUPPORTED);
  await refuses({ path: '/closed', fields: [['Content-Type', '']], body: BODY }, UNSUPPORTED);
});

test('63: what is read and what is forwarded have the same type', async () => {
  for (const value of [
    'application/json',
    'APPLICATION/JSON',
    'application/json;',
    'application/json; charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json; charset=us-ascii',
    'application/json; v=1',
    ' application/json',
    '\tapplication/json \t',
  ]) {
    const message: SentMessage = { path: '/closed', fields: [['Content-Type', value]], body: BODY };
    const { status, seen } = await scene.send(message);
    assert.equal(status, 200, value);
    const types = seen[0]?.message.fields.filter(([name]) => name === 'content-type').map(([, sent]) => sent);
    assert.deepEqual(types, [value.trim()], 'one field, with the type that was judged');
  }
  for (const second of ['text/plain', 'application/json']) {
    const twice: SentMessage = { path: '/closed', fields: [JSON_TYPE, ['content-type', second]], body: BODY };
    assert.match(await scene.verdictOn(twice), /^(?:400|415) /);
  }
});

const DEEP = 65;
const HOSTILE_JSON: readonly (readonly [what: string, text: string | Buffer])[] = [
  ['a name twice', '{"a":1,"a":2}'],
  ['a name twice, by an escape', '{"a":1,"\\u0061":2}'],
  ['a name twice, by capital hexadecimal', '{"J":1,"\\u004A":2}'],
  ['a name twice, by a surrogate pair', '{"😀":1,"\\ud83d\\ude00":2}'],
  ['a name twice, deep inside', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}'],
  ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
  ['the empty name twice', '{"":1,"":2}'],
  ['a byte order mark', Buffer.from('\ufeff{"a":1}')],
  ['UTF-16, little-endian', Buffer.from('{"a":1}', 'utf16le')],
  ['UTF-16 with its mark', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('{"a":1}', 'utf16le')])],
  ['NaN', '{"a":NaN}'],
  ['Infinity', '{"a":-Infinity}'],
  ['undefined', '{"a":undefined}'],
  ['a depth of 65', `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`],
  ['a depth of 65 in objects', `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`],
  ['a depth of 100,000', '['.repeat(100_000)],
  ['a high surrogate alone', '{"a":"\\ud800"}'],
  ['a low surrogate alone', '{"a":"\\udc00"}'],
  ['surrogates the wrong way round', '{"a":"\\udc00\\ud800"}'],
  ['a surrogate alone in a name', '{"\\ud800":1}'],
  ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ['overlong UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ['UTF-8 beyond Unicode', Buffer.from([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22])],
  ['UTF-8 that is cut', Buffer.from([0x22, 0xe2, 0x82, 0x22])],
  ['1e400', '{"a":1e400}'],
  ['-1e400', '[-1e400]'],
  ['1e-400, which is no zero', '[1e-400]'],
  ['a number of 1,001 digits', `[${'1'.repeat(1_001)}]`],
  ['a leading zero', '[01]'],
  ['a plus sign', '[+1]'],
  ['hexadecimal', '[0x1]'],
  ['a number without a digit', '[-]'],
  ['a point without a digit', '[1.]'],
  ['an exponent without a digit', '[1e]'],
  ['trailing bytes', '{"a":1}x'],
  ['a trailing NUL', '{"a":1}\0'],
  ['two documents', '{"a":1}{"a":2}'],
  ['two documents on two lines', '{"a":1}\n{"a":2}'],
  ['a block comment', '{"a":1/*,"a":2*/}'],
  ['a line comment', '{"a":1}//'],
  ['a trailing comma', '{"a":1,}'],
  ['a trailing comma in a list', '[1,]'],
  ['a leading comma', '[,1]'],
  ['single quotes', "{'a':1}"],
  ['a name without quotes', '{a:1}'],
  ['a control character', '{"a":"\u0001"}'],
  ['a line end in a text', '{"a":"\n"}'],
  ['an unknown escape', '{"a":"\\x41"}'],
  ['a short escape', '{"a":"\\u00"}'],
  ['a form feed between values', '{"a":\f1}'],
  ['a no-break space between values', '{"a":\u00a01}'],
  ['white space alone', '  \r\n\t'],
  ['capitals', '[TRUE]'],
  ['a prefix against JSON hijacking', ")]}',\n{}"],
  ['a text that does not end', '{"a":"'],
  ['10,001 names', `{${Array.from({ length: 10_001 }, (_, at) => `"k${at}":1`).join()}}`],
  ['250,001 elements', `[${'1,'.repeat(250_000)}1]`],
];

for (const [what, text] of HOSTILE_JSON)
  test(`64: JSON that readers take in several ways is refused: ${what}`, async () => {
    await refuses({ path: '/notes', fields: [JSON_TYPE], body: Buffer.from(text) }, MALFORMED);
  });

test('64: unusual JSON with one reading reaches the upstream byte for byte', async () => {
  for (const text of [
    '{"__proto__":{"isAdmin":true}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"toString":1,"hasOwnProperty":2,"":3}',
    '{"a":1,"A":2,"a ":3,"á":4,"a\u0301":5}',
    '-0',
    '[9007199254740993,9007199254740991,-9007199254740993,1E+2]',
    '[0e400,0.0,1.0,5e-324,1.7976931348623157e308]',
    `${'['.repeat(64)}${']'.repeat(64)}`,
    ' \t\r\n{ "a" : [ 1 , 2 ] } \r\n',
    '"\\u0000\\u2028\\/\\ud83d\\ude00"',
    '"\u2028\u007f"',
    'null',
    `[${'1'.repeat(300)}]`,
  ])
    await passes({ path: '/notes', fields: [JSON_TYPE], body: Buffer.from(text) });
});

test('64: a name that nothing describes does not pass by an escape, nor by the names of prototypes', async () => {
  for (const text of [
    '{"isAdmin":true}',
    '{"\\u0069sAdmin":true}',
    '{"__proto__":{"role":"x"}}',
    '{"constructor":1}',
    '{"role":"user","toString":"x"}',
    '{"Role":"user"}',
    '{"role\\u0000":"user"}',
    '{"role":"123456789"}',
    '{"role":["user"]}',
    '[]',
    '"role"',
  ])
    await refuses({ path: '/closed', fields: [JSON_TYPE], body: Buffer.from(text) }, '400 invalid-body');
  await passes({ path: '/closed', fields: [JSON_TYPE], body: Buffer.from('{"\\u0072ole":"\\u0075ser"}') });
});

const coded = (coding: string, body: Buffer): SentMessage => ({
  path: '/closed',
  fields: [JSON_TYPE, ['Content-Encoding', coding]],
  body,
});
const BOMB = Buffer.alloc(9_000_000, ' ');

test('65: a coding that is undone is forwarded undone', async () => {
  await passes(coded('gzip', zlib.gzipSync(BODY)), BODY);
  await passes(coded('X-GZip', zlib.gzipSync(BODY)), BODY);
  await passes(coded('deflate', zlib.deflateSync(BODY)), BODY);
  await passes(coded('br', zlib.brotliCompressSync(BODY)), BODY);
  await passes(coded('zstd', zlib.zstdCompressSync(BODY)), BODY);
  await passes(coded('identity', BODY));
  const { seen } = await scene.send(coded('gzip', zlib.gzipSync(BODY)));
  const names = seen[0]?.message.fields.map(([name]) => name) ?? [];
  assert.ok(!names.includes('content-encoding'), 'nothing calls it coded');
});

test('65: chains of codings, unknown ones, wrong magic and bombs are refused', async () => {
  const gzip = zlib.gzipSync(BODY);
  for (const coding of [
    'gzip, gzip',
    'gzip,identity',
    'identity, gzip',
    'gzip gzip',
    'gzip;q=1',
    'compress',
    'exi',
    'dcb',
    'aws-chunked',
    'chunked',
    'gzip,',
    ',gzip',
    '"gzip"',
    'none',
    '*',
  ])
    await refuses(coded(coding, gzip), UNSUPPORTED);
  const twice = {
    ...coded('gzip', gzip),
    fields: [JSON_TYPE, ['Content-Encoding', 'gzip'], ['content-encoding', 'gzip']],
  };
  await refuses(twice as SentMessage, UNSUPPORTED);
  for (const [coding, body] of [
    ['gzip', BODY],
    ['gzip', zlib.deflateSync(BODY)],
    ['gzip', zlib.gzipSync(gzip)],
    ['gzip', gzip.subarray(0, -1)],
    ['gzip', gzip.subarray(0, -8)],
    ['gzip', Buffer.concat([gzip, BODY])],
    ['gzip', Buffer.concat([gzip, Buffer.alloc(1)])],
    ['gzip', Buffer.concat([gzip.subarray(0, -4), Buffer.from([9, 9, 9, 9])])],
    ['gzip', Buffer.concat([gzip, zlib.gzipSync('{"role":"again"}')])],
    ['gzip', zlib.gzipSync('{"role":"a","role":"b"}')],
    ['deflate', zlib.deflateRawSync(BODY)],
    ['deflate', gzip],
    ['br', BODY],
    ['br', zlib.brotliCompressSync(BODY).subarray(0, -1)],
    ['zstd', BODY],
    ['zstd', zlib.zstdCompressSync(BODY).subarray(0, -1)],
    ['identity', gzip],
  ] as const)
    await refuses(coded(coding, body), MALFORMED);
  for (const [coding, bomb] of [
    ['gzip', zlib.gzipSync(BOMB)],
    ['deflate', zlib.deflateSync(BOMB)],
    ['br', zlib.brotliCompressSync(BOMB)],
    ['zstd', zlib.zstdCompressSync(BOMB)],
  ] as const)
    await refuses(coded(coding, bomb), '413 body-too-large');
});

test('65: a coding hides nothing from the schema', async () => {
  await refuses(coded('gzip', zlib.gzipSync('{"isAdmin":true}')), '400 invalid-body');
  await refuses({ ...coded('gzip', zlib.gzipSync('')), path: '/closed' }, '400 invalid-body');
});

const part = (name: string, value: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const multipart = (path: string, body: string, type = 'multipart/form-data; boundary=b'): SentMessage => ({
  path,
  fields: [['Content-Type', type]],
  body: Buffer.from(body),
});
const PLAIN = `${part('file', '1')}--b--\r\n`;
const TRICKS: readonly string[] = [
  part('file', '1'),
  `${part('file', '1')}--b--\r\n${part('file', '2')}--b--\r\n`,
  `${part('f', '1').repeat(10_000)}--b--\r\n`,
  `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"; filename*=utf-8''a.php\r\n\r\nx\r\n--b--\r\n`,
  `--b\r\nContent-Disposition: form-data; name="file"; name="role"\r\n\r\nx\r\n--b--\r\n`,
];

test('66: parts that readers take in several ways are refused, wherever they are read', async () => {
  for (const path of ['/parts', '/binary']) {
    await passes(multipart(path, PLAIN));
    for (const body of TRICKS) await refuses(multipart(path, body), MALFORMED);
  }
  for (const body of [PLAIN, ...TRICKS]) await refuses(multipart('/closed', body), UNSUPPORTED);
  for (const type of [
    'multipart/form-data; boundary=b; boundary=c',
    "multipart/form-data; boundary*=utf-8''b",
    'multipart/form-data; boundary*0=b',
    'multipart/form-data; boundary="b',
    'multipart/form-data, text/plain',
    'multipart/mixed; boundary=b',
  ])
    await refuses(multipart('/binary', PLAIN, type), UNSUPPORTED);
});

test('66: of parts only what is described passes', async () => {
  const whole = (...parts: readonly string[]): string => `${parts.join('')}--b--\r\n`;
  for (const body of [
    whole(part('role', 'admin')),
    whole(part('file', '1'), part('role', 'admin')),
    whole(part('file', '1'), part('file', '2')),
    whole(part('File', '1')),
    whole(part('file[]', '1')),
    whole(part('__proto__', '1')),
  ])
    await refuses(multipart('/parts', body), '400 invalid-body');
});

test('forms and texts have one reading too', async () => {
  const form = (body: string): SentMessage => multipart('/form', body, 'application/x-www-form-urlencoded');
  await passes(form('role=us%65r'));
  for (const body of ['role=a&role=b', 'role=a&r%6fle=b', 'isAdmin=1', 'role=%ff', 'role=%2', 'role=a;x=1', 'role[]=a'])
    assert.match(await scene.verdictOn(form(body)), /^400 (malformed|invalid)-body$/, body);
  const text = (body: Buffer, charset = 'utf-8'): SentMessage => ({
    path: '/text',
    fields: [['Content-Type', `text/plain; charset=${charset}`]],
    body,
  });
  await passes(text(Buffer.from('été')));
  await refuses(text(Buffer.from([0xff])), MALFORMED);
  await refuses(text(Buffer.from('été'), 'us-ascii'), MALFORMED);
  await refuses(text(Buffer.from('x'), 'latin1'), UNSUPPORTED);
});

test('a body in chunks is judged as one with a length, however it is cut', async () => {
  const framed = (body: string, chunks: readonly number[]): SentMessage => ({
    path: '/closed',
    fields: [JSON_TYPE],
    body: Buffer.from(body),
    chunks,
  });
  const text = '{"role":"é😀","n":-1.5e2}';
  for (const chunks of [
    [1],
    [2],
    [3, 1, 4, 1, 5],
    [1000],
    ...Array.from({ length: text.length }, (_, at) => [at + 1, 1000]),
  ]) {
    await passes(framed(text, chunks));
    await refuses(framed('{"role":"a","\\u0072ole":"b"}', chunks), MALFORMED);
    await refuses(framed('{"isAdmin":true}', chunks), '400 invalid-body');
  }
  await passes({ ...framed(text, [1]), split: 'bytes' });
  await refuses({ ...framed('{"isAdmin":true}', [1]), split: 'bytes' }, '400 invalid-body');
});
