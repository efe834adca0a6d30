import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerHead, createDateSource, createReplyOpening, isBodiless, ownAnswer, problemAnswer } from './reply.ts';

test('a refusal is a problem document that nobody keeps', () => {
  const answer = problemAnswer(
    { code: 'method-not-allowed', headers: [['Allow', 'GET, HEAD']], internal: 'hush' },
    'the-id',
  );
  assert.equal(answer.status, 405);
  assert.deepEqual(answer.added, [
    'content-type',
    'application/problem+json',
    'cache-control',
    'no-store',
    'allow',
    'GET, HEAD',
  ]);
  const body = JSON.parse(answer.body.toString()) as Record<string, unknown>;
  assert.deepEqual(body, {
    type: 'urn:portcullis:problem:method-not-allowed',
    title: body['title'],
    status: 405,
    code: 'method-not-allowed',
    instance: 'urn:uuid:the-id',
  });
  assert.equal(answer.refusal, true);
});

test('what is wrong is told, but no more of it than a reply should hold', () => {
  const errors = Array.from({ length: 100 }, (_, at) => ({ detail: `${at}`, pointer: `#/${at}`, parameter: 'a' }));
  const told = (problem: Parameters<typeof problemAnswer>[0]): Record<string, unknown> =>
    JSON.parse(problemAnswer(problem, 'id').body.toString()) as Record<string, unknown>;
  assert.deepEqual(told({ code: 'invalid-body', errors })['errors'], errors.slice(0, 32));
  const long = 'é'.repeat(100_000);
  const [error] = told({ code: 'invalid-body', errors: [{ detail: long, pointer: long, parameter: long }] })[
    'errors'
  ] as object[];
  assert.deepEqual(error, { detail: long.slice(0, 1_024) });
  assert.equal(told({ code: 'invalid-body', detail: long })['detail'], long.slice(0, 1_024));
  const most = { detail: long, pointer: 'é'.repeat(512), parameter: 'é'.repeat(512) };
  const problem = { code: 'invalid-body', errors: Array.from({ length: 50 }, () => most) } as const;
  assert.ok(problemAnswer(problem, 'id').body.length < 256 * 1024);
});

test('the length of an answer counts bytes, not characters', () => {
  const answer = ownAnswer({ status: 200, headers: [], body: 'é' });
  assert.deepEqual(answerHead(answer).framing, { kind: 'length', bytes: 2 });
  assert.deepEqual(answerHead(ownAnswer({ status: 200, headers: [], body: '' })).framing, { kind: 'none' });
  assert.deepEqual(ownAnswer({ status: 200, headers: [], body: Uint8Array.of(1, 2).subarray(1) }).body, Buffer.of(2));
});

test('what can not be sent as a reply throws', () => {
  for (const status of [0, 99, 100, 101, 199, 600, 200.5, Number.NaN]) {
    assert.throws(() => ownAnswer({ status, headers: [], body: '' }), RangeError);
  }
  assert.throws(() => ownAnswer({ status: 200, headers: [['content-length', '5']], body: '' }), TypeError);
  assert.throws(() => ownAnswer({ status: 302, headers: [['location', 'a\r\nset-cookie: b']], body: '' }), TypeError);
  assert.throws(() => problemAnswer({ code: 'not-found', headers: [['a', 'b\n']] }, 'id'), TypeError);
});

test('a refusal behind which no request may follow says so', () => {
  assert.equal(answerHead(problemAnswer({ code: 'plain-http' }, 'id')).closes, true);
  assert.equal(answerHead(problemAnswer({ code: 'not-found' }, 'id')).closes, false);
  assert.equal(answerHead(ownAnswer({ status: 200, headers: [], body: '' })).closes, false);
});

test('HEAD, 204 and 304 have no body', () => {
  assert.deepEqual(
    [isBodiless('HEAD', 200), isBodiless('GET', 204), isBodiless('GET', 304), isBodiless('GET', 200)],
    [true, true, true, false],
  );
});

test('the date is that of the second, made anew when it changes', () => {
  let now = 0;
  const date = createDateSource(() => now);
  assert.equal(date(), 'Thu, 01 Jan 1970 00:00:00 GMT');
  now = 999;
  assert.equal(date(), 'Thu, 01 Jan 1970 00:00:00 GMT');
  now = 1_000;
  assert.equal(date(), 'Thu, 01 Jan 1970 00:00:01 GMT');
});

test('the opening of a reply is its date and the name of the id, for whatever second it goes out in', () => {
  const opening = createReplyOpening();
  const text = (second: string): string => `date: Thu, 01 Jan 1970 00:00:${second} GMT\r\nx-request-id: `;
  for (const [ms, second] of [
    [0, '00'],
    [999.9, '00'],
    [1_000, '01'],
    [59_999, '59'],
    [1_500, '01'],
  ] as const)
    assert.equal(opening(ms), text(second));
});
