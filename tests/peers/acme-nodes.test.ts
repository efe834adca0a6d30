import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { connect } from 'node:tls';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { skipOrFail } from '../system/skip.ts';
import { type Hook, writeHook } from './dns-hook.ts';
import { findPebble, type Pebble, startPebble } from './pebble.ts';
import { freePorts } from '../framing/free-port.ts';

/** A lease of a node that has died ends within a minute. */
const PATIENCE_MS = 120_000;
const ROUNDS = 4;
const AT_THE_GATE = `
while (!existsSync(folder + '/gate')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
`;

/** The certificate that a node serves for a host. */
function served(port: number, servername: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(new X509Certificate(raw));
    });
    socket.on('error', reject);
  });
}

async function until<T>(what: string, look: () => Promise<T | null>, said: () => string): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > deadlineMs) throw new Error(`${what} did not happen\n${said()}`);
    await setTimeout(50);
  }
}

/** Two nodes that share a folder, a CA, and a hook that waits at a gate where there is one. */
class Cluster {
  readonly #t: TestContext;
  readonly #pebble: Pebble;
  readonly #hook: Hook;
  readonly #shared: string;
  readonly hosts: string[] = [];
  nodes: GatewayProcess[] = [];

  constructor(t: TestContext, pebble: Pebble, { hook, shared }: { readonly hook: Hook; readonly shared: string }) {
    this.#t = t;
    this.#pebble = pebble;
    this.#hook = hook;
    this.#shared = shared;
  }

  readonly said = (): string => [...this.nodes.map((node) => node.said()), this.#pebble.said()].join('\n');

  async start(): Promise<GatewayProcess> {
    const node = await startGateway(this.#configuration(), { beside: { 'ca.pem': this.#pebble.caPem } });
    this.#t.after(() => node.stop());
    this.nodes.push(node);
    return node;
  }

  /** Tells all nodes of one host more. */
  async add(host: string): Promise<void> {
    this.hosts.push(host);
    for (const { folder } of this.nodes) {
      await writeFile(join(folder, 'next.yaml'), this.#configuration());
      await rename(join(folder, 'next.yaml'), join(folder, 'portcullis.yaml'));
    }
  }

  async kill(pid: number): Promise<void> {
    const dead = await this.#nodeOf(pid);
    process.kill(pid, 'SIGKILL');
    this.nodes = this.nodes.filter((node) => node !== dead);
  }

  /** The process of a node that has the data folder; above it stands a launcher. */
  async pidOf({ folder }: GatewayProcess): Promise<number> {
    return Number(await readFile(join(folder, 'data', 'lock.pid'), 'utf8'));
  }

  /** The node that runs the hook for a host, when it does. */
  async holderOf(host: string): Promise<number> {
    const calls = async (): Promise<number | null> => {
      const text = await readFile(join(this.#hook.folder, 'calls'), 'utf8').catch(() => '');
      const line = text.split('\n').find((one) => one.startsWith(`present _acme-challenge.${host} `));
      return line === undefined ? null : Number(line.split(' ')[2]);
    };
    return await until(`a hook for ${host}`, calls, this.said);
  }

  async gate(isOpen: boolean): Promise<void> {
    const path = join(this.#hook.folder, 'gate');
    await (isOpen ? writeFile(path, '') : rm(path, { force: true }));
  }

  /** The serial number of what all nodes serve for a host, when they serve the same and a CA has signed it. */
  async sameEverywhere(host: string): Promise<string> {
    const look = async (): Promise<string | null> => {
      const all = await Promise.all(this.nodes.map(({ https }) => served(https, host)));
      const [first] = all;
      const isSame = all.every(({ serialNumber }) => serialNumber === first?.serialNumber);
      return isSame && first?.issuer?.includes('Pebble') === true ? first.serialNumber : null;
    };
    return await until(`the same certificate for ${host} everywhere`, look, this.said);
  }

  async #nodeOf(pid: number): Promise<GatewayProcess | undefined> {
    for (const node of this.nodes) if ((await this.pidOf(node)) === pid) return node;
    return undefined;
  }

  #configuration(): string {
    const { directory } = this.#pebble;
    const apis = this.hosts.map(
      (host, at) => `  api${at}: { host: ${host}, routes: ['GET /'], upstream: 'http://127.0.0.1:9', auth: public }`,
    );
    return `version: 1
server:
  threads: 1
  https:
    port: 0
    certificate:
      acme:
        email: ops@acme.example
        directory: '${directory}'
        ca: ./ca.pem
        challenge: { dns-01: { hook: ${this.#hook.path}, settle: 0s } }
        folder: ${this.#shared}
  http: off
admin: { port: 0 }
data: ./data
apis:
${apis.join('\n')}
`;
  }
}

test('of two nodes one orders for each host, also where it is killed at it, and both serve what comes of it', async (t) => {
  const programs = await findPebble();
  if (programs === null) {
    skipOrFail(t, 'neither pebble nor a Go that builds it (1.24 or later) is installed');
    return;
  }
  const [httpPort, tlsPort] = await freePorts(2);
  const pebble = await startPebble(programs, { httpPort: httpPort as number, tlsPort: tlsPort as number });
  t.after(() => pebble.stop());
  const hook = await writeHook(t, pebble.dnsUrl, AT_THE_GATE);
  const shared = await mkdtemp(join(tmpdir(), 'portcullis-shared-'));
  t.after(() => rm(shared, { recursive: true, force: true }));
  const cluster = new Cluster(t, pebble, { hook, shared });
  cluster.hosts.push('first.acme.example');
  await cluster.gate(true);
  await Promise.all([cluster.start(), cluster.start()]);
  await cluster.sameEverywhere('first.acme.example');
  for (let round = 1; round <= ROUNDS; round++) {
    const host = `h${round}.acme.example`;
    const isAtIt = round % 2 === 1;
    await cluster.gate(!isAtIt);
    await cluster.add(host);
    const holder = await cluster.holderOf(host);
    if (!isAtIt) await cluster.sameEverywhere(host);
    await cluster.kill(holder);
    await cluster.gate(true);
    await cluster.sameEverywhere(host);
    await cluster.start();
    for (const each of cluster.hosts) await cluster.sameEverywhere(each);
    // The one that was under way was gone on with.
    assert.equal(pebble.count('Added order'), cluster.hosts.length, cluster.said());
    assert.equal(pebble.count('Issued certificate'), cluster.hosts.length, cluster.said());
  }
});
