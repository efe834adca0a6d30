import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ReloadingGateway, type Way, WAYS } from '../bench/reload-evidence-gateway.ts';
import { Traffic } from '../bench/reload-evidence-traffic.ts';
import { startUpstreams, type Upstreams } from '../bench/reload-evidence-upstreams.ts';

const RELOADS = 20;
const REQUESTS = 3_000;
const LOAD = { connections: 8, perSecond: 150, slowClients: 2, slowMs: 1_500 } as const;
const LIMIT_MS = 150_000;

let upstreams: Upstreams;
let gateway: ReloadingGateway;

before(async () => {
  upstreams = await startUpstreams();
  gateway = await ReloadingGateway.start({ upstreams: upstreams.ports });
});

after(async () => {
  await gateway.stop();
  upstreams.stop();
});

test('no request fails over twenty reloads: kept connections, slow uploads and slow readers included', async () => {
  const { https: port, ca } = gateway.process;
  const traffic = new Traffic({ port, ca, ...LOAD });
  traffic.start();
  const wrong: string[] = [];
  const deadline = performance.now() + LIMIT_MS;
  let reloads = 0;
  while ((reloads < RELOADS || traffic.requests < REQUESTS) && performance.now() < deadline) {
    const fault = await gateway.reload(WAYS[reloads++ % WAYS.length] as Way);
    if (fault !== null) wrong.push(fault);
  }
  const { requests, slow, failed, failures, variants } = await traffic.stop();
  assert.deepEqual(wrong, []);
  assert.deepEqual(failures, []);
  assert.equal(failed, 0);
  assert.ok(reloads >= RELOADS, `${reloads} reloads`);
  assert.ok(requests >= REQUESTS && slow > 0, `${requests} requests, ${slow} of them slow`);
  assert.ok((variants['a'] ?? 0) > 0 && (variants['b'] ?? 0) > 0, 'both configurations served');
});
