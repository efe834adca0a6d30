import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createIdSource, ok, Secret } from '../base/index.ts';
import type { CollectionDeclaration } from '../ports/index.ts';
import {
  createDiskFiles,
  createHostSecrets,
  createLineLog,
  createSeededRandom,
  createStoreAlerts,
  createVirtualClock,
  openFileKeyring,
  openSqliteStore,
} from './index.ts';

/** One run of a program on the data folder, from the passphrase in its environment to its alerts. */
async function start(folder: string, lines: string[]) {
  const clock = createVirtualClock();
  const random = createSeededRandom(`run ${lines.length}`);
  const log = createLineLog({ write: (line) => lines.push(line), clock, format: 'json', level: 'info' });
  const files = createDiskFiles({ clock });
  const secrets = createHostSecrets({ environment: { PASSPHRASE: 'correct horse' }, files, log });
  const passphrase = await secrets.resolve({ scheme: 'env', name: 'PASSPHRASE' });
  assert.ok(passphrase.ok && passphrase.value instanceof Secret);
  const cost = { memoryKiB: 64, passes: 1, lanes: 1 };
  const path = join(folder, 'keyring.json');
  const keyring = await openFileKeyring({ path, files, random, passphrase: passphrase.value, cost });
  assert.ok(keyring.ok, keyring.ok ? '' : keyring.error);
  const store = await openSqliteStore({ path: join(folder, 'portcullis.db'), keyring: keyring.value, clock });
  assert.ok(store.ok, store.ok ? '' : store.error.detail);
  const newId = createIdSource(
    (bytes) => random.fill(bytes),
    () => clock.now(),
  );
  return {
    store: store.value,
    keyring: keyring.value,
    alerts: createStoreAlerts({ store: store.value, log, clock, newId }),
  };
}

interface Token {
  readonly owner: string;
  readonly value: string;
}

const TOKENS: CollectionDeclaration<Token> = {
  name: 'tokens',
  version: 1,
  parse: (document) => ok(document as Token),
  indexes: ['owner'],
  secrets: ['value'],
  migrations: [],
};

test('the embedded adapters work together, over restarts and rotations, and leave no secret behind', async (t: TestContext) => {
  const top = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-adapters-'));
  t.after(() => rmSync(top, { recursive: true, force: true }));
  const folder = join(top, 'data');
  const lines: string[] = [];
  for (let run = 0; run < 3; run++) {
    const { store, keyring, alerts } = await start(folder, lines);
    const tokens = store.collection(TOKENS);
    assert.equal(await tokens.count({ owner: 'ada' }), run);
    for (let n = 0; n < run; n++) assert.equal((await tokens.get(`t${n}`))?.value, `hunter2-${n}`);
    assert.equal((await keyring.rotate()).ok, true);
    await tokens.put(`t${run}`, { owner: 'ada', value: `hunter2-${run}` });
    alerts.raise({ kind: 'node.below-security-floor', key: 'test', severity: 'medium', message: 'only a test' });
    assert.equal((await alerts.list(10)).length, run + 1);
    await store.close();
  }
  assert.equal(lines.length, 3);
  assert.deepEqual(readdirSync(folder), ['keyring.json', 'portcullis.db']);
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name));
    assert.ok(!bytes.includes('hunter2') && !bytes.includes('correct horse'), name);
  }
});
