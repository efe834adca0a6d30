import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Confirmation, meetsDemand, readConfirmation } from './confirmation.ts';
import type { JwtClaims } from './jwt-values.ts';

const HASH = 'A'.repeat(43);

const OTHER = `${'B'.repeat(42)}A`;

test('a token is bound to a key, to a certificate, to both, or to nothing', () => {
  const read = (claims: object) => readConfirmation(claims as JwtClaims);
  assert.deepEqual(read({}), { ok: true, value: null });
  assert.deepEqual(read({ cnf: { jkt: HASH } }), { ok: true, value: { key: HASH, certificate: null } });
  assert.deepEqual(read({ cnf: { 'x5t#S256': HASH } }), { ok: true, value: { key: null, certificate: HASH } });
  const both = { ok: true, value: { key: HASH, certificate: OTHER } };
  assert.deepEqual(read({ cnf: { jkt: HASH, 'x5t#S256': OTHER } }), both);
  assert.deepEqual(read({ cnf: { 'x5t#S256': OTHER, jkt: HASH } }), both);
});

test('whatever else is said of a binding is refused, and never taken for none', () => {
  const bad: readonly unknown[] = [
    ...[null, undefined, '', HASH, 1, true, [], [{ jkt: HASH }], {}],
    ...[{ jwk: {} }, { kid: 'a' }, { 'x5t#S512': HASH }, { JKT: HASH }, { 'x5t#s256': HASH }],
    ...[
      { jkt: HASH, 'x5t#S256': 'short' },
      { jkt: null, 'x5t#S256': HASH },
      { jkt: HASH, 'x5t#S256': HASH, kid: 'a' },
      { jkt: HASH, kid: 'a' },
    ],
    ...['', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}B`, `${HASH}=`, `${'A'.repeat(42)}+`, 1, null].map(
      (jkt) => ({ jkt }),
    ),
    Object.defineProperty({}, '__proto__', { value: { jkt: HASH }, enumerable: true }),
  ];
  for (const cnf of bad) assert.equal(readConfirmation({ cnf }).ok, false, JSON.stringify(cnf));
});

test('a demand is met by what it names, and only `none` by nothing', () => {
  const met = (confirmation: Confirmation | null) =>
    (['none', 'any', 'dpop', 'mtls'] as const).filter((demand) => meetsDemand(confirmation, demand));
  assert.deepEqual(met(null), ['none']);
  assert.deepEqual(met({ key: HASH, certificate: null }), ['none', 'any', 'dpop']);
  assert.deepEqual(met({ key: null, certificate: HASH }), ['none', 'any', 'mtls']);
  assert.deepEqual(met({ key: HASH, certificate: HASH }), ['none', 'any', 'dpop', 'mtls']);
});
