import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiConfig } from '../config/compiled.ts';
import { cacheFingerprint } from './compiled-cache.ts';
import { apiText, gatheredOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';

const NOTHING_SHOWN = { upstreamCa: null, upstreamIdentity: null };

function apiOf(lines: string): ApiConfig {
  const { config } = gatheredOf(apiText('http://127.0.0.1:1', [], `routes: ['* /{rest...}']${lines}`), kindTable([]));
  return config.apis[0] as ApiConfig;
}

test('an API that stores nothing has no fingerprint, and one of which an operation stores has one', () => {
  assert.equal(cacheFingerprint(apiOf(''), NOTHING_SHOWN), null);
  assert.equal(cacheFingerprint(apiOf("\n    operations: { '* /{rest...}': { cache: off } }"), NOTHING_SHOWN), null);
  assert.ok(cacheFingerprint(apiOf("\n    operations: { '* /{rest...}': { cache: on } }"), NOTHING_SHOWN) !== null);
});

test('what vouches for an upstream, what it is shown, and all that policies say tell fingerprints apart', () => {
  const api = apiOf('\n    cache: on');
  const policy = (settings: unknown): ApiConfig => ({ ...api, policies: { p: settings } }) as unknown as ApiConfig;
  const identity = (chainPem: string) => ({ upstreamCa: null, upstreamIdentity: { chainPem, keyPem: 'KEY' } });
  const fingerprints = [
    cacheFingerprint(api, NOTHING_SHOWN),
    cacheFingerprint(api, { ...NOTHING_SHOWN, upstreamCa: 'PEM' }),
    cacheFingerprint(api, identity('ONE') as never),
    cacheFingerprint(api, identity('OTHER') as never),
    ...[new Map([['a', 1]]), new Map([['a', 2]]), new Set(['a']), new Set(['b']), /a/, /b/, 1n, 2n].map((settings) =>
      cacheFingerprint(policy(settings), NOTHING_SHOWN),
    ),
  ];
  assert.equal(new Set(fingerprints).size, fingerprints.length);
  assert.equal(cacheFingerprint(apiOf('\n    cache: on'), NOTHING_SHOWN), fingerprints[0]);
});
