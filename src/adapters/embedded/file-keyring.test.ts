import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { err, Secret } from '../../base/index.ts';
import type { Files, Keyring } from '../../ports/index.ts';
import { keyringContract } from '../../ports/keyring-contract.ts';
import { createDiskFiles } from './disk-files.ts';
import { type FileKeyringOptions, openFileKeyring } from './file-keyring.ts';
import { createSystemRandom } from './system-random.ts';
import { createVirtualClock } from './virtual-clock.ts';

const CHEAP = { memoryKiB: 64, passes: 1, lanes: 1 };
const PLAIN = new TextEncoder().encode('plain');
const disk = createDiskFiles({ clock: createVirtualClock() });

function secret(text: string): Secret {
  return new Secret(new TextEncoder().encode(text));
}

function optionsFor(t: TestContext, more: Partial<FileKeyringOptions> = {}): FileKeyringOptions {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'portcullis-keyring-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'data', 'keyring.json');
  return { path, files: disk, random: createSystemRandom(), passphrase: null, cost: CHEAP, ...more };
}

async function opened(options: FileKeyringOptions): Promise<Keyring> {
  const keyring = await openFileKeyring(options);
  assert.ok(keyring.ok, keyring.ok ? '' : keyring.error);
  return keyring.value;
}

async function refusal(options: FileKeyringOptions): Promise<string> {
  const keyring = await openFileKeyring(options);
  return keyring.ok ? 'opened' : keyring.error;
}

keyringContract('the key file in clear', async (t) => await opened(optionsFor(t)));
keyringContract('the key file under a passphrase', async (t) =>
  opened(optionsFor(t, { passphrase: secret('correct horse') })),
);

test('the key file is made once, for its owner only, and its keys last', async (t) => {
  const options = optionsFor(t);
  const first = await opened(options);
  const sealed = first.seal('p', PLAIN, 'c');
  await first.rotate();
  const later = first.seal('p', PLAIN, 'c');
  assert.equal(statSync(options.path).mode & 0o777, 0o600);
  const second = await opened(options);
  for (const bytes of [sealed, later]) assert.equal(second.open('p', bytes, 'c').ok, true);
  assert.deepEqual(second.mac('p', PLAIN), first.mac('p', PLAIN));
});

test('two processes that start at once end up with the same keys', async (t) => {
  const options = optionsFor(t);
  const [one, two] = await Promise.all([opened(options), opened(options)]);
  assert.equal(two.open('p', one.seal('p', PLAIN, 'c'), 'c').ok, true);
});

test('a key file that others may read or change is refused in clear words', async (t) => {
  const options = optionsFor(t);
  await opened(options);
  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    chmodSync(options.path, mode);
    assert.match(
      await refusal(options),
      /keyring\.json may be read or changed by others \(mode 06\d\d\): run chmod 600/,
    );
  }
});

test('under a passphrase no key lies in clear, and only that passphrase opens it', async (t) => {
  const passphrase = secret('correct horse');
  const options = optionsFor(t, { passphrase });
  const sealed = (await opened(options)).seal('p', PLAIN, 'c');
  const file = JSON.parse(readFileSync(options.path, 'utf8')) as Record<string, unknown>;
  assert.deepEqual(Object.keys(file), ['format', 'protection', 'cost', 'salt', 'wrapped']);
  assert.equal((await opened(options)).open('p', sealed, 'c').ok, true);
  assert.match(await refusal({ ...options, passphrase: secret('wrong') }), /the passphrase is wrong/);
  assert.match(await refusal({ ...options, passphrase: null }), /is protected by a passphrase, and none was given/);
});

test('keys in clear are wrapped as soon as a passphrase is given', async (t) => {
  const options = optionsFor(t);
  const sealed = (await opened(options)).seal('p', PLAIN, 'c');
  const wrapped = { ...options, passphrase: secret('correct horse') };
  assert.equal((await opened(wrapped)).open('p', sealed, 'c').ok, true);
  assert.match(await refusal(options), /none was given/);
  assert.equal((await opened(wrapped)).open('p', sealed, 'c').ok, true);
});

test('a damaged file is refused and left as it is', async (t) => {
  const options = optionsFor(t, { passphrase: secret('correct horse') });
  await opened(options);
  const whole = JSON.parse(readFileSync(options.path, 'utf8')) as Record<string, unknown>;
  const wrapped = Buffer.from(String(whole['wrapped']), 'base64');
  wrapped[20] = (wrapped[20] ?? 0) ^ 1;
  const damaged: [unknown, RegExp][] = [
    ['', /no JSON object/],
    ['[]', /no JSON object/],
    [{ ...whole, format: 2 }, /another version/],
    [{ ...whole, protection: 'none' }, /how it is protected/],
    [{ ...whole, cost: { ...CHEAP, memoryKiB: 2 ** 30 } }, /parameters are not sound/],
    [{ ...whole, cost: { ...CHEAP, passes: 0 } }, /parameters are not sound/],
    [{ ...whole, salt: 'AAAA' }, /parameters are not sound/],
    [{ ...whole, wrapped: wrapped.toString('base64') }, /the file was changed/],
    [{ ...whole, wrapped: 'AAAA' }, /the file was changed/],
    [{ format: 1, protection: 'plain', keys: { stable: 'AAAA', sealing: [] } }, /keys are not whole/],
    [{ format: 1, protection: 'plain' }, /keys are not whole/],
  ];
  for (const [content, reason] of damaged) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(options.path, text);
    assert.match(await refusal(options), reason, text);
    assert.equal(readFileSync(options.path, 'utf8'), text);
  }
});

test('a rotation that cannot be written down changes nothing', async (t) => {
  let full = false;
  const files: Files = {
    ...disk,
    replace: async (...args) => (full ? err({ reason: 'full', detail: 'no space left' }) : await disk.replace(...args)),
  };
  const options = optionsFor(t, { files });
  const keyring = await opened(options);
  full = true;
  const rotated = await keyring.rotate();
  assert.match(rotated.ok ? '' : rotated.error, /cannot be written: no space left/);
  const sealed = keyring.seal('p', PLAIN, 'c');
  assert.equal((await opened(options)).open('p', sealed, 'c').ok, true);
  full = false;
  assert.equal((await keyring.rotate()).ok, true);
});

test('a rotation never overwrites the keys of another process', async (t) => {
  const options = optionsFor(t);
  const [one, two] = [await opened(options), await opened(options)];
  await one.rotate();
  const sealed = one.seal('p', PLAIN, 'c');
  const rotated = await two.rotate();
  assert.match(rotated.ok ? '' : rotated.error, /changed by another process/);
  assert.equal((await opened(options)).open('p', sealed, 'c').ok, true);
});
