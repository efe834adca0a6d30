import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from './command.ts';
import { OddGateway, until } from './odd/gateway.ts';
import { PROGRAM } from './plain-configuration.ts';

const CALLERS = 16;
/** More in one go than two threads record one by one in a second. */
const BURST = 1_500;

interface Shown {
  readonly rows: readonly {
    readonly kind: string;
    readonly problem?: string;
    readonly count?: number;
    readonly others?: number;
    readonly networks?: readonly { readonly network: string; readonly count: number }[];
  }[];
  readonly chain: { readonly breaks: readonly unknown[] };
}

/** Asks so often for what there is not; each answer must be 404. */
async function burst(port: number, agent: Agent): Promise<void> {
  let left = BURST;
  const once = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: '/nothing', headers: { host: 'localhost' }, agent };
      const sent = request(options, (reply) => {
        if (reply.statusCode !== 404) reject(new Error(`${reply.statusCode}`));
        reply.resume().once('close', resolve);
      });
      sent.once('error', reject);
      sent.end();
    });
  const callers = Array.from({ length: CALLERS }, async () => {
    while (left-- > 0) await once();
  });
  await Promise.all(callers);
}

async function shown(gateway: OddGateway): Promise<Shown> {
  const data = join(gateway.process.folder, 'data');
  const said = await run('node', [PROGRAM, 'audit', 'show', '--data', data, '--denied', '--last=100000', '--json']);
  assert.equal(said.code, 0, said.stderr);
  return JSON.parse(said.stdout) as Shown;
}

async function summed(gateway: OddGateway): Promise<number> {
  const metrics = await gateway.admin('/metrics');
  return Number(/^portcullis_refusals_summed_total (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

test('over all threads each refusal of strangers is in the ledger once, though a thread ends by a fault right after', async (t) => {
  const gateway = await OddGateway.start(2);
  t.after(() => gateway.stop());
  await gateway.whole();
  const { https, ca } = gateway.process;
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS, ca, servername: 'localhost' });
  t.after(() => agent.destroy());
  let asked = 0;
  await until('some are summed', async () => {
    await burst(https, agent);
    asked += BURST;
    return (await summed(gateway)) > 0 ? true : null;
  });
  await burst(https, agent);
  asked += BURST;
  assert.equal(await gateway.get({ 'x-odd': 'reject', 'x-hold': 'yes' }), null);
  for (const reply of gateway.held.splice(0)) reply.destroy();
  await until(`all ${asked} are recorded`, async () => {
    const { rows, chain } = await shown(gateway);
    assert.deepEqual(chain.breaks, []);
    const lost = rows.filter(({ problem }) => problem === 'not-found');
    const sums = lost.filter(({ kind }) => kind === 'refusals');
    for (const { count = 0, others = 0, networks = [] } of sums)
      assert.deepEqual([networks, others], [[{ network: '127.0.0.1', count }], 0]);
    const counted = sums.reduce((total, { count = 0 }) => total + count, 0);
    const found = lost.length - sums.length + counted;
    assert.ok(found <= asked, `${found} of ${asked}`);
    return found === asked && counted === (await summed(gateway)) ? true : null;
  });
});
