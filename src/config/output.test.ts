import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigChange } from './config-change.ts';
import { outputChanges, USUAL_OUTPUT } from './diff-output.ts';
import type { OutputConfig } from './output-config.ts';
import { parseConfig } from './parse.ts';

/** What an API with these keys cleans its replies of, or the first thing that is wrong with them. */
function outputOf(keys: string): OutputConfig | string {
  const text = `version: 1\napis:\n  a:\n    routes: [GET /x]\n    upstream: http://127.0.0.1:1\n    auth: public\n    ${keys}\n`;
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  if (parsed.ok) return parsed.value.config.apis[0]?.output ?? assert.fail();
  const [issue] = parsed.error;
  return `${issue?.path}: ${issue?.message}`;
}

function soundOutput(keys: string): OutputConfig {
  const output = outputOf(keys);
  if (typeof output === 'string') assert.fail(output);
  return output;
}

test('without a word everything is on', () => assert.deepEqual(outputOf(''), USUAL_OUTPUT));

test('each can be turned off', () => {
  assert.equal(soundOutput('securityHeaders: off').securityHeaders, null);
  assert.equal(soundOutput('banners: pass').banners.pass, true);
  assert.equal(soundOutput('cookies: pass').cookies, null);
  assert.equal(soundOutput('locations: pass').locations, null);
  assert.equal(soundOutput('encode: off').encode, false);
});

test('single security headers are set as they go out, or left out', () => {
  const keys = `securityHeaders: { frameOptions: off, contentSecurityPolicy: "default-src 'self';\\n img-src *;", permissionsPolicy: camera=(), strictTransportSecurity: { maxAge: 365d, includeSubDomains: true, preload: true } }`;
  assert.deepEqual(soundOutput(keys).securityHeaders, {
    said: {
      'content-security-policy': "default-src 'self'; img-src *",
      'x-frame-options': null,
      'permissions-policy': 'camera=()',
      'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
    },
    reports: false,
    override: false,
  });
});

test('each header goes out under its name, and can be left out where replies get it by themselves', () => {
  const single = {
    contentTypeOptions: ['x-content-type-options', 'nosniff', true],
    frameOptions: ['x-frame-options', 'SAMEORIGIN', true],
    referrerPolicy: ['referrer-policy', 'origin', true],
    cacheControl: ['cache-control', 'no-store', true],
    contentSecurityPolicy: ['content-security-policy', 'default-src *', true],
    permissionsPolicy: ['permissions-policy', 'camera=()', false],
    reportingEndpoints: ['reporting-endpoints', 'a="/x"', false],
    crossOriginOpenerPolicy: ['cross-origin-opener-policy', 'same-origin', false],
    crossOriginEmbedderPolicy: ['cross-origin-embedder-policy', 'require-corp', false],
    crossOriginResourcePolicy: ['cross-origin-resource-policy', 'same-site', false],
  } as const;
  for (const [key, [name, value, isStandard]] of Object.entries(single)) {
    const said = (text: string): unknown => soundOutput(`securityHeaders: { ${key}: '${text}' }`).securityHeaders?.said;
    assert.deepEqual(said(value), { [name]: value });
    if (isStandard) assert.deepEqual(said('off'), { [name]: null });
  }
});

test('reports that are wanted go to the gateway, beside other endpoints', () => {
  const policy = "default-src 'self'; report-uri /.portcullis/reports/csp; report-to portcullis";
  const endpoint = 'portcullis="/.portcullis/reports/csp"';
  const plainly = `securityHeaders: { contentSecurityPolicy: { policy: "default-src 'self'", report: true } }`;
  assert.deepEqual(soundOutput(plainly).securityHeaders, {
    said: { 'content-security-policy': policy, 'reporting-endpoints': endpoint },
    reports: true,
    override: false,
  });
  const beside = `securityHeaders: { contentSecurityPolicy: { policy: "default-src 'self';", report: true, reportOnly: true }, reportingEndpoints: 'other="/x"' }`;
  assert.deepEqual(soundOutput(beside).securityHeaders?.said, {
    'content-security-policy-report-only': policy,
    'reporting-endpoints': `other="/x", ${endpoint}`,
  });
});

const BAD: readonly (readonly [keys: string, words: RegExp])[] = [
  ['securityHeaders: { frameOptions: ALLOW }', /securityHeaders/],
  ['securityHeaders: { permissionsPolicy: "caméra=()" }', /securityHeaders/],
  ["securityHeaders: { permissionsPolicy: \"geolocation 'none'; camera 'self'\" }", /dictionary/],
  ['securityHeaders: { reportingEndpoints: "a=/reports" }', /dictionary/],
  ['securityHeaders: { strictTransportSecurity: { preload: true } }', /securityHeaders/],
  ['securityHeaders: { nosuch: x }', /securityHeaders/],
  ['securityHeaders: { contentSecurityPolicy: { policy: "default-src *; report-uri /x", report: true } }', /policy/],
  ['securityHeaders: { contentSecurityPolicy: { policy: "Report-To x; default-src *", report: true } }', /policy/],
  ['securityHeaders: { contentSecurityPolicy: { policy: "default-src *", report: yes } }', /report/],
  ['banners: { also: [content-length] }', /banners/],
  ['banners: { also: ["a b"] }', /banners/],
  ['banners: { also: [server], keep: [Server] }', /banners\.keep\[0\].*`also` takes this header out/],
  ['banners: { keep: [via, x-powred-by] }', /banners\.keep\[1\].*not taken out as a banner/],
  ['banners: { keep: [connection-id] }', /banners\.keep\[0\].*not taken out as a banner/],
  ['cookies: { readable: ["a;b"] }', /cookies/],
  ['cookies: { readable: [a, a] }', /cookies/],
  ['locations: { allow: ["javascript:"] }', /locations/],
  ['locations: { allow: [https://Id.acme.example] }', /locations/],
  ['locations: { allow: [https://id.acme.example/x] }', /a destination is an origin/],
  ['locations: { allow: ["https://*.acme.example"] }', /locations/],
  ['locations: { allow: [] }', /locations/],
  ['encode: yes', /encode/],
];

for (const [keys, words] of BAD)
  test(`${keys} is an issue`, () => {
    const found = outputOf(keys);
    assert.ok(typeof found === 'string', 'it is taken');
    assert.match(found, words);
  });

/** What a change is told as: effect and words. */
function toldOf(before: string, after: string): readonly string[] {
  const tell = (_about: unknown, effect: string, message: string): ConfigChange =>
    ({ effect, message }) as unknown as ConfigChange;
  return outputChanges(soundOutput(before), soundOutput(after), tell).map(
    ({ effect, message }) => `${effect}: ${message}`,
  );
}

for (const [before, after] of [
  ['', 'securityHeaders: off'],
  ['', 'securityHeaders: { referrerPolicy: off }'],
  ['', 'banners: pass'],
  ['', 'banners: { keep: [server] }'],
  ['banners: { also: [x-node] }', ''],
  ['', 'cookies: pass'],
  ['', 'cookies: { readable: [a] }'],
  ['', 'cookies: { crossSite: [a] }'],
  ['', 'locations: pass'],
  ['locations: { allow: [https://a.example] }', ''],
  ['locations: { allow: [https://a.example] }', 'locations: { allow: [https://a.example, https://b.example] }'],
  ['', 'encode: off'],
] as const) {
  test(`from ${before || 'nothing'} to ${after || 'nothing'} loosens, and back tightens`, () => {
    const there = toldOf(before, after);
    assert.deepEqual(
      there.map((told) => told.split(':')[0]),
      ['loosens'],
      there.join(),
    );
    const back = toldOf(after, before);
    assert.deepEqual(
      back.map((told) => told.split(':')[0]),
      ['tightens'],
      back.join(),
    );
    assert.deepEqual(toldOf(after, after), []);
  });
}
