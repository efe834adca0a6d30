import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import CachePolicy from 'http-cache-semantics';
import { Bench, type Given, START_MS } from './fixture.test.ts';
import type { NotStored } from './index.ts';

/**
 * What http-cache-semantics 4.3.0 stores and this room does not, with the reason. Everything else must be the same, and
 * this room must never store what it does not.
 */
const STRICTER: Readonly<Partial<Record<NotStored, string>>> = {
  method: 'replies to HEAD and POST are never stored, since a key holds no method and no body',
  status: '405, 414 and 501 are caused by what no key holds',
  'no-freshness': 'a reply that says nothing is stored only where the configuration gives it a time',
  'nothing-to-gain': 'it could never be served',
  credential: 'no word of the reply lets strangers share what was given to somebody (it follows RFC 9111 §3.5)',
  'set-cookie': 'it stores cookies, and takes them for stale',
  vary: 'it stores what never matches',
};

/** A reply and a request as both see them: each name once. */
interface Case {
  readonly method: string;
  readonly status: number;
  readonly asked: Readonly<Record<string, string>>;
  readonly replied: Readonly<Record<string, string>>;
}

const seconds = fc.constantFrom(0, 1, 10, 60, 3_600);
const joined = (parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc
    .subarray(parts.map((_, at) => at))
    .chain((chosen) =>
      fc.tuple(...chosen.map((at) => parts[at] as fc.Arbitrary<string>)).map((texts) => texts.join(', ')),
    );

const replyControl = joined([
  seconds.map((n) => `max-age=${n}`),
  seconds.map((n) => `s-maxage=${n}`),
  seconds.map((n) => `stale-while-revalidate=${n}`),
  seconds.map((n) => `stale-if-error=${n}`),
  ...['public', 'private', 'no-store', 'no-cache', 'unknown=1'].map((word) => fc.constant(word)),
]);
const requestControl = joined([
  seconds.map((n) => `max-age=${n}`),
  seconds.map((n) => `min-fresh=${n}`),
  fc.constantFrom('no-cache', 'no-store', 'unknown'),
]);

/** Fields with the given values, each as often there as not; an empty one is left out, which both take for the same. */
function record(values: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<Record<string, string>> {
  const optional = Object.entries(values).map(([name, value]) => [name, fc.option(value, { nil: '', freq: 2 })]);
  return fc
    .record(Object.fromEntries(optional) as Record<string, fc.Arbitrary<string>>)
    .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== '')));
}

function dateAt(ms: number): string {
  return new Date(START_MS + ms).toUTCString();
}

/** Most of these are stored. */
const usable: fc.Arbitrary<Case> = fc.record({
  method: fc.constant('GET'),
  status: fc.constantFrom(200, 200, 301, 404),
  asked: record({ 'x-a': fc.constantFrom('1', '2') }),
  replied: record({
    'cache-control': replyControl.filter((text) => !/private|no-store/.test(text)),
    expires: fc.constantFrom(dateAt(-10_000), dateAt(0), dateAt(60_000), '0', 'never'),
    age: fc.constantFrom('0', '5', '100'),
    vary: fc.constantFrom('x-a', 'X-A, x-b'),
  }).map((given) => ({ ...given, etag: '"1"', date: dateAt(0) })),
});

const cases: fc.Arbitrary<Case> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT'),
  status: fc.constantFrom(200, 200, 200, 203, 204, 206, 301, 302, 304, 307, 404, 405, 410, 414, 418, 500, 501, 503),
  asked: record({
    'cache-control': requestControl,
    authorization: fc.constant('Bearer a'),
    'x-a': fc.constantFrom('1', '2'),
  }),
  replied: record({
    'cache-control': replyControl,
    expires: fc.constantFrom(dateAt(-10_000), dateAt(0), dateAt(60_000), '0', 'never'),
    age: fc.constantFrom('0', '5', '100'),
    etag: fc.constant('"1"'),
    vary: fc.constantFrom('x-a', 'X-A, x-b', '*'),
    'set-cookie': fc.constant('a=b'),
  }).map((given) => ({ ...given, date: dateAt(0) })),
});

/** The other's word on a case, at a time that its own clock is told. */
function policyOf({ method, status, asked, replied }: Case): { policy: CachePolicy; at(ms: number): void } {
  let nowMs = START_MS;
  class Policy extends CachePolicy {
    now(): number {
      return nowMs;
    }
  }
  const headers = { host: 'api.example', ...asked };
  const policy = new Policy({ method, url: '/', headers }, { status, headers: replied }, { cacheHeuristic: 0 });
  return { policy, at: (ms) => (nowMs = START_MS + ms) };
}

test('beside http-cache-semantics: nothing is stored that it would not store, and what it would and this does not has a reason', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(cases, (given) => {
      const { method, status, asked, replied } = given;
      const refusal = new Bench().refusal({ method, fields: asked }, { status, fields: replied as Given });
      const { policy } = policyOf(given);
      if (refusal === null) assert.ok(policy.storable(), 'it would not store this');
      else if (policy.storable()) {
        seen.add(refusal);
        assert.ok(refusal in STRICTER, `not stored: ${refusal}`);
      }
    }),
    { numRuns: 3_000 },
  );
  assert.deepEqual([...seen].toSorted(), Object.keys(STRICTER).toSorted(), 'every difference was seen');
});

test('beside http-cache-semantics: what is stored is used for the same requests and for as long', () => {
  let used = 0;
  fc.assert(
    fc.property(
      usable,
      record({ 'cache-control': requestControl, 'x-a': fc.constantFrom('1', '2') }),
      fc.constantFrom(0, 500, 1_000, 9_999, 10_000, 55_000, 60_000, 3_599_999, 3_600_000),
      (given, asked, laterMs) => {
        const bench = new Bench();
        const { method, status, replied } = given;
        fc.pre(bench.refusal({ method, fields: given.asked }, { status, fields: replied as Given }) === null);
        const { policy, at } = policyOf(given);
        bench.nowMs = laterMs;
        at(laterMs);
        const theirs = policy.satisfiesWithoutRevalidation({
          method: 'GET',
          url: '/',
          headers: { host: 'api.example', ...asked },
        });
        assert.equal(bench.says({ fields: asked }) === 'fresh', theirs);
        used += theirs ? 1 : 0;
      },
    ),
    { numRuns: 3_000 },
  );
  assert.ok(used > 100, `only ${used} of the cases were fresh`);
});

test('beside http-cache-semantics: where it differs in use, it is by these readings', () => {
  const theirs = (replied: Record<string, string>, asked: Record<string, string> = {}, laterMs = 0): boolean => {
    const { policy, at } = policyOf({
      method: 'GET',
      status: 200,
      asked: {},
      replied: { date: dateAt(0), ...replied },
    });
    at(laterMs);
    return policy.satisfiesWithoutRevalidation({
      method: 'GET',
      url: '/',
      headers: { host: 'api.example', ...asked },
    });
  };
  const ours = (replied: Record<string, string>, asked: Record<string, string> = {}, laterMs = 0): boolean => {
    const bench = new Bench();
    bench.store({}, { fields: { date: dateAt(0), ...replied } });
    bench.nowMs = laterMs;
    return bench.says({ fields: asked }) === 'fresh';
  };
  const control = (text: string): Record<string, string> => ({ 'cache-control': text });
  // must-revalidate and proxy-revalidate speak of stale replies only (RFC 9111 §5.2.2.2).
  for (const word of ['must-revalidate', 'proxy-revalidate']) {
    assert.equal(theirs(control(`max-age=60, ${word}`)), false);
    assert.equal(ours(control(`max-age=60, ${word}`)), true);
  }
  // s-maxage forbids stale replies (RFC 9111 §4.2.4).
  assert.equal(theirs(control('s-maxage=10'), control('max-stale'), 11_000), true);
  assert.equal(ours(control('s-maxage=10'), control('max-stale'), 11_000), false);
  // Of two values the stricter counts (RFC 9111 §4.2.1); it takes the last.
  assert.equal(theirs(control('max-age=1, max-age=60'), {}, 2_000), true);
  assert.equal(ours(control('max-age=1, max-age=60'), {}, 2_000), false);
  // Names of directives are in any case (RFC 9111 §5.2).
  assert.equal(theirs(control('No-Cache, max-age=60')), true);
  assert.equal(ours(control('No-Cache, max-age=60')), false);
  // A comma in quotes ends no directive (RFC 9110 §5.6.4).
  assert.equal(theirs(control('x="a, no-cache", max-age=60')), true);
  assert.equal(theirs(control('x="a,no-cache,b", max-age=60')), false);
  assert.equal(ours(control('x="a,no-cache,b", max-age=60')), true);
  // A Date in the past is age (RFC 9111 §4.2.3).
  assert.equal(theirs({ ...control('max-age=60'), date: dateAt(-100_000) }), true);
  assert.equal(ours({ ...control('max-age=60'), date: dateAt(-100_000) }), false);
  // White space and case of these mean nothing (RFC 9111 §4.1).
  const vary = { ...control('max-age=60'), vary: 'accept-language' };
  assert.equal(theirs(vary, { 'accept-language': 'de' }), ours(vary, { 'accept-language': 'de' }));
});
