import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { run } from './command.ts';
import { until } from './eventually.ts';
import { askPlainly } from './inner-gateway.ts';
import { PROGRAM } from './plain-configuration.ts';

const FIRST = 'first-key-0123456789abcdef';
const SECOND = 'second-key-0123456789abcdef';
const THIRD = 'third-key-0123456789abcdef';
const DOCUMENT = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths: { '/orders': { get: { operationId: 'list', responses: { '200': { description: 'all' } } } } },
});
const TEXT = `version: 1
server: { https: { port: 0, certificate: local }, http: off, threads: 2 }
admin: { port: 0 }
data: ./data
egress:
  port: 0
  callers: { orders: { key: '\${file:./key}' } }
  parties: { pay: { url: 'https://localhost:1', private: [127.0.0.0/8, '::1'], allow: ['GET /x'] } }
apis:
  orders: { openapi: ./orders.json, upstream: 'http://127.0.0.1:1', auth: public }
`;

test('a secret that a file has anew is in force though configuration and documents there are half written', async (t) => {
  const gateway = await startGateway(TEXT, { beside: { key: FIRST, 'orders.json': DOCUMENT } });
  t.after(() => gateway.stop());
  const put = async (name: string, text: string): Promise<void> => {
    await writeFile(join(gateway.folder, `${name}.new`), text);
    await rename(join(gateway.folder, `${name}.new`), join(gateway.folder, name));
  };
  const call = async (key: string): Promise<number> => {
    const headers = { host: 'pay.egress', 'x-portcullis-key': key };
    // Nobody is there: whoever may call hears that.
    return (await askPlainly(gateway.egress, { method: 'GET', path: '/pay/x', headers })).status;
  };
  const refusals = async (): Promise<number> => {
    const { body } = await askAdmin(gateway, '/v1/alerts');
    const alerts = JSON.parse(body) as readonly { readonly kind: string; readonly count?: number }[];
    return alerts.filter(({ kind }) => kind === 'snapshot.refused').length;
  };
  assert.deepEqual([await call(FIRST), await call(SECOND)], [502, 401]);
  await put('portcullis.yaml', TEXT.slice(0, -40));
  await until('the half is refused', async () => (await refusals()) > 0);
  await put('key', `${SECOND}\n`);
  await until('the new key counts', async () => (await call(SECOND)) === 502);
  assert.equal(await call(FIRST), 401);
  await put('orders.json', DOCUMENT.slice(0, 50));
  await put('key', `${THIRD}\n`);
  await until('the next key counts', async () => (await call(THIRD)) === 502);
  assert.equal(await call(SECOND), 401);
  await put('orders.json', DOCUMENT);
  await put('portcullis.yaml', TEXT.replace('/x', '/y'));
  await until('what was mended is in force', async () => (await call(THIRD)) === 404);
  const ledger = await run('node', [
    ...[PROGRAM, 'audit', 'show', '--data', join(gateway.folder, 'data'), '--last', '1000', '--json'],
  ]);
  assert.equal(ledger.stdout.match(/"action": "secret\.change",\s+"target": "\$\{file:\.\/key\}"/g)?.length, 2);
  for (const secret of [FIRST, SECOND, THIRD])
    assert.ok(!`${ledger.stdout}${gateway.said()}`.includes(secret), 'no secret is told');
});
