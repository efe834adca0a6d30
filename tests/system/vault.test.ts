import 'reflect-metadata';
import { ExtendedKeyUsage } from '@peculiar/x509';
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startVault, type VaultOptions, type VaultServer } from '../../src/adapters/embedded/vault-fixture.test.ts';
import { make, makeAuthority } from '../../src/wire/client-fixture.test.ts';
import type { HostPorts } from '../../src/main/host-ports.ts';
import type { GatewayNode } from '../../src/main/node-options.ts';
import { askAdmin } from './admin.ts';
import { run } from './command.ts';
import { until } from './eventually.ts';
import { askPlainly } from './inner-gateway.ts';
import { startLocalServer } from './local-server.ts';
import { startedNode, tryNode } from './node.ts';
import { PROGRAM } from './plain-configuration.ts';

const FIRST = 'first-key-0123456789abcdef';
const SECOND = 'second-key-0123456789abcdef';

/** A Vault, an upstream, and a folder; the gateway reads again every few milliseconds where it should every 10 s. */
async function setting(
  t: TestContext,
  options: VaultOptions = {},
): Promise<{ vault: VaultServer; folder: string; text: (more?: string) => string }> {
  const vault = await startVault(options);
  vault.addToken('hvs.root', 0);
  vault.put('secret/callers', { orders: FIRST });
  const upstream = await startLocalServer((_, reply) => reply.end('reached'));
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-vault-'));
  await writeFile(join(folder, 'token'), 'hvs.root\n', { mode: 0o600 });
  t.after(async () => {
    upstream.stop();
    await vault.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const text = (more = ''): string => `version: 1
server: { threads: 1, https: { port: 0, certificate: local }, http: off }
admin: { port: 0 }
data: ./data
secrets: { vault: { address: '${vault.address}', auth: { token: '\${file:${folder}/token}' }, interval: 10s${options.tls === undefined ? '' : ', ca: ca.pem'} } }
egress:
  port: 0
  callers: { orders: { key: '\${vault:secret/callers#orders}' } }
  parties: { pay: { url: 'https://localhost:1', private: [127.0.0.0/8, '::1'], allow: ['GET /x'] } }
apis:
  a: { routes: ['GET /x'], upstream: '${upstream.url}', auth: public${more} }
`;
  return { vault, folder, text };
}

function hurried({ clock }: HostPorts): Partial<HostPorts> {
  return { clock: { ...clock, every: (ms, callback) => clock.every(ms === 10_000 ? 20 : ms, callback) } };
}

async function call(node: GatewayNode, key: string): Promise<number> {
  const headers = { host: 'pay.egress', 'x-portcullis-key': key };
  const reply = await askPlainly(node.ports.egress ?? 0, { method: 'GET', path: '/pay/x', headers });
  // Nobody is there: whoever may call hears that.
  return reply.status === 502 ? 200 : reply.status;
}

async function alerts(node: GatewayNode, folder: string): Promise<string> {
  const ca = await readFile(node.caFile, 'utf8');
  return (await askAdmin({ admin: node.ports.admin, ca, folder }, '/v1/alerts')).body;
}

test('a key that is changed in Vault counts without a reload, the old one no longer, and the ledger says so', async (t) => {
  const { vault, folder, text } = await setting(t);
  const node = await startedNode(folder, text(), hurried);
  t.after(() => node.stop());
  assert.deepEqual([await call(node, FIRST), await call(node, SECOND)], [200, 401]);
  vault.put('secret/callers', { orders: SECOND });
  await until('the new key counts', async () => (await call(node, SECOND)) === 200);
  assert.equal(await call(node, FIRST), 401);
  await until('the ledger has it', async () => (await ledger(folder)).includes('secret.change'));
  const told = await ledger(folder);
  assert.match(told, /"action": "secret\.change",\s+"target": "\$\{vault:secret\/callers#orders\}"/);
  assert.ok(!told.includes(FIRST) && !told.includes(SECOND));
});

async function ledger(folder: string): Promise<string> {
  return (await run('node', [PROGRAM, 'audit', 'show', '--data', join(folder, 'data'), '--last', '1000', '--json']))
    .stdout;
}

test('while Vault is down, and when the secret is gone, the old key counts, an alert says so, and a reload is taken', async (t) => {
  const { vault, folder, text } = await setting(t);
  let written = text();
  const file = join(folder, 'portcullis.yaml');
  await writeFile(file, written);
  const node = await startedNode(folder, written, hurried);
  t.after(() => node.stop());
  vault.failing = 503;
  await until('an alert', async () => /"kind":"secret\.unreadable"/.test(await alerts(node, folder)));
  assert.match(await alerts(node, folder), /it is sealed/);
  assert.equal(await call(node, FIRST), 200);
  const reloaded = await node.reload('test');
  assert.ok(reloaded.ok);
  written = text(', body: 1KiB');
  assert.equal(await call(node, FIRST), 200);
  vault.failing = null;
  vault.put('secret/callers', null);
  assert.equal(await call(node, FIRST), 200);
  vault.put('secret/callers', { orders: SECOND });
  await until('the new key counts', async () => (await call(node, SECOND)) === 200);
});

test('a value that can not be used is refused, and the one before stays; nothing of it is told', async (t) => {
  const { vault, folder, text } = await setting(t);
  const node = await startedNode(folder, text(), hurried);
  t.after(() => node.stop());
  vault.put('secret/callers', { orders: 'too-short' });
  await until('a refusal', async () => /"kind":"snapshot\.refused"/.test(await alerts(node, folder)));
  assert.equal(await call(node, FIRST), 200);
  assert.ok(!(await alerts(node, folder)).includes('too-short'));
  vault.put('secret/callers', { orders: SECOND });
  await until('the next one counts', async () => (await call(node, SECOND)) === 200);
});

test('the gateway starts without Vault from what it kept, sealed, and not at all the first time', async (t) => {
  const { vault, folder, text } = await setting(t);
  vault.failing = 503;
  const first = await tryNode(folder, text());
  assert.match(first as string, /\$\{vault:secret\/callers#orders\} can not be had[^]*sealed/);
  vault.failing = null;
  const node = await startedNode(folder, text());
  await node.stop();
  vault.failing = 503;
  assert.ok(!(await readFile(join(folder, 'data', 'last-good'))).includes(FIRST), 'what is kept is sealed');
  const again = await startedNode(folder, text());
  t.after(() => again.stop());
  assert.equal(await call(again, FIRST), 200);
  assert.match(await alerts(again, folder), /configuration\.last-good/);
});

test('no token is told to a Vault that the named CA does not vouch for', async (t) => {
  const [ca, other] = [await makeAuthority('CN=Vault CA'), await makeAuthority('CN=Others')];
  const names = [{ type: 'ip', value: '127.0.0.1' } as const];
  const served = await make({ by: ca, subject: 'CN=vault', names, usage: ExtendedKeyUsage.serverAuth });
  const { vault, folder, text } = await setting(t, { tls: { cert: served.chainPem, key: served.keyPem } });
  await writeFile(join(folder, 'ca.pem'), other.certPem);
  assert.match((await tryNode(folder, text())) as string, /it does not prove who it is/);
  assert.deepEqual(vault.asked, []);
  await writeFile(join(folder, 'ca.pem'), ca.certPem);
  const node = await startedNode(folder, text());
  t.after(() => node.stop());
  assert.equal(await call(node, FIRST), 200);
});

test('doctor tells whether Vault answers and gives what is named, and nothing of it', async (t) => {
  const { vault, folder, text } = await setting(t);
  const file = join(folder, 'portcullis.yaml');
  await writeFile(file, text());
  const told = async (): Promise<string> => (await run('node', [PROGRAM, 'doctor', '--config', file])).stdout;
  assert.match(await told(), /vault\s+http:\/\/127\.0\.0\.1:\d+ answers[^]*1 secret can be read/);
  vault.put('secret/callers', { other: FIRST });
  const missing = await told();
  assert.match(missing, /fail\s+vault[^\n]*no field of this name/);
  assert.ok(!missing.includes(FIRST));
  vault.failing = 503;
  assert.match(await told(), /fail\s+vault[^\n]*is sealed/);
});
