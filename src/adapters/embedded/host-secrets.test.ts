import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogFields } from '../../ports/index.ts';
import { secretsContract, type SecretsSubject } from '../../ports/secrets-contract.ts';
import { createDiskFiles } from './disk-files.ts';
import { createHostSecrets } from './host-secrets.ts';
import { createVirtualClock } from './virtual-clock.ts';

function subject(t: TestContext): SecretsSubject & { readonly warnings: LogFields[] } {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-secrets-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const environment: Record<string, string> = {};
  const warnings: LogFields[] = [];
  const log = {
    write: (_level: string, _event: string, _message: string, fields: LogFields = {}) => void warnings.push(fields),
  };
  const files = createDiskFiles({ clock: createVirtualClock() });
  return {
    warnings,
    secrets: createHostSecrets({ environment, files, log }),
    missing: (scheme, name) => (scheme === 'env' ? { scheme, name } : { scheme, path: join(folder, name) }),
    async put(scheme, name, text) {
      if (scheme === 'env') environment[name] = text;
      else writeFileSync(join(folder, name), text, { mode: 0o600 });
      return scheme === 'env' ? { scheme, name } : { scheme, path: join(folder, name) };
    },
  };
}

secretsContract('the host', async (t) => subject(t));

test('a secret file that others may read serves, with a warning that does not tell it', async (t) => {
  const { secrets, put, warnings } = subject(t);
  const reference = await put('file', 'private', 'hunter2');
  assert.equal((await secrets.resolve(reference)).ok, true);
  assert.deepEqual(warnings, []);
  assert.ok(reference.scheme === 'file');
  rmSync(reference.path);
  writeFileSync(reference.path, 'hunter2', { mode: 0o644 });
  assert.equal((await secrets.resolve(reference)).ok, true);
  assert.deepEqual(warnings, [{ path: reference.path, mode: '0644' }]);
});

test('a folder in the place of a secret is refused in clear words', async (t) => {
  const { secrets } = subject(t);
  const found = await secrets.resolve({ scheme: 'file', path: realpathSync(tmpdir()) });
  assert.match(found.ok ? '' : found.error, /^\$\{file:.*\} is not a regular file$/);
});
