import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IntrospectionConfig } from '../policy/index.ts';
import { introspectionChanges } from './diff-introspection.ts';

const ASKED: IntrospectionConfig = {
  ...{ url: null, clientId: 'g', client: { kind: 'secret', secret: '${env:A}', place: 'header' } },
  ...{ tokens: 'opaque', prefix: 'acme_', cacheMs: 30_000, timeoutMs: 2_000, signed: true, caFile: null },
  path: 'issuers.acme.introspection',
};

const words = (old: IntrospectionConfig | null, next: IntrospectionConfig | null): readonly string[] =>
  introspectionChanges(old, next).map(([effect, what]) => `${effect}: ${what}`);

test('what opens is told as such', () => {
  assert.deepEqual(words(null, null), []);
  assert.deepEqual(words(ASKED, { ...ASKED, path: 'elsewhere' }), []);
  assert.deepEqual(words(null, ASKED), ['loosens: tokens that are no JWTs are taken as it says of them']);
  assert.deepEqual(words(ASKED, null), ['tightens: it is no longer asked about tokens']);
  assert.deepEqual(words(ASKED, { ...ASKED, url: 'https://x.example' }), [
    'loosens: another server is asked about its tokens',
  ]);
  assert.deepEqual(words(ASKED, { ...ASKED, signed: false }), ['loosens: its answers need not be signed']);
  assert.deepEqual(words(ASKED, { ...ASKED, cacheMs: 60_000 }), [
    'loosens: what it said of a token counts 60 s instead of 30 s',
  ]);
  assert.deepEqual(words(ASKED, { ...ASKED, prefix: null }), ['loosens: it is asked about all opaque tokens']);
  assert.deepEqual(words(ASKED, { ...ASKED, tokens: 'all' }), ['changes: it is asked about its JWTs too']);
  assert.deepEqual(words(ASKED, { ...ASKED, caFile: '/ca.pem' }), [
    'changes: other CAs vouch for the server that is asked',
  ]);
  assert.deepEqual(words(ASKED, { ...ASKED, clientId: 'h' }), [
    'changes: it is asked as another client, or by another proof',
  ]);
});
