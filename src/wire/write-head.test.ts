import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_FIELDS } from './header-fields.ts';
import type { BodyFraming } from './message.ts';
import { readReplyHead } from './reply-head.ts';
import { newAuthorityMemory, readRequestHead } from './request-head.ts';
import { NO_LINES, type OutgoingHead } from './server.ts';
import { chunkLine, type ReplyHeadOptions, statusLine, writeReplyHead, writeRequestHead } from './write-head.ts';

const PLAIN: ReplyHeadOptions = { method: 'GET', legacy: false, bytes: null, close: false };

function written(
  status: number,
  framing: BodyFraming,
  options: Partial<ReplyHeadOptions> = {},
  announcedLength: number | null = null,
): string {
  const head: OutgoingHead = { ...NO_LINES, status, fields: null, added: [], framing, announcedLength };
  return writeReplyHead(head, { ...PLAIN, ...options }).replaceAll('\r\n', '|');
}

test('a reply says how long its body is, in the one way its client knows', () => {
  assert.equal(written(200, { kind: 'length', bytes: 5 }), 'HTTP/1.1 200 OK|content-length: 5||');
  assert.equal(written(200, { kind: 'none' }), 'HTTP/1.1 200 OK|content-length: 0||');
  assert.equal(written(200, { kind: 'chunked' }), 'HTTP/1.1 200 OK|transfer-encoding: chunked||');
  assert.equal(written(200, { kind: 'until-close' }), 'HTTP/1.1 200 OK|transfer-encoding: chunked||');
  assert.equal(written(200, { kind: 'chunked' }, { legacy: true, close: true }), 'HTTP/1.1 200 OK|connection: close||');
  assert.equal(written(200, { kind: 'chunked' }, { bytes: 7 }), 'HTTP/1.1 200 OK|content-length: 7||');
});

test('a reply without a body says no length that could be taken for one', () => {
  for (const framing of [{ kind: 'none' }, { kind: 'chunked' }, { kind: 'length', bytes: 5 }] as const) {
    assert.equal(written(204, framing), 'HTTP/1.1 204 No Content||');
  }
  assert.equal(written(304, { kind: 'none' }), 'HTTP/1.1 304 Not Modified||');
  assert.equal(written(304, { kind: 'none' }, {}, 5), 'HTTP/1.1 304 Not Modified|content-length: 5||');
  assert.equal(written(200, { kind: 'none' }, { method: 'HEAD' }, 5), 'HTTP/1.1 200 OK|content-length: 5||');
  assert.equal(written(200, { kind: 'length', bytes: 5 }, { method: 'HEAD' }), 'HTTP/1.1 200 OK|content-length: 5||');
  assert.equal(written(200, { kind: 'chunked' }, { method: 'HEAD' }), 'HTTP/1.1 200 OK||');
});

test('an unknown status has an empty reason', () => {
  assert.equal(statusLine(418), 'HTTP/1.1 418 \r\n');
  assert.equal(statusLine(200), 'HTTP/1.1 200 OK\r\n');
});

test('what is written to a client is read back the same', () => {
  const text = writeReplyHead(
    {
      status: 201,
      fields: null,
      added: ['x-a', '1', 'x-b', ''],
      opening: 'date: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-request-id: ',
      requestId: 'r1',
      closing: '\r\nx-frame-options: DENY\r\n',
      framing: { kind: 'length', bytes: 3 },
      announcedLength: null,
    },
    { ...PLAIN, close: true },
  );
  const reading = readReplyHead(Buffer.from(text), text.length - 2, 'GET');
  assert.ok(reading.fault === null);
  assert.deepEqual([reading.status, reading.framing, reading.keepAlive], [201, { kind: 'length', bytes: 3 }, false]);
  assert.deepEqual(
    ['x-a', 'date', 'x-request-id', 'x-frame-options'].map((name) => reading.fields.get(name)),
    ['1', 'Sun, 06 Nov 1994 08:49:37 GMT', 'r1', 'DENY'],
  );
});

test('what is written to an upstream is read back the same', () => {
  for (const [method, framing] of [
    ['GET', { kind: 'none' }],
    ['POST', { kind: 'none' }],
    ['POST', { kind: 'length', bytes: 5 }],
    ['PUT', { kind: 'chunked' }],
  ] as const) {
    const text = writeRequestHead({
      method,
      target: '/a?b',
      authority: 'up.test:81',
      fields: NO_FIELDS,
      added: ['x-a', '1'],
      framing,
      upgrade: null,
    });
    const reading = readRequestHead(Buffer.from(text), text.length - 2, newAuthorityMemory());
    assert.ok(reading.fault === null, `${text}: ${reading.fault}`);
    assert.deepEqual([reading.method, reading.path, reading.query, reading.framing], [method, '/a', 'b', framing]);
    assert.deepEqual(reading.authority, { host: 'up.test', port: 81 });
    assert.equal(reading.fields.get('x-a'), '1');
    // A method that usually has a body says that it has none; the others need not.
    assert.equal(
      reading.fields.get('content-length'),
      framing.kind === 'length' ? '5' : method === 'POST' ? '0' : null,
    );
  }
});

test('Host says another name where one is meant, and the next request its target’s own again', () => {
  const request = { method: 'GET', target: '/', authority: 'up.test:81', fields: NO_FIELDS, added: [], upgrade: null };
  const hostOf = (host: string | null): string | undefined =>
    /\r\nhost: ([^\r]*)/.exec(writeRequestHead({ ...request, host, framing: { kind: 'none' } }))?.[1];
  assert.deepEqual(['a.test', null, 'b.test:82', 'a.test', null].map(hostOf), [
    'a.test',
    'up.test:81',
    'b.test:82',
    'a.test',
    'up.test:81',
  ]);
});

test('a chunk is announced in hexadecimal', () => {
  assert.equal(chunkLine(255), 'ff\r\n');
});
