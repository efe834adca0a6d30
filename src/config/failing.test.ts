import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { UpstreamConfig } from './config.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

const ONE = 'targets: [http://a]';
const TWO = 'targets: [http://a, http://b]';

function textOf(upstream: string, operations = '{}'): string {
  return [
    'version: 1',
    'apis:',
    '  orders:',
    "    routes: ['GET /x']",
    `    upstream: ${upstream}`,
    '    auth: public',
    `    operations: ${operations}`,
  ].join('\n');
}

function parse(upstream: string, operations?: string) {
  const result = parseConfig(textOf(upstream, operations), { file: '/etc/p.yaml', kinds: [] });
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  const [api] = result.value.config.apis;
  assert.ok(api !== undefined);
  return { ...result.value, api };
}

function upstreamOf(more: string): UpstreamConfig {
  return parse(`{ ${more} }`).api.upstream;
}

test('with one target nothing is sent again, with several once where nothing was sent', () => {
  assert.equal(parse('http://a').api.upstream.retries.attempts, 0);
  assert.equal(upstreamOf(ONE).retries.attempts, 0);
  assert.deepEqual(upstreamOf(TWO).retries, { attempts: 1, on: ['connect'], budgetPercent: 20 });
  assert.equal(upstreamOf(`${TWO}, retries: 0`).retries.attempts, 0);
  assert.deepEqual(upstreamOf(`${ONE}, retries: 2`).retries, { attempts: 2, on: ['connect'], budgetPercent: 20 });
});

test('all that is said of retries, breaker and deadlines is read', () => {
  const { api } = parse(
    `{ ${ONE}, retries: { attempts: 3, on: [connect, reset, timeout, 502, 503, 504], budgetPercent: 5 },` +
      ' breaker: { failurePercent: 80, of: 7, in: 30s, unreachable: 4, open: 1s },' +
      ' deadline: 10s, deadlineHeader: X-Request-Timeout-Ms }',
    "{ 'GET /x': { timeout: 2s, deadline: 3s } }",
  );
  assert.deepEqual(api.upstream.retries, {
    attempts: 3,
    on: ['connect', 'reset', 'timeout', 502, 503, 504],
    budgetPercent: 5,
  });
  assert.deepEqual(api.upstream.breaker, {
    failurePercent: 80,
    least: 7,
    windowMs: 30_000,
    unreachable: 4,
    openMs: 1_000,
  });
  assert.deepEqual([api.upstream.deadlineMs, api.upstream.deadlineField], [10_000, 'x-request-timeout-ms']);
  const own = api.operations['GET /x'];
  assert.deepEqual([own?.timeoutMs, own?.deadlineMs], [2_000, 3_000]);
});

test('there is no breaker and no deadline where none is asked for', () => {
  assert.deepEqual([upstreamOf(ONE).breaker, upstreamOf(`${ONE}, breaker: off`).breaker], [null, null]);
  assert.deepEqual([upstreamOf(ONE).deadlineMs, upstreamOf(ONE).deadlineField], [null, null]);
  const defaults = { failurePercent: 50, least: 20, windowMs: 10_000, unreachable: 10, openMs: 5_000 };
  assert.deepEqual(upstreamOf(`${ONE}, breaker: {}`).breaker, defaults);
});

/** What stands behind the target, where it goes wrong, and how that is told. */
const BAD: readonly (readonly [more: string, key: string, words: string])[] = [
  ['retries: 6', 'retries', 'a number of retries is from 0 to 5'],
  ['retries: -1', 'retries', 'a number of retries is from 0 to 5'],
  ['retries: often', 'retries', 'expected how often a request may be sent again'],
  ['retries: { attempts: 1.5 }', 'retries.attempts', 'expected how often a request may be sent again'],
  ['retries: { on: [] }', 'retries.on', 'at least one reason is needed'],
  ['retries: { on: [500] }', 'retries.on[0]', 'this is no reason to send a request again'],
  ["retries: { on: ['503'] }", 'retries.on[0]', 'this is no reason to send a request again'],
  ['retries: { on: [reset, reset] }', 'retries.on[1]', 'this reason stands in the list already'],
  ['retries: { budgetPercent: 0 }', 'retries.budgetPercent', 'must be a whole number from 1 to 100'],
  ['retries: { perTry: 1s }', 'retries.perTry', 'unknown key'],
  ['breaker: on', 'breaker', 'expected off, or when the circuit breaker opens'],
  ['breaker: { failurePercent: 101 }', 'breaker.failurePercent', 'must be a whole number from 1 to 100'],
  ['breaker: { of: 0 }', 'breaker.of', 'must be a whole number from 1 to 10000'],
  ['breaker: { in: 10ms }', 'breaker.in', 'must be from 1s to 10m'],
  ['breaker: { open: 1h }', 'breaker.open', 'must be from 100ms to 10m'],
  ['deadline: 10', 'deadline', 'expected a duration with its unit'],
  ['deadline: 1ms', 'deadline', 'must be from 10ms to 1h'],
  ['deadlineHeader: x-left-ms', 'deadlineHeader', 'there is no deadline that it could tell of'],
  ['deadline: 1s, deadlineHeader: host', 'deadlineHeader', 'this field name begins with `x-`'],
  ['deadline: 1s, deadlineHeader: x-forwarded-for', 'deadlineHeader', 'this name means something else'],
  ['deadline: 1s, deadlineHeader: x-portcullis-subject', 'deadlineHeader', 'this name means something else'],
  ['deadline: 1s, deadlineHeader: "x-a: b"', 'deadlineHeader', 'this field name begins with `x-`'],
];

for (const [more, key, words] of BAD) {
  test(`${more} is told with its place`, () => {
    const text = textOf(`{ ${ONE}, ${more} }`);
    const result = parseConfig(text, { file: '/etc/p.yaml', kinds: [] });
    assert.ok(!result.ok);
    const told = result.error.map(formatIssue).join('\n');
    assert.ok(told.includes(`apis.orders.upstream.${key}: ${words}`), told);
    assert.deepEqual(
      result.error.map(({ place }) => place?.line),
      [5],
    );
  });
}

test('an operation has bounds on its own times too', () => {
  const result = parseConfig(textOf('http://a', "{ 'GET /x': { timeout: 1ms, deadline: 2h } }"), {
    file: '/etc/p.yaml',
    kinds: [],
  });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.error.map(({ message }) => message),
    ['must be from 10ms to 1h', 'must be from 10ms to 1h'],
  );
});

test('what changes of it is told, for an upstream and for an operation', () => {
  const read = (upstream: string, operations?: string) => {
    const { config } = parse(upstream, operations);
    return { config, descriptions: {}, documents: {}, files: {}, secrets: {} };
  };
  const told = diffConfigurations(
    read(`{ ${ONE}, deadline: 5s }`),
    read(
      `{ ${ONE}, retries: { attempts: 2, on: [reset] }, breaker: {}, deadline: 2s, deadlineHeader: x-left-ms }`,
      "{ 'GET /x': { timeout: 1s, deadline: 3s } }",
    ),
  ).map(({ operation, effect, about, message }) => [operation, effect, about, message]);
  assert.deepEqual(told, [
    [null, 'changes', 'upstream', 'a request is sent again 2 times at most, on reset, never more than 20 % of them'],
    [
      null,
      'changes',
      'upstream',
      'the upstream is let be for 5000 ms where 50 % of 20 requests or more fail within 10000 ms',
    ],
    [null, 'changes', 'upstream', 'a reply must begin within 2000 ms'],
    [null, 'changes', 'upstream', 'the upstream is told in x-left-ms what is left of the deadline'],
    ['GET /x', 'changes', 'upstream', 'its reply may take 1000 ms to begin'],
    ['GET /x', 'changes', 'upstream', 'a reply must begin within 3000 ms'],
  ]);
  const back = diffConfigurations(
    read(`{ ${TWO}, breaker: {}, deadline: 5s, deadlineHeader: x-left-ms }`, "{ 'GET /x': { timeout: 1s } }"),
    read(`{ ${TWO}, retries: 0 }`),
  ).map(({ message }) => message);
  assert.deepEqual(back, [
    'a request is never sent again',
    'the upstream is asked however much of it fails',
    'there is no deadline any more',
    'the upstream is no longer told what is left of the deadline',
    'its reply may take as long as the upstream says to begin',
  ]);
});
