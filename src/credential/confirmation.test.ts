import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meetsDemand, readConfirmation } from './confirmation.ts';

const HASH = 'A'.repeat(43);

test('a token is bound to a key, to a certificate, or to nothing', () => {
  assert.deepEqual(readConfirmation({}), { ok: true, value: null });
  for (const kind of ['jkt', 'x5t#S256'] as const) {
    assert.deepEqual(readConfirmation({ cnf: { [kind]: HASH } }), { ok: true, value: { kind, thumbprint: HASH } });
  }
});

test('whatever else is said of a binding is refused, and never taken for none', () => {
  const bad: readonly unknown[] = [
    ...[null, undefined, '', HASH, 1, true, [], [{ jkt: HASH }], {}],
    ...[{ jwk: {} }, { kid: 'a' }, { 'x5t#S512': HASH }, { JKT: HASH }, { 'x5t#s256': HASH }],
    ...[
      { jkt: HASH, 'x5t#S256': HASH },
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
  const met = (kind: 'jkt' | 'x5t#S256' | null) =>
    (['none', 'any', 'dpop', 'mtls'] as const).filter((demand) =>
      meetsDemand(kind === null ? null : { kind, thumbprint: HASH }, demand),
    );
  assert.deepEqual(met(null), ['none']);
  assert.deepEqual(met('jkt'), ['none', 'any', 'dpop']);
  assert.deepEqual(met('x5t#S256'), ['none', 'any', 'mtls']);
});
