import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { AdminStatus } from '../../../src/control/index.ts';
import type { AlertRecord } from '../../../src/ports/index.ts';
import { type GatewayProcess, startGateway } from '../../framing/gateway-process.ts';
import { ROOT } from '../../tidy/repository.ts';
import { adminKey } from '../admin.ts';
import { run } from '../command.ts';
import { ask, type Reply } from '../https-client.ts';
import { type LocalServer, startLocalServer } from '../local-server.ts';
import { configuration, PROGRAM } from '../plain-configuration.ts';

const PATIENCE_MS = 30_000;
/** The product's flags, and the program with the odd kind. */
export const COMMAND = [
  process.execPath,
  '--disallow-code-generation-from-strings',
  '--disable-proto=throw',
  '--min-semi-space-size=16',
  '--import',
  pathToFileURL(join(ROOT, 'bin', 'compile-cache.js')).href,
  join(ROOT, 'tests', 'system', 'odd', 'program.ts'),
];

/** Looks until something is found. */
export async function until<T>(words: string, find: () => Promise<T | null>): Promise<T> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(25)) {
    const found = await find();
    if (found !== null) return found;
  }
  return assert.fail(`it never came to it: ${words}`);
}

/** Threads that were started in all places together. */
export const epochs = ({ threads }: AdminStatus): number => threads.reduce((sum, { epoch }) => sum + epoch, 0);

/** A gateway of several threads with the odd kind, before an upstream of its own. */
export class OddGateway {
  /** Replies that the upstream holds back, of requests with the field `x-hold`. */
  readonly held: ServerResponse[];
  readonly process: GatewayProcess;
  readonly #api: LocalServer;
  readonly #key: string;
  readonly #threads: number;
  /** The ids of all requests that were answered. */
  readonly #answered = new Set<string>();

  private constructor(
    api: LocalServer,
    held: ServerResponse[],
    started: { gateway: GatewayProcess; key: string; threads: number },
  ) {
    this.#api = api;
    this.held = held;
    this.process = started.gateway;
    this.#key = started.key;
    this.#threads = started.threads;
  }

  /** `before`: words before the command. */
  static async start(threads: number, before: readonly string[] = []): Promise<OddGateway> {
    const held: ServerResponse[] = [];
    const api = await startLocalServer((request, reply) => {
      if (request.headers['x-hold'] === undefined) reply.end('answered');
      else held.push(reply);
    });
    const text = configuration(api.port, {
      server: `{ https: { port: 0 }, http: { port: 0 }, threads: ${threads} }`,
    })
      .replace("['GET /first']", "['GET /first', 'GET /unbuildable']")
      .replace('auth: public }', 'auth: public, policies: { odd: {} } }');
    const gateway = await startGateway(text, { command: COMMAND, before }).catch((error: unknown) => {
      // Else the process would wait for the API, and nobody would hear of this.
      api.stop();
      throw error;
    });
    const key = await adminKey(gateway.folder);
    return new OddGateway(api, held, { gateway, key, threads });
  }

  async stop(): Promise<void> {
    await this.process.stop();
    this.#api.stop();
  }

  /** One request over a connection of its own; null where it was cut off, as those of a thread that dies are. */
  async get(headers: Record<string, string> = {}, path = '/first'): Promise<Reply | null> {
    const { https, ca } = this.process;
    try {
      const reply = await ask({ port: https, ca, path, headers });
      this.#answered.add(String(reply.headers['x-request-id']));
      return reply;
    } catch {
      return null;
    }
  }

  async admin(path: string): Promise<string> {
    const { admin: port, ca } = this.process;
    return (await ask({ port, ca, path, headers: { authorization: `Bearer ${this.#key}` } })).body;
  }

  async status(): Promise<AdminStatus> {
    return JSON.parse(await this.admin('/v1/status')) as AdminStatus;
  }

  async alerts(): Promise<readonly AlertRecord[]> {
    return JSON.parse(await this.admin('/v1/alerts')) as AlertRecord[];
  }

  /** All threads serve what is installed; what they say then. */
  whole(): Promise<AdminStatus> {
    return until('all threads serve', async () => {
      const now = await this.status();
      const all = now.threads.every(({ state, revision }) => state === 'serving' && revision === now.revision);
      return all && now.threads.length === this.#threads ? now : null;
    });
  }

  /** Requests succeed, and every thread answers some. */
  async everyThreadAnswers(): Promise<void> {
    await this.threadNumbers();
  }

  /** Light load on all threads while something happens; the statuses of all replies but 200. */
  async underLoad(happens: () => Promise<void>): Promise<readonly number[]> {
    const bad: number[] = [];
    const load = { over: false };
    const callers = Array.from({ length: 4 }, async () => {
      while (!load.over) {
        const reply = await this.get();
        if (reply !== null && reply.status !== 200) bad.push(reply.status);
        await delay(5);
      }
    });
    try {
      await happens();
    } finally {
      load.over = true;
      await Promise.all(callers);
    }
    return bad;
  }

  /** The numbers of the threads that serve, from replies. */
  async threadNumbers(): Promise<readonly string[]> {
    const seen = new Set<string>();
    await until('every thread answers', async () => {
      const reply = await this.get();
      assert.equal(reply?.status, 200);
      seen.add(String(reply?.headers['x-thread']));
      return seen.size === this.#threads ? seen : null;
    });
    return [...seen];
  }

  /**
   * A request makes its thread end while others come; the thread is replaced, and the operator hears why. `answered`: the
   * request itself still gets its answer.
   */
  async isReplacedAfter(odd: string, reason: string, answered = false): Promise<void> {
    const before = await this.whole();
    const bad = await this.underLoad(async () => {
      // The upstream holds its answer back: whether the thread lives long enough to give it is no matter of chance.
      const reply = await this.get({ 'x-odd': odd, ...(answered ? {} : { 'x-hold': 'yes' }) });
      assert.equal(reply?.status ?? null, answered ? 200 : null, 'what the thread still answers');
      await until('the thread is replaced', async () => (epochs(await this.status()) > epochs(before) ? true : null));
      await this.whole();
    });
    for (const reply of this.held.splice(0)) reply.destroy();
    assert.deepEqual(bad, [], 'whoever was answered was served');
    await this.everyThreadAnswers();
    const metrics = await this.admin('/metrics');
    assert.match(metrics, new RegExp(`^portcullis_thread_replacements_total\\{reason="${reason}"\\} [1-9]`, 'm'));
    assert.match(metrics, new RegExp(`^portcullis_gateway_threads ${this.#threads}$`, 'm'));
    await until(`an alert tells of ${reason}`, async () => {
      const told = (await this.alerts()).filter(({ kind, message }) => kind === 'thread.lost' && message.length > 0);
      return told.find(({ fields }) => fields?.['reason'] === reason) ?? null;
    });
  }

  /** The ledger's chain holds, and each answered request stands in it once. */
  async recordedEachOnce(): Promise<void> {
    const audit = ['audit', 'show', '--data', join(this.process.folder, 'data'), '--last', '100000', '--json'];
    await until('all are written', async () => {
      const said = await run('node', [PROGRAM, ...audit]);
      assert.equal(said.code, 0, said.stderr);
      const shown = JSON.parse(said.stdout) as { rows: { kind: string; id?: string }[]; chain: { breaks: unknown[] } };
      assert.deepEqual(shown.chain.breaks, []);
      const ids = shown.rows.flatMap(({ kind, id }) => (kind === 'request' && id !== undefined ? [id] : []));
      const known = new Set(ids);
      assert.equal(known.size, ids.length, 'none is doubled');
      return [...this.#answered].every((id) => known.has(id)) ? ids : null;
    });
  }
}
