import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { healthChanges } from './diff-health.ts';
import type { HealthConfig } from './health-config.ts';
import { parseConfig } from './parse.ts';

const parse = (health: string) =>
  parseConfig(
    `version: 1\napis:\n  a:\n    routes: ['GET /x']\n    upstream: { targets: ['http://a.test', 'http://b.test'], ${health} }\n    auth: public\n`,
    { file: '/etc/p.yaml', kinds: [] },
  );

function healthOf(health: string): HealthConfig {
  const parsed = parse(health === '' ? '' : `health: ${health}`);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config.apis[0]?.upstream.health ?? assert.fail();
}

const EJECT = { consecutive: 5, failurePercent: 50, timeMs: 10_000, maxTimeMs: 300_000, maxPercent: 50 };
const CHECK = {
  ...{ kind: 'http', path: '/healthz', host: null, expect: [{ from: 200, to: 399 }], service: '' },
  ...{ everyMs: 10_000, timeoutMs: 2_000, rise: 2, fall: 3 },
} as const;

test('where nothing is said targets are not asked, and those that fail are ejected', () => {
  assert.deepEqual(healthOf(''), { check: null, eject: EJECT, slowStartMs: 10_000, whenAllDown: 'refuse' });
});

test('a path alone is a check over http; a word alone is a check with what holds for all', () => {
  assert.deepEqual(healthOf('{ path: /healthz }').check, CHECK);
  assert.deepEqual(healthOf('tcp').check, { ...CHECK, kind: 'tcp', path: '' });
  assert.deepEqual(healthOf('grpc').check, { ...CHECK, kind: 'grpc', path: '' });
});

test('all that can be said is read', () => {
  const text =
    "{ path: '/live?deep=1', host: orders.internal, expect: [204, 301-302], every: 1s, timeout: 500ms, rise: 1, fall: 2, eject: { consecutive: 2, failurePercent: 90, time: 1s, maxTime: 4s, maxPercent: 34 }, slowStart: 0s, whenAllDown: serve }";
  const expect = [
    { from: 204, to: 204 },
    { from: 301, to: 302 },
  ];
  assert.deepEqual(healthOf(text), {
    check: {
      ...{ kind: 'http', path: '/live?deep=1', host: 'orders.internal', expect, service: '' },
      ...{ everyMs: 1_000, timeoutMs: 500, rise: 1, fall: 2 },
    },
    eject: { consecutive: 2, failurePercent: 90, timeMs: 1_000, maxTimeMs: 4_000, maxPercent: 34 },
    slowStartMs: 0,
    whenAllDown: 'serve',
  });
  assert.equal(healthOf('{ eject: off }').eject, null);
  assert.deepEqual(healthOf('{ path: /x, expect: 200 }').check?.expect, [{ from: 200, to: 200 }]);
  const grpc = healthOf('{ check: grpc, service: acme.Orders, host: orders.internal }').check;
  assert.deepEqual([grpc?.service, grpc?.host], ['acme.Orders', 'orders.internal']);
});

const REFUSED: readonly (readonly [health: string, words: RegExp])[] = [
  ['on', /upstream\.health: expected how targets are checked.*health: tcp/s],
  ['{ check: http }', /health\.check: a check over http needs its `path`/],
  ['{ check: icmp }', /health\.check: expected what is checked/],
  ['{ check: tcp, path: /x }', /health\.path: only a check over http asks for a path/],
  ['{ path: /x, service: a.B }', /health\.service: only a check over gRPC/],
  ['{ check: tcp, host: a.test }', /health\.host: only a check over http or gRPC/],
  ['{ host: a.test }', /health\.host: only a check over http or gRPC/],
  ['{ path: healthz }', /health\.path: a path begins with/],
  ['{ path: "/a b" }', /health\.path: a path begins with/],
  ['{ path: "/a\\r\\nx: y" }', /health\.path: a path begins with/],
  ['{ path: "/a#b" }', /health\.path: a path begins with/],
  [`{ path: /${'a'.repeat(2_048)} }`, /health\.path: is longer than 2048/],
  ["{ path: '/${env:X}' }", /a reference is read only where/],
  ['{ path: /x, host: "a.test:80" }', /health\.host: a host is named without a port/],
  ['{ path: /x, host: "a\\r\\nb" }', /health\.host: /],
  ['{ check: grpc, service: "a b" }', /health\.service: this is no name/],
  ['{ path: /x, expect: 99 }', /health\.expect: a status is from 100 to 599/],
  ['{ path: /x, expect: 2xx }', /health\.expect: this is no range/],
  ['{ path: /x, expect: 399-200 }', /health\.expect: the first status of a range/],
  ['{ path: /x, expect: 200-600 }', /health\.expect: this is no range/],
  ['{ path: /x, expect: [] }', /health\.expect: at least one status is needed/],
  [`{ path: /x, expect: [${'200, '.repeat(16)}201] }`, /health\.expect: expected statuses, 16 of them at most/],
  ['{ path: /x, expect: ~ }', /health\.expect: expected a status, or a range of them/],
  ['{ path: /x, every: 10ms }', /health\.every: must be from 100ms to 1h/],
  ['{ path: /x, timeout: 0s }', /health\.timeout: must be from/],
  ['{ path: /x, rise: 0 }', /health\.rise: must be a whole number from 1 to 100/],
  ['{ path: /x, fall: 1.5 }', /health\.fall: must be a whole number/],
  ['{ eject: on }', /health\.eject: expected off/],
  ['{ eject: { consecutive: 0 } }', /eject\.consecutive: must be a whole number/],
  ['{ eject: { maxPercent: 0 } }', /eject\.maxPercent: must be a whole number from 1 to 100/],
  ['{ eject: { failurePercent: 101 } }', /eject\.failurePercent: must be/],
  ['{ eject: { time: 10m } }', /eject\.maxTime: the longest time is shorter/],
  ['{ ejekt: off }', /health\.ejekt: unknown key.*eject/],
  ['{ slowStart: 2h }', /health\.slowStart: must be from 0s to 1h/],
  ['{ whenAllDown: panic }', /health\.whenAllDown: expected refuse or serve/],
];

test('what can not be meant is refused where it stands', () => {
  for (const [health, expected] of REFUSED) {
    const parsed = parse(`health: ${health}`);
    assert.ok(!parsed.ok, health);
    assert.match(parsed.error.map(formatIssue).join('\n'), expected, health);
    for (const { place } of parsed.error) assert.equal(place?.line, 5, health);
  }
});

test('what a change of it means is told', () => {
  const told = (from: string, to: string): readonly string[] =>
    healthChanges(healthOf(from), healthOf(to), (about, effect, message) => ({
      ...{ api: 'a', operation: null, about, effect, message },
    })).map(({ effect, message }) => `${effect}: ${message}`);
  assert.deepEqual(told('{ path: /x }', '{ path: /x }'), []);
  assert.deepEqual(told('', '{ path: /x }'), ['changes: targets are checked by GET /x each 10 s']);
  assert.deepEqual(told('grpc', 'tcp'), ['changes: targets are checked by connecting each 10 s']);
  assert.deepEqual(told('tcp', ''), ['changes: targets are no longer checked']);
  assert.deepEqual(told('', '{ eject: off }'), ['changes: targets that fail are no longer left out']);
  assert.deepEqual(told('{ eject: off }', ''), [
    'changes: targets are left out behind 5 failures in a row, or 50 % of them, and 50 % at most',
  ]);
  assert.deepEqual(told('', '{ slowStart: 0s }'), ['changes: targets that are back get all of their part at once']);
  assert.deepEqual(told('', '{ whenAllDown: serve }'), [
    'loosens: while all targets fail their checks, requests are served all the same',
  ]);
  assert.deepEqual(told('{ whenAllDown: serve }', ''), [
    'tightens: while all targets fail their checks, requests are refused',
  ]);
});
