import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GRPC_STATUSES, problemCatalogue, type ProblemCode } from '../base/index.ts';
import { encodeMessage, endOf, grpcAnswer, grpcOwnAnswer } from './grpc-answer.ts';
import { numberOfStatus, readStatus, statusOfProblem } from './grpc-status.ts';

test('each problem is a status of its own kind, and none is success or a client’s own doing', () => {
  const expected: Partial<Record<ProblemCode, string>> = {
    'invalid-grpc': 'INVALID_ARGUMENT',
    'rule-not-met': 'INVALID_ARGUMENT',
    'malformed-message': 'INTERNAL',
    unauthenticated: 'UNAUTHENTICATED',
    'invalid-token': 'UNAUTHENTICATED',
    forbidden: 'PERMISSION_DENIED',
    'not-found': 'UNIMPLEMENTED',
    'unsupported-media-type': 'UNIMPLEMENTED',
    'request-timeout': 'DEADLINE_EXCEEDED',
    'deadline-exceeded': 'DEADLINE_EXCEEDED',
    'upstream-timeout': 'DEADLINE_EXCEEDED',
    'rate-limited': 'RESOURCE_EXHAUSTED',
    'message-too-large': 'RESOURCE_EXHAUSTED',
    'misdirected-request': 'UNAVAILABLE',
    'upstream-unreachable': 'UNAVAILABLE',
    'gateway-overloaded': 'UNAVAILABLE',
    'gateway-fault': 'UNAVAILABLE',
  };
  for (const [code, status] of Object.entries(expected))
    assert.equal(statusOfProblem(code as ProblemCode), status, code);
  for (const code of Object.keys(problemCatalogue) as ProblemCode[])
    assert.ok(!['OK', 'CANCELLED'].includes(statusOfProblem(code)), code);
});

test('a status is read where it is a number, and nothing else is one', () => {
  for (const [number, name] of GRPC_STATUSES.entries()) {
    assert.equal(readStatus(String(number)), name);
    assert.equal(numberOfStatus(name), String(number));
  }
  assert.equal(readStatus('17'), 'UNKNOWN');
  assert.equal(readStatus('99999'), 'UNKNOWN');
  for (const text of [null, '', 'OK', '-0', '00', '01', '0 ', ' 0', '0x0', '0, 0', '1e0', '100000', '０'])
    assert.equal(readStatus(text), null, String(text));
});

test('a refusal is a head with a status, the title and nothing of the inside', () => {
  const { status, added, body, refusal } = grpcAnswer({ code: 'forbidden', internal: 'role x', detail: 'not shown' });
  assert.deepEqual([status, body.length, refusal], [200, 0, true]);
  assert.deepEqual(added, [
    ...['content-type', 'application/grpc', 'grpc-status', '7'],
    ...['grpc-message', encodeMessage(problemCatalogue.forbidden.title)],
  ]);
  assert.deepEqual(endOf({ code: 'forbidden' }), added.slice(2));
});

test('the headers of a problem stay, and who shall wait is told so in gRPC too', () => {
  const limited = grpcAnswer({ code: 'rate-limited', headers: [['retry-after', '7']] });
  assert.deepEqual(limited.added.slice(6), ['retry-after', '7', 'grpc-retry-pushback-ms', '7000']);
  const dated = grpcAnswer({ code: 'rate-limited', headers: [['retry-after', 'Fri, 31 Dec 1999 23:59:59 GMT']] });
  assert.equal(dated.added.includes('grpc-retry-pushback-ms'), false);
});

test('a policy’s own reply is the status that its HTTP status stands for, without its body', () => {
  const headers = [
    ['Content-Type', 'text/html'],
    ['content-language', 'en'],
    ['grpc-status', '0'],
    ['retry-after', '3'],
    ['x-kept', 'content-type'],
  ] as const;
  const { answer, status } = grpcOwnAnswer({ status: 503, headers, body: 'soon again' });
  assert.equal(status, 'UNAVAILABLE');
  assert.deepEqual([answer.status, answer.body.length, answer.refusal], [200, 0, false]);
  assert.deepEqual(answer.added, [
    ...['retry-after', '3', 'x-kept', 'content-type', 'content-type', 'application/grpc'],
    ...['grpc-status', '14', 'grpc-message', 'HTTP status 503', 'grpc-retry-pushback-ms', '3000'],
  ]);
  for (let http = 200; http < 600; http++) {
    const { answer, status } = grpcOwnAnswer({ status: http, headers: [], body: '' });
    assert.notEqual(status, 'OK', String(http));
    assert.equal(answer.added[3], numberOfStatus(status));
  }
  assert.throws(() => grpcOwnAnswer({ status: 100, headers: [], body: '' }), RangeError);
});

test('a policy’s own reply by gRPC goes out as it is, where it is a status and nothing else', () => {
  const own = (fields: readonly (readonly [string, string])[], status = 200, body = '') =>
    grpcOwnAnswer({ status, headers: [['content-type', 'application/grpc+proto'], ...fields], body });
  const found = own([
    ['grpc-status', '5'],
    ['grpc-message', 'no such order'],
  ]);
  assert.equal(found.status, 'NOT_FOUND');
  assert.deepEqual(found.answer.added, [
    ...['content-type', 'application/grpc+proto', 'grpc-status', '5', 'grpc-message', 'no such order'],
  ]);
  assert.throws(() => own([]), /something else than a status/);
  assert.throws(() => own([['grpc-status', 'fine']]), RangeError);
  assert.throws(
    () =>
      own([
        ['grpc-status', '0'],
        ['grpc-status', '5'],
      ]),
    RangeError,
  );
  assert.throws(() => own([['grpc-status', '0']], 404), RangeError);
  assert.throws(() => own([['grpc-status', '0']], 200, '\0\0\0\0\0'), RangeError);
});

test('a message is printable ASCII, and decodes to what it was', () => {
  assert.equal(encodeMessage('100% of ✓'), '100%25 of %E2%9C%93');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const encoded = encodeMessage(text);
      assert.match(encoded, /^[\x20-\x7e]*$/);
      assert.equal(decodeURIComponent(encoded), text.toWellFormed());
    }),
  );
});
