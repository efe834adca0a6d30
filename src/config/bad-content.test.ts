import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';

const DESCRIBED = 'openapi: ./a.yaml';

/** All that is wrong with an API that has these lines, the first of them in line 7, as a person reads it. */
function issuesOf(lines: string, source: string): string {
  const keys = lines.split('\n').map((line) => `    ${line}`);
  const text = ['version: 1', 'apis:', '  a:', `    ${source}`, '    upstream: http://127.0.0.1:1', '    auth: public'];
  const parsed = parseConfig([...text, ...keys, ''].join('\n'), { file: '/p.yaml', kinds: [] });
  return parsed.ok ? 'none' : parsed.error.map(formatIssue).join('\n');
}

const CASES: readonly (readonly [lines: string, issues: string, source?: string])[] = [
  ['validate: stict', '7:15 apis.a.validate: must be requests, strict or observe (did you mean "strict"?)'],
  ['validate: true', '7:15 apis.a.validate: must be requests, strict or observe (write requests, strict or observe)'],
  [
    'validate: strict',
    '7:5 apis.a.validate: routes have no description that requests could be held against (name the `openapi` document, or take this key away)',
    "routes: ['GET /x']",
  ],
  [
    'undescribed: refuse',
    '7:5 apis.a.undescribed: replies are judged with `validate: strict` alone, so nothing would come of this (write validate: strict, or take this key away)',
  ],
  [
    'validate: strict\nundescribed: dorp',
    '8:18 apis.a.undescribed: must be drop or refuse or report (did you mean "drop"?)',
  ],
  [
    'validate: strict\nresponseHeader: described',
    '8:5 apis.a.responseHeader: unknown key (did you mean "responseHeaders"?)',
  ],
  ['values: { n: { from: 5, to: 1 } }', '7:18 apis.a.values.n: the range ends before it begins'],
  ['values: { n: { from: 5 } }', '7:15 apis.a.values.n.to: expected a number'],
  [
    'values: { n: { file: ./x, of: number } }',
    '7:35 apis.a.values.n.of: must be texts or numbers (did you mean "numbers"?)',
  ],
  ['values: { n: [x, x] }', '7:22 apis.a.values.n[1]: this value stands in the list already'],
  [
    "values: { 'a-b': [1] }",
    '7:15 apis.a.values.a-b: values have a name of letters, digits and `_`, no digit first, 63 characters at most',
  ],
  [
    'cors: { origin: [https://a.example] }',
    '7:5 apis.a.cors.origins: expected a list of origins (such as [https://app.acme.example]; `*` is every page there is)\n7:13 apis.a.cors.origin: unknown key (did you mean "origins"?)',
  ],
  [
    'securityHeaders: { Content-Security-Policy: x }',
    '7:24 apis.a.securityHeaders.Content-Security-Policy: unknown key (did you mean "contentSecurityPolicy"?)',
  ],
  [
    'securityHeaders: { contentSecurityPolicy: true }',
    '7:47 apis.a.securityHeaders.contentSecurityPolicy: expected off, a policy, or its settings (such as { policy: "default-src \'none\'", reportOnly: true })',
  ],
  [
    'securityHeaders: { strictTransportSecurity: { maxAge: 30d, preload: true } }',
    '7:49 apis.a.securityHeaders.strictTransportSecurity: lists of browsers ask for more (write includeSubDomains: true, and a maxAge of 365d at least)',
  ],
  [
    'banners: remvoe',
    '7:14 apis.a.banners: expected remove, pass, or lists of headers (such as { also: [x-node-name] })',
  ],
  [
    'banners: { also: [server], keep: [via, Server] }',
    '7:44 apis.a.banners.keep[1]: `also` takes this header out (keep one of both)',
  ],
  [
    'banners: { keep: [via, x-powred-by] }',
    '7:28 apis.a.banners.keep[1]: this header is not taken out as a banner (did you mean "x-powered-by"?)',
  ],
  ['cookies: { readble: [a] }', '7:16 apis.a.cookies.readble: unknown key (did you mean "readable"?)'],
  [
    'locations: { allow: [https://id.acme.example/x] }',
    '7:26 apis.a.locations.allow[0]: a destination is an origin, or the scheme of an app (such as https://id.acme.example or acme-app:)',
  ],
  [
    'operations: { x: { rules: [!has(request.query.a)] } }',
    "7:53 apis.a.operations.x.rules[0]: a tag (`!name`) is not read here (put quotes around the value if it begins with `!`, else take the tag away)\n7:53 apis.a.operations.x.rules[0]: character 1: can't be read as CEL: Unexpected token: EOF",
  ],
  ['encode: yes', '7:13 apis.a.encode: must be on or off'],
  ['upstreamErrors: replce', '7:21 apis.a.upstreamErrors: must be replace or pass (did you mean "replace"?)'],
];

for (const [lines, issues, source = DESCRIBED] of CASES)
  test(`${lines.replace('\n', ', ')} is told with its line, and what to write`, () => {
    const wanted = issues.split('\n').map((issue) => `/p.yaml:${issue}`);
    assert.equal(issuesOf(lines, source), wanted.join('\n'));
  });
