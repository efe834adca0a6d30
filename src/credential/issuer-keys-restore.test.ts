import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BY_URL, DOWN, JWKS_URL, publicJwk, reply, subject } from './issuer-keys-fixture.test.ts';
import { KEYS_STALE_AFTER_MS } from './key-row.ts';

/** The keys that a gateway had fetched before it ended. */
async function heldKeys() {
  const before = subject();
  before.egress.answers.set(JWKS_URL, reply({ keys: [publicJwk('kept')] }));
  await before.keys.fill([BY_URL]);
  return before.keys.held();
}

test('keys of an earlier run serve with the time of their fetch where none can be had', async () => {
  const [held] = await heldKeys();
  assert.ok(held !== undefined);
  const { keys, egress, table, alerts, clock } = subject();
  egress.answers.set(JWKS_URL, DOWN);
  const atMs = clock.now() - KEYS_STALE_AFTER_MS;
  keys.restore([{ ...held, atMs }]);
  assert.deepEqual(await keys.fill([BY_URL]), []);
  assert.deepEqual([table()?.kids, table()?.filledAtMs], [['kept'], atMs]);
  assert.deepEqual([alerts[0]?.kind, alerts[0]?.key], ['issuer.keys-unavailable', 'acme']);
});

test('newer keys take their place at once', async () => {
  const held = await heldKeys();
  const { keys, egress, table, clock } = subject();
  egress.answers.set(JWKS_URL, reply({ keys: [publicJwk('new')] }));
  keys.restore(held.map((each) => ({ ...each, atMs: clock.now() - 1 })));
  await keys.fill([BY_URL]);
  assert.deepEqual([table()?.kids, table()?.filledAtMs], [['new'], clock.now()]);
});

test('keys that are too old, from a time to come, or of another issuer are left', async () => {
  const [held] = await heldKeys();
  assert.ok(held !== undefined);
  for (const odd of [{ atMs: -KEYS_STALE_AFTER_MS - 1 }, { atMs: 1 }, { atMs: 0, table: 'keys:acme#another' }]) {
    const { keys, egress, table, clock } = subject();
    egress.answers.set(JWKS_URL, DOWN);
    keys.restore([{ ...held, ...odd, atMs: clock.now() + odd.atMs }]);
    assert.deepEqual(await keys.fill([BY_URL]), [BY_URL]);
    assert.deepEqual(table()?.kids, []);
  }
});
