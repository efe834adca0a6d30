import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { useOfTree } from '../bench/process-tree.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminKey } from '../system/admin.ts';
import { ask } from '../system/https-client.ts';
import { PROGRAM } from '../system/plain-configuration.ts';
import type { UpstreamWork } from './upstream.ts';

/** All descriptors that this machine gives a process: a thousand clients need as many. */
export const ALL_DESCRIPTORS = ['sh', '-c', 'ulimit -n "$(ulimit -H -n)"; exec "$@"', 'sh'];

const POLL_MS = 100;
const PERIOD_MS = 100;
/** Who waits longer has been denied service. */
const PATIENCE_MS = 15_000;
const WARM_HANDS = 20;
const WARM_REQUESTS = 20_000;
const AT_ONCE: UpstreamWork = { atOnce: 1, eachMs: 0 };

interface LedgerRow {
  readonly method?: string;
  readonly problem?: string | null;
  readonly completion?: { readonly problem: string | null } | null;
}

/** A gateway before an upstream that answers at once, `/big` with a megabyte. */
export class Scene {
  readonly gateway: GatewayProcess;
  readonly #key: string;
  readonly #close: () => void;

  private constructor(gateway: GatewayProcess, key: string, close: () => void) {
    this.gateway = gateway;
    this.#key = key;
    this.#close = close;
  }

  /** `server` are more keys of `server`, `api` more lines of its API. */
  static async start(
    server: string,
    { api = '', apis = '', beside = {}, before = ALL_DESCRIPTORS, work = AT_ONCE }: SceneOptions = {},
  ): Promise<Scene> {
    const upstream = new Worker(new URL('upstream.ts', import.meta.url), { workerData: work });
    const close = (): void => void upstream.terminate();
    const [port] = (await once(upstream, 'message')) as [number];
    const configuration = `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, ${server} }
admin: { port: 0 }
data: ./data
apis:
  all:
    routes: ['* /{rest...}', 'GET /low', 'GET /high']
    upstream: 'http://127.0.0.1:${port}'
    auth: public
${api}${apis.replaceAll('UPSTREAM', `http://127.0.0.1:${port}`)}`;
    try {
      const gateway = await startGateway(configuration, { before, beside });
      const key = await adminKey(gateway.folder);
      return new Scene(gateway, key, close);
    } catch (error) {
      close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    this.#close();
  }

  async admin(path: string): Promise<string> {
    const { admin: port, ca } = this.gateway;
    const { body } = await ask({ port, ca, path, headers: { authorization: `Bearer ${this.#key}` } });
    return body;
  }

  /** What was counted under this name, over all labels that begin so. */
  async count(series: string): Promise<number> {
    const lines = (await this.admin('/metrics')).split('\n').filter((line) => line.startsWith(series));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Connections of clients that are open now. */
  async connections(): Promise<number> {
    const { threads } = JSON.parse(await this.admin('/v1/status')) as { threads: { connections: number }[] };
    return threads.reduce((sum, { connections }) => sum + connections, 0);
  }

  /** What went wrong since then, as the ledger has it: method and problem of single requests, and the problems of sums. */
  async recorded(sinceMs: number): Promise<readonly string[]> {
    const young = ['--since', `${Date.now() - sinceMs}ms`, '--last', '100000'];
    const args = ['audit', 'show', '--json', ...young, '--data', join(this.gateway.folder, 'data')];
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...args], { maxBuffer: 2 ** 28 });
    const { rows } = JSON.parse(stdout) as { rows: LedgerRow[] };
    return rows.map(({ method, problem, completion }) => `${method ?? 'sum'} ${completion?.problem ?? problem}`);
  }

  /**
   * Asks until the heaps of its threads have the size that they keep under load. What an attack then adds is the attack's:
   * V8 gives each thread a young generation of 48 MB, which fills with the first requests whoever sends them.
   */
  async warmUp(): Promise<void> {
    const { https: port, ca } = this.gateway;
    const agent = new Agent({ keepAlive: true, maxSockets: WARM_HANDS });
    const headers = { host: 'localhost', 'x-filler': 'x'.repeat(2_000) };
    let left = WARM_REQUESTS;
    const hand = async (): Promise<void> => {
      while (left-- > 0) {
        const sent = request({ host: '127.0.0.1', servername: 'localhost', port, ca, path: '/small', headers, agent });
        const [reply] = (await once(sent.end(), 'response')) as [IncomingMessage];
        await once(reply.resume(), 'end');
      }
    };
    await Promise.all(Array.from({ length: WARM_HANDS }, hand));
    agent.destroy();
  }

  /** The memory of its processes. */
  rssMb(): number {
    return useOfTree(this.gateway.pid).rssBytes / 2 ** 20;
  }
}

interface SceneOptions {
  readonly api?: string;
  /** More APIs; `UPSTREAM` in them is the URL of the upstream. */
  readonly apis?: string;
  /** Files beside the configuration. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Words before the command, such as those that bound what it may have. */
  readonly before?: readonly string[];
  readonly work?: UpstreamWork;
}

/** What came of somebody who did nothing wrong meanwhile. */
export interface Service {
  readonly asked: number;
  readonly failed: readonly string[];
  readonly slowestMs: number;
}

/** Asks ten times a second, each time over a connection of its own, until what happens has happened. */
export async function serveMeanwhile({ gateway }: Scene, from: string, happens: () => Promise<void>): Promise<Service> {
  const { https: port, ca } = gateway;
  const failed: string[] = [];
  let asked = 0;
  let slowestMs = 0;
  const once = async (): Promise<void> => {
    const since = performance.now();
    const late = delay(PATIENCE_MS, null, { ref: false });
    asked++;
    try {
      const reply = await Promise.race([ask({ port, ca, path: '/small', from }), late]);
      if (reply === null) failed.push('no answer');
      else if (reply.status !== 200) failed.push(`${reply.status} ${reply.body}`);
    } catch (error) {
      failed.push(String(error));
    }
    slowestMs = Math.max(slowestMs, performance.now() - since);
  };
  const under: Promise<void>[] = [];
  const timer = setInterval(() => void under.push(once()), PERIOD_MS);
  try {
    await happens();
  } finally {
    clearInterval(timer);
    await Promise.all(under);
  }
  return { asked, failed, slowestMs };
}

/** Waits until something is so, and says in vain of what it did. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, deadlineMs = 30_000): Promise<void> {
  for (const end = performance.now() + deadlineMs; performance.now() < end; await delay(POLL_MS)) {
    if (await holds()) return;
  }
  throw new Error(`waited in vain: ${what}`);
}
