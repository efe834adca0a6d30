import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Members, onlyOperation, withOperation } from '../fixtures.test.ts';
import { type AcceptJudge, compileAccept } from './accept-judge.ts';

function judgeOf(responses: Readonly<Record<string, readonly string[]>>): AcceptJudge | null {
  const written = Object.entries(responses).map(([status, types]) => {
    const content = types.length === 0 ? {} : { content: Object.fromEntries(types.map((type) => [type, {}])) };
    return [status, { description: 'x', ...content } satisfies Members] as const;
  });
  return compileAccept(onlyOperation(withOperation({ responses: Object.fromEntries(written) })).responses);
}

const json = judgeOf({ 200: ['application/json'], 404: ['application/problem+json'] });
const pictures = judgeOf({ 200: ['image/*', 'application/vnd.a+json; version=1'] });

test('what leaves room for a described reply is accepted', () => {
  for (const accept of [
    'application/json',
    'APPLICATION/JSON',
    'application/*',
    '*/*;q=0.1',
    'text/html, application/json;q=0.001',
    'application/problem+json',
    'application/json;q=1;ext=2',
    'application/json; charset=utf-8',
    'text/html, */*;q=0.8',
    'application/json;q=0, */*',
    'application/json; version=2',
    ', ,application/json,',
  ]) {
    assert.equal(json?.(accept), true, accept);
  }
});

test('what excludes every described reply is not', () => {
  for (const accept of [
    'text/html',
    'application/xml, text/*',
    'application/json;q=0, application/problem+json;q=0.000',
    '*/*;q=0',
    '*/*, application/*;q=0',
    'application/json;q=0, application/problem+json;q=0, */*',
    'application/jsonp',
    'text/html, application/*+json',
    'application/*;q=1, application/json;q=0, application/problem+json;q=0',
  ]) {
    assert.equal(json?.(accept), false, accept);
  }
});

test('a range in the description is met by any type of it, and a parameter by the same one', () => {
  for (const accept of [
    'image/png',
    'image/*',
    'application/vnd.a+json;version=1',
    'application/vnd.a+json;VERSION="1"',
  ]) {
    assert.equal(pictures?.(accept), true, accept);
  }
  for (const accept of ['application/vnd.a+json;version=2', 'image/*;q=0, application/json', 'text/plain']) {
    assert.equal(pictures?.(accept), false, accept);
  }
  assert.equal(pictures?.('image/png;q=0'), false);
});

test('a suffix in the description is met by a type that ends on it', () => {
  const judge = judgeOf({ 200: ['application/*+json'] });
  assert.equal(judge?.('application/hal+json'), true);
  assert.equal(judge?.('application/json'), false);
});

test('a field that cannot be read counts as none', () => {
  for (const accept of [
    '',
    ',',
    '*;q=.2',
    'text/html;q=2',
    'text/html;q=0.1234',
    'text',
    'text/html; =x',
    '*/json',
    'text/html"',
    'text/html;a="x, text/css',
    `text/html;a="${'x'.repeat(3000)}"`,
    'a/b,'.repeat(100),
  ]) {
    assert.equal(json?.(accept), true, accept);
  }
});

test('a field of 2,000 characters and 64 ranges is read, and no longer one', () => {
  const spaced = (length: number): boolean | undefined => json?.('text/html'.padEnd(length));
  const ranged = (ranges: number): boolean | undefined => json?.(Array.from({ length: ranges }, () => 'a/b').join());
  assert.deepEqual([spaced(2_000), spaced(2_001)], [false, true]);
  assert.deepEqual([ranged(64), ranged(65)], [false, true]);
});

test('where a reply of success may be anything or nothing, nothing is judged', () => {
  for (const responses of [
    {},
    { 204: [] },
    { 200: ['application/json'], 204: [] },
    { 200: ['*/*'] },
    { 404: ['text/plain'] },
  ]) {
    assert.equal(judgeOf(responses), null, JSON.stringify(responses));
  }
  for (const responses of [{ default: ['text/plain'] }, { '2XX': ['text/plain'], 304: [], default: [] }]) {
    assert.equal(judgeOf(responses)?.('text/html'), false);
  }
});

test('a hostile field takes no time', () => {
  const started = process.cpuUsage().user;
  const quotes = '\\"'.repeat(999);
  for (const accept of [
    `"${quotes.repeat(8)}`,
    `"${quotes}`,
    `"${quotes.slice(0, -1)}`,
    `a/b;c="${quotes.slice(0, 990)}`,
  ]) {
    for (let round = 0; round < 6_000; round++) json?.(accept);
  }
  assert.ok(process.cpuUsage().user - started < 1_000_000);
});
