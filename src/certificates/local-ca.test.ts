import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf, fakePorts, type MemoryFiles, memoryKeyring, valueOf } from './fake-ports.test.ts';
import { issueAuthority, issueLeaf } from './issue.ts';
import { openLocalCa, readLocalCa } from './local-ca.ts';
import { bundle, chainPem } from './pem.ts';

const FOLDER = '/data/certificates';
const PEM = `${FOLDER}/local-ca.pem`;
const KEY = `${FOLDER}/local-ca.key`;
const DAY_MS = 86_400_000;

function contents(files: MemoryFiles): readonly string[] {
  return [...files.held].map(([path, { bytes, mode }]) => `${path} ${mode} ${Buffer.from(bytes).toString('hex')}`);
}

test('the first start makes a CA for ten years, shows its certificate and seals its key', async () => {
  const { ports, files, clock } = fakePorts();
  const ca = valueOf(await openLocalCa(FOLDER, ports));
  assert.ok(files.folders.has(FOLDER));
  assert.deepEqual([files.held.get(PEM)?.mode, files.held.get(KEY)?.mode], [0o644, 0o600]);
  assert.equal(files.text(PEM), ca.certificatePem);
  assert.match(ca.chain[0].subject ?? '', /^CN=Portcullis local CA [0-9a-f]{8}$/);
  assert.equal(ca.notBeforeMs, clock.now() - 3_600_000);
  assert.equal(ca.notAfterMs, clock.now() + 3652 * DAY_MS);
  const scalar = ca.key.export({ format: 'jwk' }).d ?? '';
  const sealed = Buffer.from(files.held.get(KEY)?.bytes ?? []);
  assert.ok(!sealed.includes(Buffer.from(scalar, 'base64url')) && !sealed.includes('PRIVATE'));
});

test('later starts open the same CA, and two folders never share one', async () => {
  const { ports } = fakePorts();
  const made = valueOf(await openLocalCa(FOLDER, ports));
  const opened = valueOf(await openLocalCa(FOLDER, ports));
  const other = valueOf(await openLocalCa('/other/certificates', ports));
  assert.equal(opened.certificatePem, made.certificatePem);
  assert.ok(opened.key.equals(made.key));
  assert.notEqual(other.chain[0].subject, made.chain[0].subject);
});

test('starts that race get the same CA', async () => {
  const { ports, files } = fakePorts();
  const opened = await Promise.all(Array.from({ length: 5 }, () => openLocalCa(FOLDER, ports)));
  const shown = opened.map((ca) => valueOf(ca).certificatePem);
  assert.deepEqual([...new Set(shown)], [files.text(PEM)]);
});

test('the certificate alone is put back from the sealed file', async () => {
  const { ports, files } = fakePorts();
  const made = valueOf(await openLocalCa(FOLDER, ports));
  files.held.delete(PEM);
  assert.equal(valueOf(await openLocalCa(FOLDER, ports)).certificatePem, made.certificatePem);
  assert.equal(files.text(PEM), made.certificatePem);
});

test('half a CA, a damaged, foreign or unopenable one is an error, and nothing is written', async () => {
  const ca = await issueAuthority('foreign', { notBeforeMs: 0, notAfterMs: 2 ** 41 }, fakePorts().ports.random);
  const leaf = await issueLeaf(ca, ['a.example'], { notBeforeMs: 0, notAfterMs: 2 ** 41 }, fakePorts().ports.random);
  const seal = (plain: Uint8Array, context = 'local-ca') =>
    memoryKeyring('correct').seal('certificates', plain, context);
  const cases: [string, (files: MemoryFiles) => void, RegExp][] = [
    ['no key', (files) => files.held.delete(KEY), /local-ca\.key is not/],
    ['empty key', (files) => files.write(KEY, ''), /cannot be opened/],
    ['cut key', (files) => files.write(KEY, files.held.get(KEY)!.bytes.subarray(0, 200)), /cannot be opened/],
    ['plain key', (files) => files.write(KEY, bundle(ca.chain, ca.key)), /cannot be opened/],
    ['another context', (files) => files.write(KEY, seal(bundle(ca.chain, ca.key), 'local-leaf')), /cannot be opened/],
    ['another CA', (files) => files.write(KEY, seal(bundle(ca.chain, ca.key))), /is not the certificate that belongs/],
    ['no CA', (files) => files.write(KEY, seal(bundle(leaf.chain, leaf.key))), /holds no CA of ours/],
    ['another key', (files) => files.write(KEY, seal(bundle(ca.chain, leaf.key))), /not the certificate’s/],
    ['nonsense', (files) => files.write(KEY, seal(new Uint8Array(9))), /holds no certificate/],
    ['foreign certificate', (files) => files.write(PEM, chainPem(ca.chain)), /is not the certificate that belongs/],
    [
      'two certificates',
      (files) => files.write(PEM, files.text(PEM) + chainPem(ca.chain)),
      /is not the certificate that/,
    ],
    ['half a certificate', (files) => files.write(PEM, files.text(PEM).slice(0, 200)), /holds no certificate/],
    ['endless certificate', (files) => files.write(PEM, 'x'.repeat(1e5)), /larger than/],
  ];
  for (const [name, damage, wanted] of cases) {
    const { ports, files } = fakePorts();
    valueOf(await openLocalCa(FOLDER, ports));
    damage(files);
    const before = contents(files);
    const error = errorOf(await openLocalCa(FOLDER, ports));
    assert.match(error, wanted, name);
    assert.ok(error.includes(FOLDER), name);
    assert.deepEqual(contents(files), before, name);
  }
});

test('another keyring opens nothing, and the error says how to go on', async () => {
  const { ports, files } = fakePorts();
  valueOf(await openLocalCa(FOLDER, ports));
  const before = contents(files);
  const error = errorOf(await openLocalCa(FOLDER, { ...ports, keyring: memoryKeyring('wrong') }));
  assert.match(error, /local-ca\.key cannot be opened with this keyring: .*Restore .* Remove .*local-ca\.pem/);
  assert.deepEqual(contents(files), before);
});

test('a CA that has ended, or has not begun, is an error', async () => {
  const { ports, clock } = fakePorts();
  const { notAfterMs, notBeforeMs } = valueOf(await openLocalCa(FOLDER, ports));
  const at = (nowMs: number) => ({ ...ports, clock: { ...clock, now: () => nowMs } as typeof ports.clock });
  assert.match(errorOf(await openLocalCa(FOLDER, at(notAfterMs))), /expired at 2036-01-01.* Remove .*local-ca\.key/);
  assert.match(errorOf(await openLocalCa(FOLDER, at(notBeforeMs - 1))), /check this machine’s clock/);
});

test('a folder that cannot be written is an error; reading never makes a CA', async () => {
  const { ports, files } = fakePorts();
  assert.equal(valueOf(await readLocalCa(FOLDER, ports)), null);
  files.fault = { reason: 'forbidden', detail: 'permission denied' };
  assert.match(errorOf(await openLocalCa(FOLDER, ports)), /local-ca\.key: permission denied/);
  assert.equal(files.held.size, 0);
});
