import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { ask } from '../system/https-client.ts';
import { Scene } from './scene.ts';

/** Five hundred requests a second: few enough that it is not the machine that is short. */
const WORK = { atOnce: 20, eachMs: 40 };
const PATHS = ['/low', '/normal', '/high'] as const;
const CLIENTS = 1_500;
/** Of what is asked at first, before the queue has filled, nothing is counted. */
const SETTLE_MS = 3_000;
const MEASURE_MS = 5_000;
const TICK_MS = 20;
/** Handshakes under way at once. */
const OPENING = 50;

/** What became of the requests for one path. */
interface Outcome {
  served: number;
  refused: number;
}

/** A client that keeps its connection and asks for one path, one request after the other. */
class Caller {
  readonly path: (typeof PATHS)[number];
  readonly #socket: TLSSocket;
  #waits = false;
  onReply: (served: boolean) => void = () => {};

  private constructor(socket: TLSSocket, path: (typeof PATHS)[number]) {
    this.#socket = socket;
    this.path = path;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      // A short reply comes in one piece.
      const status = bytes.toString('latin1', 9, 12);
      if (status !== '200' && status !== '503') return;
      this.#waits = false;
      this.onReply(status === '200');
    });
  }

  /** Asks once: a connection over which nothing was asked is not kept for long. */
  static async open(scene: Scene, path: (typeof PATHS)[number]): Promise<Caller> {
    const { https: port, ca } = scene.gateway;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca }, resolve);
    socket.once('error', reject);
    await promise;
    const caller = new Caller(socket, path);
    await new Promise<void>((answered) => {
      caller.onReply = () => answered();
      caller.ask();
    });
    return caller;
  }

  /** Asks, unless the last request has no reply yet. */
  ask(): void {
    if (this.#waits) return;
    this.#waits = true;
    this.#socket.write(`GET ${this.path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function openAll(t: TestContext, scene: Scene): Promise<readonly Caller[]> {
  const callers: Caller[] = [];
  t.after(() => callers.forEach((caller) => caller.close()));
  for (let count = 0; count < CLIENTS; count += OPENING) {
    const some = Array.from({ length: OPENING }, (_, at) =>
      Caller.open(scene, PATHS[at % 3] as (typeof PATHS)[number]),
    );
    callers.push(...(await Promise.all(some)));
  }
  return callers;
}

/** So many are served a second where a few ask as fast as they are answered. */
async function bestPerSecond(callers: readonly Caller[]): Promise<number> {
  let served = 0;
  for (const caller of callers) {
    caller.onReply = () => {
      served++;
      caller.ask();
    };
    caller.ask();
  }
  const since = performance.now();
  await delay(MEASURE_MS);
  const perSecond = (served / (performance.now() - since)) * 1_000;
  for (const caller of callers) caller.onReply = () => {};
  await delay(500);
  return perSecond;
}

/** All ask at this pace together, each again only when it was answered; what became of it once that has settled. */
async function askAll(callers: readonly Caller[], perSecond: number): Promise<Record<string, Outcome>> {
  const outcomes: Record<string, Outcome> = {};
  for (const path of PATHS) outcomes[path] = { served: 0, refused: 0 };
  const startedAt = performance.now();
  for (const caller of callers) {
    const outcome = outcomes[caller.path] as Outcome;
    caller.onReply = (served) => {
      if (performance.now() - startedAt < SETTLE_MS) return;
      if (served) outcome.served++;
      else outcome.refused++;
    };
  }
  let asked = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) / 1_000) * perSecond;
    for (; asked < due; asked++) callers[asked % callers.length]?.ask();
  }, TICK_MS);
  await delay(SETTLE_MS + MEASURE_MS);
  clearInterval(timer);
  return outcomes;
}

test('before an upstream that is asked for three times what it can do, most of that is done: high before normal before low', async (t) => {
  const api = `    operations: { GET /low: { priority: low }, GET /high: { priority: high } }\n`;
  const scene = await Scene.start('threads: 1, connectionsPerAddress: 10000', { api, work: WORK });
  t.after(() => scene.stop());
  const callers = await openAll(t, scene);
  const best = await bestPerSecond(callers.slice(0, 60));
  let answered = 0;
  const admin = setInterval(() => {
    const { admin: port, ca } = scene.gateway;
    // An answer that is missed is not counted.
    ask({ port, ca, path: '/readyz' }).then(
      ({ status }) => (answered += Number(status === 200)),
      () => {},
    );
  }, 200);
  t.after(() => clearInterval(admin));
  const outcomes = await askAll(callers, 3 * best);
  clearInterval(admin);
  const [low, normal, high] = PATHS.map((path) => outcomes[path] as Outcome) as [Outcome, Outcome, Outcome];
  const served = ((low.served + normal.served + high.served) / MEASURE_MS) * 1_000;
  const told = `${best.toFixed(0)} a second at best, ${served.toFixed(0)} of ${(3 * best).toFixed(0)}; ${JSON.stringify(outcomes)}`;
  t.diagnostic(told);
  assert.ok(served >= 0.8 * best, told);
  const share = ({ served: done, refused }: Outcome): number => done / (done + refused);
  assert.ok(share(high) > share(normal) && share(normal) > share(low), told);
  assert.ok(answered > 20, `the admin port answered ${answered} times`);
  assert.ok((await scene.count('portcullis_shed_requests_total{api="all",priority="low"}')) > 0);
});
