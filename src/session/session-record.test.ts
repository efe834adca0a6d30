import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SESSIONS } from './session-record.ts';

const HELD = {
  ...{ subject: 'ada', claims: {}, csrf: 'c', nonce: 'n', authTimeMs: null },
  ...{ accessToken: 'a', refreshToken: null, idToken: 'i' },
};
const OLD = {
  ...{ issuer: 'acme', issuerId: 'https://id.acme.example', clientId: 'gateway', person: 'h', providerSession: null },
  ...{ startedAtMs: 5, usedAtMs: 5, endsAtMs: 9, refreshAtMs: null, version: 1, held: HELD },
};

test('a session of an earlier version goes on, and whatever its provider tells of its person ends it', () => {
  const [migrate] = SESSIONS.migrations;
  const migrated = migrate?.(OLD);
  const parsed = SESSIONS.parse(migrated);
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value, { ...OLD, signedInAtMs: 0 });
  assert.equal(SESSIONS.parse(OLD).ok, false, 'without it nothing of it is read');
  assert.equal(migrate?.({ ...OLD, signedInAtMs: 7 })['signedInAtMs'], 7, 'where it is known it stays');
});
