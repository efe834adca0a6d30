import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { NO_FIELDS, type HeaderFields } from '../header-fields.ts';
import type { BodyFraming } from '../message.ts';
import { findReplyHeadEnd, readReplyHead } from '../reply-head.ts';
import { NO_LINES, type OutgoingHead } from '../server.ts';
import type { OutgoingRequest } from '../write-head.ts';
import { encodeFields, encodeKept, NO_TABLE, ReplyHeadEncoder, RequestHeadEncoder } from './hpack-encoder.ts';
import { REPLY_RULES, REQUEST_RULES } from './hpack-field.ts';
import { Decoding, fromHex, indexed, literal, resized } from './hpack-fixture.test.ts';

const NO_BODY: BodyFraming = { kind: 'none' };
const PLAIN = { kind: 'plain' } as const;
const NEVER = { kind: 'never' } as const;
const OPENING = 'date: Sun, 06 Nov 1994 08:49:37 GMT\r\nx-request-id: ';
const ID = '0193a1b2-0000-7000-8000-00000000000f';
const CLOSING = '\r\nx-frame-options: DENY\r\nx-content-type-options: nosniff\r\n';

/** Fields as an upstream sends them, each `name: value`. */
function fieldsOf(...lines: readonly string[]): HeaderFields {
  const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
  const head = readReplyHead(bytes, findReplyHeadEnd(bytes) as number, 'GET');
  assert.equal(head.fault, null);
  return head.fields;
}

function headOf(head: Partial<OutgoingHead>): OutgoingHead {
  return { ...NO_LINES, status: 200, fields: null, added: [], framing: NO_BODY, announcedLength: null, ...head };
}

function octets(block: string): Buffer {
  return Buffer.from(block, 'latin1');
}

/** What a peer with an empty table reads, as `name: value`; it must take no entry from the block. */
function linesOf(block: string, rules = REPLY_RULES): readonly string[] {
  const decoding = new Decoding({ rules });
  assert.equal(decoding.decode(octets(NO_TABLE + block)), null);
  assert.equal(decoding.tableBytes, 0);
  return decoding.lines;
}

test('a reply is its status, what is passed on, what is added, the ready lines and its length, in this order', () => {
  const head = headOf({
    status: 404,
    fields: fieldsOf('Content-Type: text/plain', 'X-Thing:   a value'),
    added: ['retry-after', '5', 'x-limit', ''],
    opening: OPENING,
    requestId: ID,
    closing: CLOSING,
  });
  assert.deepEqual(linesOf(new ReplyHeadEncoder().encode(head, 220)), [
    ':status: 404',
    'content-type: text/plain',
    'x-thing: a value',
    'retry-after: 5',
    'x-limit: ',
    'date: Sun, 06 Nov 1994 08:49:37 GMT',
    `x-request-id: ${ID}`,
    'x-frame-options: DENY',
    'x-content-type-options: nosniff',
    'content-length: 220',
  ]);
});

test('each status is one octet where the table has it, and else its name and digits', () => {
  const encoder = new ReplyHeadEncoder();
  for (const [status, block] of [
    [200, '88'],
    [204, '89'],
    [206, '8a'],
    [304, '8b'],
    [400, '8c'],
    [404, '8d'],
    [500, '8e'],
    [302, '08 03 333032'],
    [100, '08 03 313030'],
    [599, '08 03 353939'],
  ] as const)
    assert.deepEqual(octets(encoder.encode(headOf({ status }), null)), fromHex(block));
  for (let status = 100; status < 600; status++)
    assert.deepEqual(linesOf(encoder.encode(headOf({ status }), null)), [`:status: ${status}`]);
});

test('a length is said as it was given, whatever was said before', () => {
  const encoder = new ReplyHeadEncoder();
  for (const length of [0, 1, 9, 220, 8_191, 8_192, 1_000_000, Number.MAX_SAFE_INTEGER, 220, 0])
    assert.deepEqual(linesOf(encoder.encode(headOf({}), length)), [':status: 200', `content-length: ${length}`]);
  assert.deepEqual(linesOf(encoder.encode(headOf({}), null)), [':status: 200']);
});

test('ready lines are those of each reply, however they change from one to the next', () => {
  const encoder = new ReplyHeadEncoder();
  const said = (head: Partial<OutgoingHead>): readonly string[] => linesOf(encoder.encode(headOf(head), null)).slice(1);
  const later = OPENING.replace('37', '38');
  const texts = [OPENING, later, 'x-request-id: '].flatMap((opening) =>
    [CLOSING, '\r\n', '\r\nserver-timing: a;dur=1\r\n'].flatMap((closing) =>
      [ID, 'short', ''].map((requestId) => ({ opening, requestId, closing })),
    ),
  );
  for (const { opening, requestId, closing } of [...texts, ...texts]) {
    const lines = (opening + requestId + closing).split('\r\n').slice(0, -1);
    assert.deepEqual(said({ opening, requestId, closing }), lines);
  }
  assert.deepEqual(said({}), []);
});

test('more closing lines than are kept are still said', () => {
  const encoder = new ReplyHeadEncoder();
  for (let round = 0; round < 2; round++)
    for (let at = 0; at < 300; at++) {
      const head = headOf({ opening: OPENING, requestId: ID, closing: `\r\nx-nr: ${at}\r\n` });
      assert.equal(linesOf(encoder.encode(head, null)).at(-1), `x-nr: ${at}`);
    }
});

test('ready lines that are not whole are a bug', () => {
  const encode = (opening: string, closing: string): string =>
    new ReplyHeadEncoder().encode(headOf({ opening, requestId: ID, closing }), null);
  for (const [opening, closing] of [
    ['x-request-id', CLOSING],
    ['date x-request-id: ', 'x: y\r\n'],
    ['no-colon\r\nx-request-id: ', CLOSING],
    [OPENING, '\r\nx-frame-options: DENY'],
    [OPENING, '\r\nno-colon\r\n'],
    ['', CLOSING],
  ] as const)
    assert.throws(() => encode(opening, closing), TypeError, JSON.stringify([opening, closing]));
});

test('nothing asks for a place in the table; what is secret or passed on may get none anywhere', () => {
  assert.deepEqual(
    octets(
      encodeFields(['date', 'x', 'x-own', 'y', 'set-cookie', 'a=b', 'authorization', 'c', 'proxy-authenticate', 'd']),
    ),
    Buffer.concat([
      literal(33, 'x', PLAIN),
      literal('x-own', 'y', PLAIN),
      literal(55, 'a=b', NEVER),
      literal(23, 'c', NEVER),
      literal(48, 'd', NEVER),
    ]),
  );
  assert.deepEqual(
    octets(encodeFields(['cookie', 'a=b', 'proxy-else', 'c', 'x-request-id', 'd'])),
    Buffer.concat([literal(32, 'a=b', NEVER), literal('proxy-else', 'c', NEVER), literal('x-request-id', 'd', PLAIN)]),
  );
  assert.deepEqual(
    octets(encodeKept(fieldsOf('ETag: "1"', 'Set-Cookie: a=b', 'X-Content-Type-Options: nosniff', 'x-else: c'))),
    Buffer.concat([
      literal(34, '"1"', NEVER),
      literal(55, 'a=b', NEVER),
      literal('x-content-type-options', 'nosniff', NEVER),
      literal('x-else', 'c', NEVER),
    ]),
  );
});

test('what is not forwarded is not encoded, and names are in lower case', () => {
  const fields = fieldsOf(
    'Connection: x-own',
    'X-Own: 1',
    'X-Other: 2',
    'Server: s',
    'Keep-Alive: timeout=5',
    'Age: 3',
  );
  assert.deepEqual(linesOf(encodeKept(fields)), ['x-other: 2', 'age: 3']);
  assert.equal(encodeKept(NO_FIELDS), '');
});

test('one head leaves nothing behind for the next', () => {
  const encoder = new ReplyHeadEncoder();
  const first = encoder.encode(headOf({ fields: fieldsOf('set-cookie: secret=1'), added: ['x-a', 'b'] }), 5);
  assert.match(first, /secret/);
  assert.deepEqual(linesOf(encoder.encode(headOf({ fields: fieldsOf('age: 1') }), null)), [':status: 200', 'age: 1']);
  assert.equal(encodeKept(fieldsOf('age: 1')), encodeKept(fieldsOf('age: 1')));
});

test('strings of every length are framed as they should be', () => {
  for (const length of [0, 1, 126, 127, 128, 254, 255, 256, 1_022, 1_023, 1_024, 16_383, 16_510, 16_511, 20_000]) {
    const value = 'v'.repeat(length);
    const name = 'n'.repeat(length + 1);
    assert.deepEqual(octets(encodeFields([name, value])), literal(name, value, PLAIN), `${length}`);
  }
});

test('a request is its pseudo fields, what is passed on, the ready lines, what is added and its length', () => {
  const encoder = new RequestHeadEncoder();
  const request: OutgoingRequest = {
    method: 'POST',
    target: '/orders?page=1',
    authority: 'orders.internal:8443',
    fields: fieldsOf('Accept: */*', 'Authorization: Bearer abc'),
    added: ['traceparent', '00-1'],
    lines: 'x-forwarded-for: 192.0.2.1\r\nvia: 1.1 portcullis\r\n',
    framing: { kind: 'length', bytes: 12 },
    upgrade: null,
  };
  assert.deepEqual(linesOf(encoder.encode(request, 'https'), REQUEST_RULES), [
    ':method: POST',
    ':scheme: https',
    ':authority: orders.internal:8443',
    ':path: /orders?page=1',
    'accept: */*',
    'authorization: Bearer abc',
    'x-forwarded-for: 192.0.2.1',
    'via: 1.1 portcullis',
    'traceparent: 00-1',
    'content-length: 12',
  ]);
  const { lines: _, ...plain } = request;
  const next = { ...plain, method: 'PATCH', authority: 'b.test', fields: null, added: [], framing: NO_BODY };
  const block = encoder.encode(next, 'http');
  assert.deepEqual(linesOf(block, REQUEST_RULES), [
    ':method: PATCH',
    ':scheme: http',
    ':authority: b.test',
    ':path: /orders?page=1',
  ]);
  const get = encoder.encode({ ...next, method: 'GET', target: '/', framing: { kind: 'chunked' } }, 'https');
  const expected = [indexed(2), indexed(7), literal(1, 'b.test', PLAIN), literal(4, '/', NEVER)];
  assert.deepEqual(octets(get), Buffer.concat(expected));
  assert.equal(
    linesOf(encoder.encode({ ...next, host: 'c.test:1' }, 'http'), REQUEST_RULES)[2],
    ':authority: c.test:1',
  );
  assert.equal(linesOf(encoder.encode({ ...next, host: null }, 'http'), REQUEST_RULES)[2], ':authority: b.test');
  for (const method of ['constructor', '__proto__', 'get'])
    assert.equal(linesOf(encoder.encode({ ...next, method }, 'https'), REQUEST_RULES)[0], `:method: ${method}`);
});

test('the first octet of a connection takes the peer all use of its table', () => {
  assert.deepEqual(octets(NO_TABLE), resized(0));
});

test('whatever is said is read back the same, behind any other reply', () => {
  const name = fc.constantFrom('content-type', 'x-a', 'etag', 'x-frame-options', 'a', `x-${'long'.repeat(40)}`);
  const character = fc.integer({ min: 0x21, max: 0xff }).filter((octet) => octet !== 0x7f);
  const value = fc.array(character, { maxLength: 200 }).map((codes) => String.fromCharCode(...codes));
  const pairs = fc.array(fc.tuple(name, value), { maxLength: 6 });
  const encoder = new ReplyHeadEncoder();
  fc.assert(
    fc.property(
      fc.integer({ min: 200, max: 599 }),
      pairs,
      pairs,
      fc.option(fc.nat()),
      (status, kept, added, length) => {
        const fields = fieldsOf(...kept.map(([each, said]) => `${each}: ${said}`));
        const block = encoder.encode(headOf({ status, fields, added: added.flat() }), length);
        assert.deepEqual(linesOf(block), [
          `:status: ${status}`,
          ...[...kept, ...added].map(([each, said]) => `${each}: ${said}`),
          ...(length === null ? [] : [`content-length: ${length}`]),
        ]);
      },
    ),
    { numRuns: 500 },
  );
});
