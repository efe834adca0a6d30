import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';
import { placeholderWarnings } from './placeholder-warnings.ts';
import { starterConfig } from './starter.ts';

function warningsOf(text: string): readonly string[] {
  const parsed = parseConfig(text, { file: '/p/p.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const warnings = placeholderWarnings(parsed.value.config, parsed.value.places);
  assert.ok(warnings.every(({ severity }) => severity === 'warning'));
  return warnings.map(formatIssue);
}

const WRITTEN = starterConfig({
  apis: [{ name: 'api', upstreamUrl: 'http://127.0.0.1:3000' }],
  signIn: { kind: 'placeholder' },
});

test('what init leaves to be filled in is a warning at its line, until it is', () => {
  const told = warningsOf(WRITTEN);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? '', /^\/p\/p\.yaml:11:5 issuers\.main\.issuer: this place is to be filled in: nobody has a/);
  assert.match(told[1] ?? '', /^\/p\/p\.yaml:12:5 issuers\.main\.audience: this place is to be filled in: no token/);
  const half = WRITTEN.replace('https://id.example.com', 'https://id.acme.example');
  assert.deepEqual(warningsOf(half), told.slice(1));
  assert.deepEqual(warningsOf(half.replace('https://api.example.com', 'https://api.acme.example')), []);
});
