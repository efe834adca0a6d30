import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { describedSecretWarnings } from './described-secrets.ts';
import type { Work } from './gather-work.ts';
import { parseConfig } from './parse.ts';
import { sharedBytes } from './shared-bytes.ts';

/** What is told of an API whose description has this example. */
function told(example: string): readonly string[] {
  const text = `version: 1\napis:\n  a: { openapi: a.json, upstream: 'http://127.0.0.1:1', auth: public }\n`;
  const parsed = parseConfig(text, { file: '/p.yaml', kinds: [] });
  assert.ok(parsed.ok);
  const json = sharedBytes(Buffer.from(JSON.stringify({ example }))).buffer as SharedArrayBuffer;
  return describedSecretWarnings({ parsed: parsed.value } as Work, new Map([['a', { json }]])).map(formatIssue);
}

test('a key in a description is told of by its form, and a token of a manual is not', () => {
  const [warning = '', ...others] = told(`AKIA${'Z7Q2MXB4KTWLNRCD'}`);
  assert.match(
    warning,
    /^\/p\.yaml:3:8 apis\.a\.openapi: this description holds what looks like a secret \(aws-access-key\)/,
  );
  assert.deepEqual(others, []);
  assert.match(told(['-----BEGIN PRIVATE KEY-----', 'MIGH'].join('\n')).join(), /pem-private-key/);
  const token = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxMjM0NTY3ODkwIn0', 'SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV'].join('.');
  assert.deepEqual(told(token), []);
  assert.deepEqual(told('AKIAIOSFODNN7EXAMPLE'), []);
});
