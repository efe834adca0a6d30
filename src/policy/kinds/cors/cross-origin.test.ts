import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CorsRules } from './config.ts';
import { CrossOrigin } from './cross-origin.ts';

const RULES: CorsRules = {
  origins: ['https://app.example', 'https://*.apps.example', 'http://*.dev.example:8080', 'app://shell'],
  methods: null,
  headers: [],
  expose: [],
  credentials: true,
  maxAgeMs: 0,
  privateNetwork: false,
};

/** Texts near to what is listed: pieces of it, with what parts an URL between them. */
const near = fc
  .array(
    fc.constantFrom(
      ...['https', 'http', '://', ':', '/', '//', '.', '@', '#', '?', '\\', '%2f', '*', ' ', '\t', '\u0000', ', '],
      ...[
        'app',
        'apps',
        'dev',
        'example',
        'evil',
        'app.example',
        '.apps.example',
        'dev.example:8080',
        ':443',
        'null',
        'A',
      ],
    ),
    { maxLength: 9 },
  )
  .map((pieces) => pieces.join(''));

/** What the platform reads in an origin that was let in must be what is listed. */
function assertListed(origin: string): void {
  const url = URL.parse(origin);
  assert.ok(url !== null, origin);
  if (origin === 'app://shell') return;
  assert.equal(url.origin, origin, 'it is written as browsers do');
  const labels = url.hostname.split('.');
  if (origin === 'https://app.example') return;
  assert.equal(labels.length, 3, origin);
  const ofApps = url.protocol === 'https:' && url.host.endsWith('.apps.example');
  assert.ok(ofApps || (url.protocol === 'http:' && url.host.endsWith('.dev.example:8080')), origin);
}

test('whatever is let in is, to the platform, an origin that is listed', () => {
  const cross = new CrossOrigin(RULES);
  const check = (origin: string): void => {
    const allowed = cross.allowed(origin);
    assert.ok(allowed === null || allowed === origin);
    if (allowed !== null) assertListed(origin);
  };
  fc.assert(fc.property(near, check), { numRuns: 5_000 });
  fc.assert(fc.property(fc.string(), (text) => check(`https://${text}.apps.example`)));
  fc.assert(fc.property(fc.string(), (text) => check(`https://app.example${text}`)));
  fc.assert(fc.property(fc.webUrl(), (text) => check(text)));
});

test('every label of a host is let in below a pattern', () => {
  const cross = new CrossOrigin(RULES);
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
  fc.assert(
    fc.property(label, (name) => {
      const origin = `https://${name}.apps.example`;
      assert.equal(cross.allowed(origin), origin);
    }),
  );
});

test('a long origin is no more work than a short one', () => {
  const cross = new CrossOrigin(RULES);
  const long = `https://${'a-'.repeat(4_000)}.apps.example`;
  const startedAtMs = performance.now();
  for (let turn = 0; turn < 10_000; turn++) assert.equal(cross.allowed(long), null);
  assert.ok(performance.now() - startedAtMs < 1_000);
});

test('patterns that overlap with themselves let in nothing that is too short for both ends', () => {
  const cross = new CrossOrigin({ ...RULES, origins: ['https://*.a.a'] });
  for (const origin of ['https://.a.a', 'https://a.a', 'https://a']) assert.equal(cross.allowed(origin), null);
  assert.equal(cross.allowed('https://a.a.a'), 'https://a.a.a');
});
