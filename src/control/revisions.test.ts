import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN_KEYS, type AdminKey, type Revision, REVISIONS, revisionId } from './revisions.ts';

const REVISION: Revision = { revision: 7, hash: 'ab', author: 'file', at: 1.5, outcome: 'installed', text: 'apis: []' };
const KEY: AdminKey = { hash: 'secret-hash', createdAt: 1, note: 'admin.key' };

function errorOf(result: ReturnType<typeof REVISIONS.parse> | ReturnType<typeof ADMIN_KEYS.parse>): string {
  assert.ok(!result.ok);
  return result.error;
}

test('what is written into the history and the keys is read back', () => {
  assert.deepEqual(REVISIONS.parse(REVISION), { ok: true, value: REVISION });
  assert.deepEqual(ADMIN_KEYS.parse(KEY), { ok: true, value: KEY });
});

test('a revision or key that does not fit is refused by the name of its field, without its values', () => {
  assert.match(errorOf(REVISIONS.parse({ ...REVISION, outcome: 'perhaps' })), /outcome/);
  assert.match(errorOf(REVISIONS.parse({ ...REVISION, revision: -1 })), /revision/);
  assert.match(errorOf(REVISIONS.parse({ ...REVISION, planted: true })), /planted/);
  const missing = errorOf(ADMIN_KEYS.parse({ hash: 'secret-hash', createdAt: 'now' }));
  assert.match(missing, /createdAt[\s\S]*note/);
  assert.doesNotMatch(missing, /secret-hash/);
  for (const odd of [null, [], 'text', undefined]) errorOf(ADMIN_KEYS.parse(odd));
});

test('ids of revisions sort as their numbers do', () => {
  assert.deepEqual([10, 9, 100].map(revisionId).toSorted(), [9, 10, 100].map(revisionId));
});
