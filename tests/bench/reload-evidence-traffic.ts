import { setTimeout as delay } from 'node:timers/promises';
import {
  AT_ONCE,
  type GatewayAddress,
  KeptConnection,
  type Pace,
  SAID_SO,
  type WholeReply,
} from './reload-evidence-connection.ts';
import { answerOf, dataOf } from './reload-evidence-upstreams.ts';

/** How much is asked. Requests fall due at a fixed rate, whatever became of those before. */
export interface TrafficPlan extends GatewayAddress {
  readonly connections: number;
  readonly perSecond: number;
  /** So many clients each send a body slowly, again and again, and as many read one slowly. */
  readonly slowClients: number;
  /** How long one slow body takes. */
  readonly slowMs: number;
  /** Gives the token that a request bears; without it none does. */
  readonly token?: () => string;
}

/** What happens while requests are measured: nothing, or a reload; `aside` is before and after. */
export type Phase = 'aside' | 'quiet' | 'reload';

/** What came of it. Latencies count from the moment a request fell due to its reply's last byte, without the slow ones. */
export interface TrafficReport {
  readonly requests: number;
  readonly slow: number;
  readonly failed: number;
  /** Of these, in the phase `aside`. */
  readonly failedAside: number;
  /** The first few failures that count, in words. */
  readonly failures: readonly string[];
  /** How many replies each upstream gave. */
  readonly variants: Readonly<Record<string, number>>;
  readonly latenciesMs: Readonly<Record<Phase, readonly number[]>>;
}

const TICK_MS = 4;
const FAILURES_SHOWN = 20;
/** Every so many requests a connection is left for a new one, so that listeners are tried too. */
const RENEWED_AFTER = 50;
const POST_BYTES = 2048;
const DATA_BYTES = 50_000;
const SLOW_UPLOAD_BYTES = 200_000;
const SLOW_DOWNLOAD_BYTES = 8 * 2 ** 20;
/** What waits beyond this is lost: the gateway does not keep up at all. */
const WAITING_LIMIT = 10_000;
/** Latencies beyond this are not kept. */
const LATENCY_LIMIT = 2_000_000;

/** One thing to ask for, and the replies that are right. */
interface Errand {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: Buffer;
  readonly pace: Pace;
  readonly right: readonly (string | Buffer)[];
}

/**
 * Clients of a gateway before the two upstreams: small requests, bodies both ways, slow ones besides. Every reply must
 * be 200 with the whole body that one of the upstreams gives; all else is a failure, and so is a connection that the
 * gateway closes without having said so.
 */
export class Traffic {
  phase: Phase = 'aside';
  readonly #plan: TrafficPlan;
  readonly #waiting: { readonly dueMs: number; readonly phase: Phase }[] = [];
  readonly #idle: (() => void)[] = [];
  readonly #failures: string[] = [];
  readonly #variants: Record<string, number> = {};
  readonly #latenciesMs: Record<Phase, number[]> = { aside: [], quiet: [], reload: [] };
  #requests = 0;
  #slow = 0;
  #failed = 0;
  #failedAside = 0;
  #over = false;
  #clients: Promise<void>[] = [];
  #ticker: NodeJS.Timeout | null = null;

  constructor(plan: TrafficPlan) {
    this.#plan = plan;
  }

  start(): void {
    const { connections, perSecond, slowClients, slowMs } = this.#plan;
    const beganMs = performance.now();
    let due = 0;
    this.#ticker = setInterval(() => {
      const dueNow = Math.floor(((performance.now() - beganMs) / 1000) * perSecond);
      for (; due < dueNow; due++) this.#fallDue(beganMs + (due / perSecond) * 1000);
    }, TICK_MS);
    this.#clients = [
      ...Array.from({ length: connections }, () => this.#client()),
      ...Array.from({ length: slowClients }, (_, at) => this.#slowClient(slowUpload(at, slowMs))),
      ...Array.from({ length: slowClients }, () => this.#slowClient(slowDownload(slowMs))),
    ];
  }

  get requests(): number {
    return this.#requests + this.#slow;
  }

  get failed(): { readonly all: number; readonly aside: number } {
    return { all: this.#failed, aside: this.#failedAside };
  }

  get failures(): readonly string[] {
    return this.#failures;
  }

  /** Lets what is under way come to its end. */
  async stop(): Promise<TrafficReport> {
    this.#over = true;
    if (this.#ticker !== null) clearInterval(this.#ticker);
    for (const wake of this.#idle.splice(0)) wake();
    await Promise.all(this.#clients);
    return {
      requests: this.requests,
      slow: this.#slow,
      failed: this.#failed,
      failedAside: this.#failedAside,
      failures: this.#failures,
      variants: this.#variants,
      latenciesMs: this.#latenciesMs,
    };
  }

  #fallDue(dueMs: number): void {
    if (this.#waiting.length >= WAITING_LIMIT) this.#fail('a request', 'it could not even be sent');
    else this.#waiting.push({ dueMs, phase: this.phase });
    // Whoever has waited longest: a connection that nobody uses for a minute is closed by right.
    this.#idle.shift()?.();
  }

  async #client(): Promise<void> {
    let connection: KeptConnection | null = null;
    let asked = 0;
    for (;;) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        if (this.#over) break;
        await new Promise<void>((wake) => {
          this.#idle.push(wake);
        });
        continue;
      }
      connection = await this.#stand(connection);
      const errand = errandOf(this.#requests++);
      if (connection === null) continue;
      connection = await this.#run(connection, errand);
      const tookMs = performance.now() - next.dueMs;
      const kept = this.#latenciesMs[next.phase];
      if (kept.length < LATENCY_LIMIT) kept.push(tookMs);
      asked++;
      if (asked % RENEWED_AFTER > 0) continue;
      connection?.close();
      connection = null;
    }
    connection?.close();
  }

  async #slowClient(errand: Errand): Promise<void> {
    let connection: KeptConnection | null = null;
    while (!this.#over) {
      connection = await this.#stand(connection);
      this.#slow++;
      if (connection !== null) connection = await this.#run(connection, errand);
      else await delay(TICK_MS);
    }
    connection?.close();
  }

  /** The connection, or a new one where there is none or it has been closed; null when it can't be had. */
  async #stand(connection: KeptConnection | null): Promise<KeptConnection | null> {
    if (connection?.fault === null) return connection;
    if (connection !== null && connection.fault !== SAID_SO) this.#fail('a kept connection', connection.fault ?? '');
    const opened = await KeptConnection.open(this.#plan);
    if (typeof opened !== 'string') return opened;
    this.#fail('a new connection', opened);
    return null;
  }

  /** Does an errand; gives the connection, or null where it is of no more use. */
  async #run(connection: KeptConnection, errand: Errand): Promise<KeptConnection | null> {
    const { method, path, body, pace } = errand;
    const length =
      method === 'GET' ? '' : `content-type: application/octet-stream\r\ncontent-length: ${body.length}\r\n`;
    const token = this.#plan.token === undefined ? '' : `authorization: Bearer ${this.#plan.token()}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nhost: localhost:${this.#plan.port}\r\n${length}${token}\r\n`;
    const reply = await connection.ask(head, body, pace);
    const fault = typeof reply === 'string' ? reply : this.#judge(reply, errand);
    if (fault === null) return connection;
    this.#fail(`${method} ${path}`, fault);
    connection.close();
    return null;
  }

  #judge({ status, body }: WholeReply, { right }: Errand): string | null {
    if (status !== 200) return `status ${status}: ${body.toString('latin1', 0, 200)}`;
    const at = right.findIndex((each) => body.equals(Buffer.from(each as string)));
    if (at < 0) return `a wrong body of ${body.length} bytes`;
    const variant = right.length === 1 ? 'data' : at === 0 ? 'a' : 'b';
    this.#variants[variant] = (this.#variants[variant] ?? 0) + 1;
    return null;
  }

  #fail(what: string, fault: string): void {
    this.#failed++;
    if (this.phase === 'aside') this.#failedAside++;
    else if (this.#failures.length < FAILURES_SHOWN) this.#failures.push(`${what} during ${this.phase}: ${fault}`);
  }
}

const NOTHING = Buffer.alloc(0);
const DATA = dataOf(DATA_BYTES);
const SLOW_DATA = dataOf(SLOW_DOWNLOAD_BYTES);

/** Seven of ten ask for little, two send a body, one gets a larger one. */
function errandOf(turn: number): Errand {
  const kind = turn % 10;
  if (kind === 9) return { method: 'GET', path: `/data/${DATA_BYTES}`, body: NOTHING, pace: AT_ONCE, right: [DATA] };
  if (kind >= 7) return sending(`/posts/${turn}`, Buffer.alloc(POST_BYTES, turn & 0xff), AT_ONCE);
  const path = `/things/${turn}`;
  const right = [answerOf('a', path, NOTHING), answerOf('b', path, NOTHING)];
  return { method: 'GET', path, body: NOTHING, pace: AT_ONCE, right };
}

function slowUpload(client: number, sendMs: number): Errand {
  return sending(`/slow/${client}`, Buffer.alloc(SLOW_UPLOAD_BYTES, client), { ...AT_ONCE, sendMs });
}

function slowDownload(readMs: number): Errand {
  const pace = { sendMs: 0, readMs, replyBytes: SLOW_DOWNLOAD_BYTES };
  return { method: 'GET', path: `/data/${SLOW_DOWNLOAD_BYTES}`, body: NOTHING, pace, right: [SLOW_DATA] };
}

function sending(path: string, body: Buffer, pace: Pace): Errand {
  return { method: 'POST', path, body, pace, right: [answerOf('a', path, body), answerOf('b', path, body)] };
}
