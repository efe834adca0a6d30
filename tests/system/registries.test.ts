import 'reflect-metadata';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AdminStatus } from '../../src/control/client.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { type ConsulServer, startConsul } from './consul-server.ts';
import { eventually } from './eventually.ts';
import { type Made, make, makeAuthority } from '../../src/wire/client-fixture.test.ts';
import { ask } from './https-client.ts';
import { type KubernetesServer, startKubernetes } from './kubernetes-server.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const origins: LocalServer[] = [];
let ports: readonly number[] = [];
let consul: ConsulServer;
let kubernetes: KubernetesServer;
let cluster: KubernetesServer;
let authority: Made;
let gateway: GatewayProcess;

const configuration = (): string => `version: 1
server: { https: { port: 0, certificate: local }, http: off }
admin: { port: 0 }
data: ./data
apis:
  consul:
    routes: ['GET /consul']
    upstream:
      discover: { consul: { url: 'http://127.0.0.1:${consul.port}', service: orders, token: '\${env:CONSUL_TOKEN}' } }
      allowAddresses: [127.0.0.1]
      balance: round-robin
      health: { slowStart: 0s }
    auth: public
  kubernetes:
    routes: ['GET /kubernetes']
    upstream:
      discover: { kubernetes: { service: orders, namespace: shop, port: http, api: 'http://127.0.0.1:${kubernetes.port}', token: token.txt } }
      allowAddresses: [127.0.0.1]
      balance: round-robin
      health: { slowStart: 0s }
    auth: public
  cluster:
    routes: ['GET /cluster']
    upstream:
      discover: { kubernetes: { service: orders, namespace: shop, port: web, token: account-token.txt, ca: account-ca.pem } }
      allowAddresses: [127.0.0.1]
      balance: round-robin
      health: { slowStart: 0s }
    auth: public
`;

before(async () => {
  for (const name of ['one', 'two', 'three']) {
    const origin = await startLocalServer((_request, reply) => reply.end(name));
    origins.push(origin);
  }
  ports = origins.map((origin) => origin.port);
  consul = await startConsul('s3cret');
  kubernetes = await startKubernetes('account');
  consul.say([{ address: '', port: port(0) }]);
  for (const [at, name] of ['a', 'b', 'c'].entries()) kubernetes.put(name, slice(at));
  authority = await makeAuthority('CN=Cluster');
  cluster = await startKubernetes('first', await identityBy(authority));
  cluster.put('a', slice(0));
  gateway = await startGateway(configuration(), {
    beside: { 'token.txt': 'account\n', 'account-token.txt': 'first', 'account-ca.pem': authority.certPem },
    // As Kubernetes tells all that run in it.
    environment: {
      CONSUL_TOKEN: 's3cret',
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(cluster.port),
    },
  });
});

after(async () => {
  await gateway.stop();
  await consul.stop();
  await kubernetes.stop();
  await cluster.stop();
  for (const origin of origins) origin.stop();
});

const port = (at: number): number => ports[at] ?? 0;
const slice = (...at: readonly number[]): Parameters<KubernetesServer['put']>[1] => ({
  addresses: [{ address: '127.0.0.1' }],
  ports: at.flatMap((each) => ['http', 'web'].map((name) => ({ name, port: port(each) }))),
});

/** What the API of a cluster proves itself by: its address is in its certificate. */
async function identityBy(by: Made): Promise<{ readonly cert: string; readonly key: string }> {
  const names = [{ type: 'ip', value: '127.0.0.1' }] as const;
  const { certPem, keyPem } = await make({ by, subject: 'CN=api', names: [...names], usage: null });
  return { cert: certPem, key: keyPem };
}

/** What a path answers with, over some requests. */
async function answers(path: string): Promise<string> {
  const seen = new Set<string>();
  for (let at = 0; at < 9; at++) {
    const { status, body } = await ask({ port: gateway.https, ca: gateway.ca, path });
    seen.add(status === 200 ? body : String(status));
  }
  return [...seen].toSorted().join(' ');
}

const become = (path: string, wanted: string): Promise<void> =>
  eventually(async () => assert.equal(await answers(path), wanted));

/** What is wrong with a source, by its kind or name. */
async function fault(kind: string): Promise<string | null> {
  const { body } = await askAdmin(gateway, '/v1/status');
  const source = (JSON.parse(body) as AdminStatus).discovery.find((each) => each.kind === kind || each.name === kind);
  return source?.fault ?? null;
}

test('Consul: changes are heard of by waiting for them, an index that went back is begun anew, and failures change nothing', async () => {
  assert.equal(await answers('/consul'), 'one');
  consul.say([
    { address: '127.0.0.1', port: port(0) },
    { address: '127.0.0.1', port: port(1), weight: 3 },
    { address: 'node.internal', port: 1 },
  ]);
  await become('/consul', 'one two');
  const waits = consul.asked.filter((query) => Number(query.get('index')) > 0);
  assert.ok(waits.length > 0 && waits.every((query) => query.get('wait') === '55s'));
  await eventually(() => assert.equal(consul.waiting(), 1));
  // As behind a restart of Consul's servers: what is said has a lower index than what is known.
  consul.say([{ address: '127.0.0.1', port: port(2) }], 3);
  await become('/consul', 'three');
  consul.say([{ address: '127.0.0.1', port: port(1) }], 4);
  await become('/consul', 'two');
  consul.fail(500);
  await eventually(async () => assert.match((await fault('consul')) ?? '', /status 500/));
  assert.equal(await answers('/consul'), 'two');
  consul.fail(null);
  consul.say([{ address: '127.0.0.1', port: port(0) }]);
  await become('/consul', 'one');
  await eventually(async () => assert.equal(await fault('consul'), null));
});

test('Consul: only what passes its checks is a target, and a wait that ends with the same index or a failure loses nothing', async () => {
  consul.say([
    { address: '', port: port(0) },
    { address: '', port: port(1), status: 'critical' },
    { address: '', port: port(2), status: 'warning' },
  ]);
  await become('/consul', 'one');
  await eventually(() => assert.equal(consul.waiting(), 1));
  const known = consul.asked.at(-1)?.get('index');
  const asked = consul.asked.length;
  consul.wake();
  await eventually(() => assert.equal(consul.waiting(), 1));
  assert.deepEqual(
    consul.asked.slice(asked).map((query) => query.get('index')),
    [known],
    'it goes on from the same index',
  );
  assert.equal(await answers('/consul'), 'one');
  consul.failOnce(500);
  // What changes before the next question is heard of by it: it asks for the whole.
  consul.say([{ address: '', port: port(1) }]);
  await become('/consul', 'two');
  assert.equal(consul.asked[asked + 1]?.get('index'), '0');
  await eventually(async () => assert.equal(await fault('consul'), null));
});

test('Kubernetes: slices are listed by pages and watched; bookmarks, cut watches and versions that are gone lose nothing', async () => {
  assert.equal(await answers('/kubernetes'), 'one three two');
  kubernetes.remove('b');
  await become('/kubernetes', 'one three');
  kubernetes.put('a', {
    addresses: [{ address: '127.0.0.1', ready: false }],
    ports: [{ name: 'http', port: port(0) }],
  });
  await become('/kubernetes', 'three');
  kubernetes.bookmark();
  const lists = kubernetes.asked.filter((what) => what === 'list').length;
  kubernetes.end('cleanly');
  // What happens while nobody watches is told when somebody does again.
  kubernetes.put('d', slice(1));
  await become('/kubernetes', 'three two');
  assert.equal(kubernetes.asked.filter((what) => what === 'list').length, lists, 'it went on from where it was');
  kubernetes.end('gone');
  await eventually(() => assert.ok(kubernetes.asked.filter((what) => what === 'list').length > lists));
  kubernetes.put('e', slice(0));
  await become('/kubernetes', 'one three two');
  kubernetes.end('cut');
  kubernetes.remove('c');
  await become('/kubernetes', 'one two');
  kubernetes.put('e', { addresses: [{ address: '169.254.169.254' }], ports: [{ name: 'http', port: port(0) }] });
  await become('/kubernetes', 'two');
});

test('Kubernetes: the token of an account that is replaced is read anew', async () => {
  kubernetes.fail(403);
  kubernetes.end('cleanly');
  await eventually(async () =>
    assert.match((await fault('kubernetes')) ?? '', /status 403: may its account list and watch/),
  );
  assert.equal(await answers('/kubernetes'), 'two');
  await writeFile(join(gateway.folder, 'token.txt'), 'stale');
  kubernetes.fail(null);
  await eventually(async () => assert.match((await fault('kubernetes')) ?? '', /status 401/));
  await writeFile(join(gateway.folder, 'token.txt'), 'account');
  await eventually(async () => assert.equal(await fault('kubernetes'), null));
  kubernetes.put('f', slice(2));
  await become('/kubernetes', 'three two');
});

test('Kubernetes: in a cluster its API is found by the variables, and believed only with a certificate of the account’s CA', async () => {
  const source = 'kubernetes shop/orders:web';
  assert.equal(await answers('/cluster'), 'one');
  cluster.put('b', slice(1));
  await become('/cluster', 'one two');
  const other = await makeAuthority('CN=Another cluster');
  cluster.prove(await identityBy(other));
  await eventually(async () => assert.match((await fault(source)) ?? '', /^https:\/\/127\.0\.0\.1:[0-9]+: /));
  cluster.remove('a');
  const asked = cluster.asked.length;
  const connections = cluster.connections();
  await eventually(() => assert.ok(cluster.connections() > connections, 'it tries again'));
  assert.equal(cluster.asked.length, asked, 'it hears no question and no token');
  assert.equal(await answers('/cluster'), 'one two', 'what was known holds');
  await writeFile(join(gateway.folder, 'account-ca.pem'), other.certPem);
  await become('/cluster', 'two');
  await eventually(async () => assert.equal(await fault(source), null));
  cluster.demand('second');
  await eventually(async () => assert.match((await fault(source)) ?? '', /status 401/));
  await writeFile(join(gateway.folder, 'account-token.txt'), 'second');
  await eventually(async () => assert.equal(await fault(source), null));
  cluster.put('c', slice(2));
  await become('/cluster', 'three two');
});
