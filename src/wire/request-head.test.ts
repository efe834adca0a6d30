import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isProblemCode, type ProblemCode } from '../base/index.ts';
import { BAD_HEADS, get, head, HEAD_END, kilobytes, post } from './bad-heads.test.ts';
import {
  earlyFault,
  newAuthorityMemory,
  readRequestHead,
  type RequestHead,
  type RequestHeadReading,
} from './request-head.ts';

function read(text: string): RequestHeadReading {
  const bytes = Buffer.from(text, 'latin1');
  const end = bytes.indexOf(HEAD_END);
  assert.ok(end >= 0, 'a whole head');
  return readRequestHead(bytes, end + 2, newAuthorityMemory());
}

function good(text: string): RequestHead {
  const reading = read(text);
  assert.ok(reading.fault === null, `${JSON.stringify(text.slice(0, 200))}: ${reading.fault}`);
  return reading;
}

const named = (...fields: readonly string[]): string => head('GET /c HTTP/1.1', ...fields);

test('a head that breaks a rule is refused by the code of that rule', () => {
  assert.ok(BAD_HEADS.length >= 150, `${BAD_HEADS.length} heads`);
  for (const [code, text] of BAD_HEADS) {
    assert.ok(isProblemCode(code));
    assert.equal(read(text).fault, code, JSON.stringify(text.slice(0, 200)));
  }
});

test('what is said early of a part is what is said of the whole', () => {
  const wholes = [
    ...BAD_HEADS.map(([, text]) => text),
    get('/v1/orders?a=b', 'Accept: */*'),
    post('Content-Length: 5', 'X: 1'),
  ];
  for (const text of wholes) {
    const { fault } = read(text);
    const bytes = Buffer.from(text, 'latin1');
    const parts = bytes.length > 2_000 ? [100, 8_193, 8_200, 8_300, 16_384, 16_385, bytes.length - 1] : bytes.keys();
    for (const length of parts) {
      const early = earlyFault(bytes.subarray(0, length));
      assert.ok(
        early === null || early === fault,
        `${early} of ${length} bytes of ${JSON.stringify(text.slice(0, 200))}, not ${fault}`,
      );
    }
  }
});

test('a head that can no longer be good is not waited for', () => {
  const cases: readonly (readonly [string, ProblemCode])[] = [
    ['\x16\x03\x01', 'malformed-request-line'],
    [' ', 'malformed-request-line'],
    ['A'.repeat(33), 'malformed-request-line'],
    [`GET /${'a'.repeat(8_192)}`, 'target-too-long'],
    ['GET /\n', 'bare-line-break'],
    ['GET / HTTP/1.1\r\nHost: a\n\n', 'bare-line-break'],
    ['GET / HTTP/3.0\r', 'unsupported-http-version'],
    [`GET / ${'H'.repeat(16)}`, 'malformed-request-line'],
    [`GET / HTTP/1.1\r\nX: ${kilobytes(16)}`, 'header-too-large'],
    [`GET / HTTP/1.1\r\nX : 1\r\nY: ${kilobytes(16)}`, 'malformed-header'],
  ];
  for (const [text, code] of cases)
    assert.equal(earlyFault(Buffer.from(text, 'latin1')), code, JSON.stringify(text.slice(0, 60)));
  for (const text of [
    '',
    'G',
    'GET',
    'GET ',
    'GET /',
    'GET / HTTP/1.1\r',
    'GET / HTTP/1.1\r\nHost: a\r',
    'GET\r',
    'GET /\r',
  ]) {
    assert.equal(earlyFault(Buffer.from(text)), null, JSON.stringify(text));
  }
});

test('a request is read into its canonical parts', () => {
  const reading = good(head('GET /v1/%6frders?x[0]=1 HTTP/1.1', 'Host: API.Test.:8443', 'Accept: */*'));
  const { method, authority, path, query, framing, minorVersion, keepAlive, expectsContinue } = reading;
  assert.deepEqual(
    { method, authority, path, query, framing, minorVersion, keepAlive, expectsContinue },
    {
      method: 'GET',
      authority: { host: 'api.test', port: 8443 },
      path: '/v1/orders',
      query: 'x%5B0%5D=1',
      framing: { kind: 'none' },
      minorVersion: 1,
      keepAlive: true,
      expectsContinue: false,
    },
  );
  assert.equal(reading.fields.get('accept'), '*/*');
});

test('absolute-form names the host that Host names, and nothing else changes', () => {
  for (const [target, path, query] of [
    ['http://a.test/c', '/c', null],
    ['HTTPS://A.TEST.:443/c?x', '/c', 'x'],
    ['https://a.test', '/', null],
    ['https://a.test?x=1', '/', 'x=1'],
  ] as const) {
    const reading = good(get(target));
    assert.deepEqual([reading.authority.host, reading.path, reading.query], ['a.test', path, query]);
  }
  assert.equal(good(head('OPTIONS * HTTP/1.1', 'Host: a')).path, '*');
  assert.equal(good(head('CONNECT a.test:443 HTTP/1.1', 'Host: a.test')).keepAlive, false);
});

test('a body ends where its head says', () => {
  assert.deepEqual(good(post('Content-Length: 5')).framing, { kind: 'length', bytes: 5 });
  assert.deepEqual(good(post('Content-Length: 0')).framing, { kind: 'none' });
  assert.deepEqual(good(post('Transfer-Encoding: Chunked')).framing, { kind: 'chunked' });
  assert.deepEqual(good(post()).framing, { kind: 'none' });
});

test('the connection is kept by HTTP/1.1 unless it says close, and never by HTTP/1.0', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    [get('/'), true],
    [get('/', 'Connection: keep-alive'), true],
    [get('/', 'Connection: Keep-Alive'), true],
    [get('/', 'Connection: close'), false],
    [get('/', 'Connection: CLOSE'), false],
    [get('/', 'Connection: x-a, close'), false],
    [get('/', 'Connection: keep-alive', 'Connection: close'), false],
    [get('/', 'Connection:'), true],
    [get('/', 'Connection: , ,'), true],
    [head('GET / HTTP/1.0', 'Host: a', 'Connection: keep-alive'), false],
  ];
  for (const [text, keepAlive] of cases) assert.equal(good(text).keepAlive, keepAlive, JSON.stringify(text));
});

test('what Connection names is not forwarded', () => {
  const { fields } = good(get('/', 'X-A: 1', 'Connection: x-a, X-B,keep-alive', 'x-b: 2', 'X-C: 3'));
  assert.equal(fields.keptLines(), 'X-C: 3\r\n');
});

test('an expectation to continue is noticed, and HTTP/1.0 knows none', () => {
  assert.equal(good(post('Content-Length: 5', 'Expect: 100-Continue')).expectsContinue, true);
  assert.equal(
    good(head('POST / HTTP/1.0', 'Host: a', 'Content-Length: 5', 'Expect: whatever')).expectsContinue,
    false,
  );
});

test('a method is what stands there, letter for letter, whether it is a common one or not', () => {
  const methods = [
    'GET',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'HEAD',
    'OPTIONS',
    'TRACE',
    'get',
    'GEt',
    'GE',
    'GETS',
    'POSU',
  ];
  for (const method of methods) assert.equal(good(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).method, method);
});

test('the limits themselves are allowed', () => {
  assert.equal(good(get(`/${'a'.repeat(8_191)}`)).path.length, 8_192);
  assert.equal(good(get('/', ...Array.from({ length: 99 }, (_, at) => `X-${at}: 1`))).fields.size, 100);
  const filler = 16_384 - get('/', 'X: ').length;
  assert.equal(good(get('/', `X: ${'v'.repeat(filler)}`)).fields.get('x')?.length, filler);
  assert.equal(read(get('/', `X: ${'v'.repeat(filler + 1)}`)).fault, 'header-too-large');
  assert.equal(good(`${'A'.repeat(32)} / HTTP/1.1\r\nHost: a\r\n\r\n`).method.length, 32);
});

test('the host text of a connection is remembered, and another one read anew', () => {
  const memory = newAuthorityMemory();
  const hostOf = (name: string): string | null => {
    const bytes = Buffer.from(named(`Host: ${name}`));
    const reading = readRequestHead(bytes, bytes.indexOf(HEAD_END) + 2, memory);
    return reading.fault === null ? reading.authority.host : null;
  };
  assert.deepEqual(['A.test', 'A.test', 'b.test', 'b b', 'b.test'].map(hostOf), [
    'a.test',
    'a.test',
    'b.test',
    null,
    'b.test',
  ]);
});

test('no bytes make the reader throw, and a part never gets another verdict than the whole', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'GET ',
      '/a',
      ' HTTP/1.1',
      '\r\n',
      '\r',
      '\n',
      'Host: a',
      'X: 1',
      'X_Y: 1',
      ' ',
      ':',
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
      'Connection: close',
      '\0',
      '\xff',
      'HTTP/2.0',
      '#',
      '%',
      '..',
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(), (pieces, cut) => {
      const text = `GET / HTTP/1.1\r\nHost: a\r\n${pieces.join('')}${HEAD_END}`;
      const whole = cut % 2 === 0 ? text : text.slice(16);
      const bytes = Buffer.from(whole, 'latin1');
      const { fault } = readRequestHead(bytes, bytes.indexOf(HEAD_END) + 2, newAuthorityMemory());
      const early = earlyFault(bytes.subarray(0, cut % (bytes.indexOf(HEAD_END) + 4)));
      assert.ok(early === null || early === fault, `${early}, not ${fault}`);
    }),
    { numRuns: 3_000 },
  );
});
