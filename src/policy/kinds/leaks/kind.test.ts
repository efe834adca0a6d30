import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplyLeaks } from './config.ts';
import { createLeaksKind } from './kind.ts';

const kind = createLeaksKind({ clock: { now: () => 0, monotonic: () => 0 }, log: { write() {} } });
const CARDS: ReplyLeaks = { classes: { cards: 'mask' }, allow: [], fields: {}, own: {} };

test('what holds for all operations of an API is made ready once, and what one says itself is its own', () => {
  const operations = ['x', 'y', 'z', 'off'].map((name) => ({ id: `a/${name}`, api: 'a', name }));
  const config = { api: CARDS, operations: { z: { ...CARDS, allow: ['visa'] }, off: null } };
  const steps = kind.compile(config, { api: 'a', operations } as never, { document: () => null } as never);
  assert.ok(steps.ok);
  const [x, y, z, off] = operations.map(({ id }) => steps.value.get(id)?.respond);
  assert.ok(x !== undefined && z !== undefined);
  assert.equal(x, y);
  assert.notEqual(x, z);
  assert.equal(off, undefined);
});
