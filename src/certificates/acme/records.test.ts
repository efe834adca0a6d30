import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACME_ATTEMPTS, ACME_CERTIFICATES } from './records.ts';

test('a certificate that an earlier version kept is taken up', () => {
  const [migrate] = ACME_CERTIFICATES.migrations;
  assert.ok(migrate !== undefined);
  const document = { directory: 'https://ca.test/dir', chain: 'chain', key: 'key', issuedAtMs: [1, 2] };
  const expected = { directory: 'https://ca.test/dir', chain: 'chain', key: 'key' };
  assert.deepEqual(migrate(document), expected);
  assert.deepEqual(ACME_CERTIFICATES.parse(expected), { ok: true, value: expected });
});

test('attempts are read whole or not at all', () => {
  const sound = { issuedAtMs: [1, 2], dueAfterMs: null, rest: { directory: 'https://ca.test/dir', untilMs: 7 } };
  for (const good of [sound, { ...sound, rest: null, dueAfterMs: 5 }]) {
    assert.deepEqual(ACME_ATTEMPTS.parse(good), { ok: true, value: good });
  }
  const bad: unknown[] = [null, [], {}, { ...sound, issuedAtMs: ['1'] }, { ...sound, dueAfterMs: '5' }];
  bad.push({ ...sound, rest: {} }, { ...sound, rest: { directory: 'x', untilMs: null } }, { ...sound, rest: 'x' });
  for (const document of bad) assert.equal(ACME_ATTEMPTS.parse(document).ok, false, JSON.stringify(document));
});
