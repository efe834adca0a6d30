import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblemCode, problemBody, problemCatalogue, problemCloses, problemStatus } from './problem.ts';

const entries = Object.entries(problemCatalogue);
const ID = '018f0000-0000-7000-8000-000000000000';

test('every entry of the catalogue is whole', () => {
  assert.ok(entries.length >= 40);
  for (const [code, entry] of entries) {
    assert.match(code, /^[a-z]+(?:-[a-z]+)*$/, code);
    assert.ok(Number.isInteger(entry.status) && entry.status >= 400 && entry.status <= 599, code);
    assert.match(entry.title, /^[A-Z][^.]*[^.\s]$/, code);
    for (const sentence of [entry.cause, entry.fix]) assert.match(sentence, /^\S.*\.$/, code);
    assert.deepEqual(
      Object.keys(entry).filter((key) => !['status', 'title', 'cause', 'fix', 'closes'].includes(key)),
      [],
      code,
    );
  }
});

test('no two refusals have one title', () => {
  const titles = entries.map(([, entry]) => entry.title.toLowerCase());
  assert.equal(new Set(titles).size, titles.length);
});

test('what leaves the framing in doubt closes the connection, what was well framed does not', () => {
  for (const code of ['length-and-chunked', 'malformed-chunk', 'body-too-large', 'malformed-target'] as const) {
    assert.equal(problemCloses(code), true, code);
  }
  for (const code of ['not-found', 'rate-limited', 'unauthenticated', 'upstream-timeout'] as const) {
    assert.equal(problemCloses(code), false, code);
  }
});

test('the body has the members of RFC 9457 and ours, and never what is internal', () => {
  const problem = { code: 'rate-limited', internal: 'redis at 10.0.0.7', headers: [['retry-after', '3']] } as const;
  assert.deepEqual(JSON.parse(problemBody(problem, ID)), {
    type: 'urn:portcullis:problem:rate-limited',
    title: 'Too many requests',
    status: 429,
    code: 'rate-limited',
    instance: `urn:uuid:${ID}`,
  });
  assert.equal(problemStatus('rate-limited'), 429);
});

test('a detail is carried as text that cannot break out of its member', () => {
  const detail = '"},{"status":200 </script>\u0000\n';
  const body = problemBody({ code: 'malformed-body', detail }, ID);
  assert.equal((JSON.parse(body) as { detail: string }).detail, detail);
});

test('only codes of the catalogue are codes', () => {
  assert.equal(isProblemCode('not-found'), true);
  for (const text of ['', 'Not-Found', 'constructor', '__proto__', 'toString', 'not-found ']) {
    assert.equal(isProblemCode(text), false, text);
  }
});
