import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ok } from '../../src/base/index.ts';
import type { AdminStatus } from '../../src/control/index.ts';
import type { AlertRecord } from '../../src/ports/index.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminKey, askAdmin } from './admin.ts';
import { type Outcome, run } from './command.ts';
import { until } from './eventually.ts';
import { ask } from './https-client.ts';
import { startLocalServer } from './local-server.ts';
import { startedNode } from './node.ts';
import { configuration, PROGRAM } from './plain-configuration.ts';

let gateway: GatewayProcess;
/** Read once, for a test takes the data folder away. */
let key: string;
let text: string;

before(async () => {
  // An issuer that answers, and has no keys to give.
  const { url, stop } = await startLocalServer((_request, reply) => void reply.writeHead(500).end());
  after(stop);
  text = `${configuration(9)}issuers: { acme: { issuer: '${url}', audience: a } }\n`;
  gateway = await startGateway(text);
  key = await adminKey(gateway.folder);
});

after(() => gateway.stop());

async function admin(path: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}` };
  return (await ask({ port: gateway.admin, ca: gateway.ca, path, headers })).body;
}

const status = async (): Promise<AdminStatus> => JSON.parse(await admin('/v1/status')) as AdminStatus;
const command = (verb: string): Promise<Outcome> =>
  run('node', [PROGRAM, verb, '--config', join(gateway.folder, 'portcullis.yaml')]);

test('the status of a running gateway tells an issuer whose keys can not be had, and the metrics count it', async () => {
  const { issuers, alerts, ledger, refusedReload } = await status();
  assert.deepEqual(
    issuers.map(({ name, keys, fetchedAt }) => [name, keys, fetchedAt]),
    [['acme', 0, null]],
  );
  assert.match(issuers[0]?.fault ?? '', /500/);
  assert.ok(alerts.newest.some(({ kind }) => kind === 'issuer.keys-unavailable'));
  assert.ok(alerts.count >= 1);
  assert.deepEqual([ledger, refusedReload], [{ state: 'recording', reason: null }, null]);
  const metrics = await admin('/metrics');
  assert.match(metrics, /^portcullis_issuer_key_failures_total\{issuer="acme"\} [1-9]/m);
  assert.match(metrics, /^portcullis_webhook_alerts_lost_total 0$/m);
});

test('the metrics count handshakes by what clients offered, and the status tells the certificate that they saw', async () => {
  await ask({ port: gateway.https, ca: gateway.ca, path: '/' });
  // Threads hand over what they have counted from time to time.
  const counted = /^portcullis_handshakes_total\{offers="hybrid",protocol="TLSv1\.3"\} [1-9]/m;
  await until('a handshake is counted', async () => counted.test(await admin('/metrics')));
  const { certificates, revocationLists } = await status();
  assert.deepEqual(revocationLists, []);
  assert.deepEqual(
    certificates.map(({ names, origin }) => [names.includes('localhost'), origin]),
    [[true, 'local']],
  );
  assert.ok((certificates[0]?.notAfter ?? 0) > Date.now());
});

test('the status of a running gateway tells a reload that was refused, until one is not', async () => {
  const file = join(gateway.folder, 'portcullis.yaml');
  await writeFile(file, `${text}nonsense: true\n`);
  assert.notEqual((await command('reload')).code, 0);
  const { refusedReload } = await status();
  assert.match(refusedReload?.first ?? '', /portcullis\.yaml:\d+.*nonsense/);
  await writeFile(file, text);
  assert.equal((await command('reload')).code, 0);
  assert.equal((await status()).refusedReload, null);
  const { stdout } = await command('status');
  assert.match(stdout, /^ {2}issuer +acme: 0 keys, never fetched; can't be fetched now: /m);
  assert.match(stdout, /^ {2}alerts +[1-9]\d* in 24 h: .*snapshot\.refused \(high, /m);
});

test('the status of a running gateway tells that its ledger halts, and that it records again', async () => {
  const data = join(gateway.folder, 'data');
  await rename(data, `${data}-away`);
  await until('the ledger halts', async () => (await status()).ledger.state === 'halted');
  assert.match((await status()).ledger.reason ?? '', /\.log/);
  await rename(`${data}-away`, data);
  await until('the ledger records', async () => (await status()).ledger.state === 'recording');
});

test('a node whose volume gets full raises an alert for it at the start', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-space-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const space = () => Promise.resolve(ok({ totalBytes: 40 * 2 ** 30, freeBytes: 100 * 2 ** 20 }));
  const node = await startedNode(folder, configuration(9), ({ files }) => ({ files: { ...files, space } }));
  t.after(() => node.stop());
  const ca = await readFile(node.caFile, 'utf8');
  await until('the alert is listed', async () => {
    const { body } = await askAdmin({ admin: node.ports.admin, ca, folder }, '/v1/alerts');
    const alerts = JSON.parse(body) as readonly AlertRecord[];
    return alerts.some(({ key, severity }) => key === 'space-critical' && severity === 'critical');
  });
});
