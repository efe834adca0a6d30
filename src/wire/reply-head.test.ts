import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  findReplyHeadEnd,
  INTERIM_LIMIT,
  nextReplyHead,
  type ReplyHead,
  type ReplyHeadReading,
  readReplyHead,
} from './reply-head.ts';

function read(text: string, method = 'GET'): ReplyHeadReading {
  const bytes = Buffer.from(text, 'latin1');
  return readReplyHead(bytes, bytes.indexOf('\r\n\r\n') + 2, method);
}

function good(line: string, fields: readonly string[] = [], method = 'GET'): ReplyHead {
  const reading = read(`${[line, ...fields].join('\r\n')}\r\n\r\n`, method);
  assert.ok(reading.fault === null, `${line}: ${reading.fault}`);
  return reading;
}

const OK = 'HTTP/1.1 200 OK';

test('the end of a head is its first empty line; without one more may come, unless it is too long or breaks its lines', () => {
  const endOf = (text: string): number | string => findReplyHeadEnd(Buffer.from(text, 'latin1'));
  assert.equal(endOf(`${OK}\r\na: b\r\n\r\nbody\r\n\r\n`), OK.length + 8);
  for (const text of ['', 'H', OK, `${OK}\r`, `${OK}\r\n`, `${OK}\r\n\r`]) assert.equal(endOf(text), -1, text);
  for (const text of ['\n', `${OK}\n`, `${OK}\r\na: b\n\n`]) assert.equal(endOf(text), 'bare line feed in the head');
  assert.equal(endOf('x'.repeat(16 * 1024)), -1);
  assert.equal(endOf('x'.repeat(16 * 1024 + 1)), 'head larger than 16 KiB');
});

test('the next head of a reply is read once its end is there, and interim ones up to a bound', () => {
  const next = (text: string, interims: number) => nextReplyHead(Buffer.from(text, 'latin1'), 'GET', interims);
  const interim = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
  const final = `${OK}\r\ncontent-length: 0\r\n\r\n`;
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n';
  assert.equal(next(interim.slice(0, -1), 0), null);
  assert.deepEqual(next(`${OK}\n`, 0), { fault: 'bare line feed in the head' });
  const head = next(`${interim}${final}`, INTERIM_LIMIT - 1);
  assert.ok(head !== null && head.fault === null);
  assert.deepEqual([head.status, head.bytes], [103, interim.length]);
  assert.deepEqual(next(interim, INTERIM_LIMIT), { fault: 'more than 10 interim replies' });
  for (const text of [final, switching]) assert.equal(next(text, INTERIM_LIMIT)?.fault, null, text);
});

test('a status line is HTTP/1.x, three digits from 100 to 599, and any reason', () => {
  for (const [line, status] of [
    [OK, 200],
    ['HTTP/1.0 404 Not Found', 404],
    ['HTTP/1.1 599 ', 599],
    ['HTTP/1.1 100 \xe9\t"', 100],
  ] as const) {
    assert.equal(good(line, ['Content-Length: 0']).status, status);
  }
  for (const line of [
    'HTTP/1.1 200',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 099 x',
    'HTTP/1.1 600 x',
    'HTTP/1.1 999 x',
    'HTTP/1.1 2x0 OK',
    'HTTP/2.0 200 OK',
    'HTTP/1.2 200 OK',
    'http/1.1 200 OK',
    ' HTTP/1.1 200 OK',
    'HTTP/1.1\t200 OK',
    'ICY 200 OK',
    '200 OK',
    '',
    'HTTP/1.1 200 O\0K',
    'HTTP/1.1 200 O\x7fK',
    'HTTP/1.1 +20 OK',
    'GET / HTTP/1.1',
    'HTTP/1.1 200 OK\rX',
  ]) {
    assert.equal(typeof read(`${line}\r\nContent-Length: 0\r\n\r\n`).fault, 'string', line);
  }
});

test('the body is framed as RFC 9112 §6.3 says', () => {
  assert.deepEqual(good(OK, ['Content-Length: 5']).framing, { kind: 'length', bytes: 5 });
  assert.deepEqual(good(OK, ['Content-Length: 0']).framing, { kind: 'none' });
  assert.deepEqual(good(OK, ['Transfer-Encoding: chunked']).framing, { kind: 'chunked' });
  assert.deepEqual(good(OK).framing, { kind: 'until-close' });
  for (const line of ['HTTP/1.1 204 No Content', 'HTTP/1.1 304 Not Modified', 'HTTP/1.1 103 Early Hints']) {
    assert.deepEqual(good(line, ['Content-Length: 5']).framing, { kind: 'none' }, line);
    assert.deepEqual(good(line, ['Transfer-Encoding: chunked']).framing, { kind: 'none' }, line);
  }
  const toHead = good(OK, ['Content-Length: 5'], 'HEAD');
  assert.deepEqual(toHead.framing, { kind: 'none' });
  assert.equal(toHead.announcedLength, 5);
  assert.equal(good(OK, [], 'HEAD').announcedLength, null);
});

test('framing in doubt is a fault', () => {
  for (const fields of [
    ['Content-Length: 5', 'Transfer-Encoding: chunked'],
    ['Content-Length: 5', 'Content-Length: 5'],
    ['Content-Length: 5', 'Content-Length: 6'],
    ['Content-Length: 5, 5'],
    ['Content-Length: +5'],
    ['Content-Length: 18446744073709551616'],
    ['Transfer-Encoding: gzip, chunked'],
    ['Transfer-Encoding: xchunked'],
    ['Transfer-Encoding: identity'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['Content-Length : 5'],
    [' Content-Length: 5'],
    ['X: 1', ' folded'],
    ['X'],
    [': 1'],
    ['X: \0'],
    ['X: 1\n'],
    ['X: 1\rY: 2'],
  ]) {
    assert.equal(typeof read(`${[OK, ...fields].join('\r\n')}\r\n\r\n`).fault, 'string', fields.join('|'));
  }
  assert.equal(typeof read('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n').fault, 'string');
  assert.equal(typeof read(`${OK}\r\n${'X: 1\r\n'.repeat(101)}\r\n`).fault, 'string');
  assert.equal(typeof read(`${OK}\r\nX: ${'v'.repeat(17_000)}\r\n\r\n`).fault, 'string');
});

test('obs-text and underscores are an upstream’s own business', () => {
  const { fields } = good(OK, ['Content-Disposition: attachment; filename=caf\xe9', 'X_Y: 1']);
  assert.equal(fields.get('content-disposition'), 'attachment; filename=caf\xe9');
  assert.equal(fields.get('x_y'), '1');
});

test('a connection is kept by HTTP/1.1 with a framed body and no close', () => {
  const length = 'Content-Length: 0';
  assert.equal(good(OK, [length]).keepAlive, true);
  assert.equal(good(OK, [length, 'Connection: keep-alive']).keepAlive, true);
  assert.equal(good(OK, [length, 'Connection: Close']).keepAlive, false);
  assert.equal(good(OK, [length, 'Connection: x, close']).keepAlive, false);
  assert.equal(good(OK).keepAlive, false);
  assert.equal(good('HTTP/1.0 200 OK', [length, 'Connection: keep-alive']).keepAlive, false);
  assert.equal(good(OK, [length, `Connection: ${'x,'.repeat(40)}`]).keepAlive, false);
});

test('what Connection names ends here, also where the connection is not kept', () => {
  for (const [line, fields] of [
    [OK, ['Connection: X-Hop', 'Content-Length: 0']],
    [OK, ['Connection: x-hop, close']],
    ['HTTP/1.0 200 OK', ['Connection: X-Hop']],
  ] as const) {
    const kept = good(line, [...fields, 'X-Hop: 1', 'X-End: 1']).fields.keptLines();
    assert.equal(kept, 'X-End: 1\r\n', line);
  }
});

test('the upstream may say how long it keeps an idle connection', () => {
  assert.equal(good(OK, ['Keep-Alive: timeout=5, max=100']).idleMs, 5_000);
  assert.equal(good(OK, ['Keep-Alive: max=100,Timeout=2']).idleMs, 2_000);
  for (const value of ['timeout', 'timeout=', 'timeout=-1', 'timeout=9999999', 'xtimeout=5', 'timeout=5s']) {
    assert.equal(good(OK, [`Keep-Alive: ${value}`]).idleMs, null, value);
  }
});

test('no bytes make the reader throw', () => {
  const piece = fc.constantFrom(
    OK,
    'HTTP/1.1 ',
    '200',
    ' ',
    'X: 1',
    '\r\n',
    '\r',
    '\n',
    ':',
    '\0',
    '\xff',
    'Connection: ',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    ',',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 15 }), fc.boolean(), (pieces, began) => {
      read(`${began ? `${OK}\r\n` : ''}${pieces.join('')}\r\n\r\n`);
    }),
  );
});
