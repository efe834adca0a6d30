/**
 * What a request costs inside the process: the real data plane and codecs over sockets that take bytes and give none to
 * the system. Prints user CPU time per request and heap bytes per request. `node bin/run.js tests/bench/inner-path.ts`
 */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import {
  createMemoryTables,
  createSharedMeter,
  createSystemClock,
  createSystemRandom,
  createUnrecordedLedger,
} from '../../src/adapters/index.ts';
import { createPseudonyms } from '../../src/audit/index.ts';
import { createIdSource } from '../../src/base/index.ts';
import { type Gathered, parseConfig } from '../../src/config/index.ts';
import {
  compile,
  createGateway,
  createGatewayMetrics,
  createTraceIds,
  wholeCacheShare,
} from '../../src/gateway/index.ts';
import { listKinds } from '../../src/main/kinds.ts';
import { Http1Connection } from '../../src/wire/http1-connection.ts';
import { SERVER_BOUNDS } from '../../src/wire/index.ts';
import { READ_BUFFER } from '../../src/wire/lent-reads.ts';
import { UpstreamPool } from '../../src/wire/upstream-pool.ts';
import { fillTables } from '../system/filled-tables.ts';
import { countingKinds } from '../system/counting-kinds.ts';
import { valueOf } from '../system/value-of.ts';

const CONFIGURATION = `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 } }
admin: { port: 0 }
audit: off
apis:
  bench: { routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:9', auth: public }
`;
const REQUEST = Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n');
const BODY = JSON.stringify({ id: 7, filler: 'x'.repeat(190) });
const REPLY = Buffer.from(
  `HTTP/1.1 200 OK\r\nServer: nginx/1.26.3\r\nDate: Sun, 22 Nov 2026 05:00:00 GMT\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${BODY.length}\r\nConnection: keep-alive\r\n\r\n${BODY}`,
);
const CONNECTIONS = 32;
const ROUND_REQUESTS = 40_000;
const ROUNDS = 12;

/** Takes what is written, as a system would: the bytes are made, and nothing is sent. */
class SinkSocket extends EventEmitter {
  readonly taken = Buffer.alloc(65_536);
  readonly writableNeedDrain = false;
  readonly writableLength = 0;
  readonly destroyed = false;
  readonly connecting = false;
  readonly readableLength = 0;
  readonly _handle = { useUserBuffer() {}, writeLatin1String: (_request: null, text: string) => this.#take(text) };
  bytesWritten = 0;
  writes = 0;
  /** Where its reads go; an accepted one keeps that where Node does. */
  #reads: ((count: number) => boolean) | null;

  constructor(reads: ((count: number) => boolean) | null) {
    super();
    this.#reads = reads;
  }

  /** Bytes come, in the buffer that all are read into. */
  receive(bytes: Buffer): void {
    const own = this as unknown as Record<symbol, (count: number) => boolean>;
    this.#reads ??= own[Object.getOwnPropertySymbols(own).find((name) => typeof own[name] === 'function') as symbol]!;
    this.#reads(bytes.copy(READ_BUFFER));
  }

  write(data: string | Buffer): boolean {
    return this.#take(data) === 0;
  }

  #take(data: string | Buffer): 0 {
    this.writes++;
    const length = typeof data === 'string' ? this.taken.write(data, 0, 'latin1') : data.copy(this.taken);
    this.bytesWritten += length;
    return 0;
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
  destroy(): void {}

  /** The socket as the code under measurement sees it. */
  get socket(): Socket {
    return this as unknown as Socket;
  }
}

function buildClients() {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const log = { write() {} };
  const kinds = countingKinds({ clock });
  const parsed = valueOf(parseConfig(CONFIGURATION, { file: '/bench.yaml', kinds: listKinds(kinds) }));
  const nothing = { descriptions: {}, documents: {}, documentFiles: {}, files: {}, secrets: {}, warnings: [] };
  const gathered = { revision: 1, hash: 'a'.repeat(64), ...parsed, ...nothing } as Gathered;
  const tables = createMemoryTables({ log });
  const snapshot = valueOf(compile(gathered, { kinds, tables }));
  fillTables(snapshot, tables, clock.now());
  const upstreams: SinkSocket[] = [];
  const bounds = { connectMs: 1e6, responseMs: 1e6, idleMs: 1e6 };
  const pool = new UpstreamPool(
    { scheme: 'http', host: '127.0.0.1', port: 9, ca: null, bounds },
    () => clock.monotonic(),
    { connections: 1_024, waiting: 1_024 },
    ({ onread }) => {
      const sink = new SinkSocket((count) => onread?.callback(count, READ_BUFFER) ?? false);
      upstreams.push(sink);
      return sink.socket;
    },
  );
  const gateway = createGateway(
    {
      clock,
      log,
      alerts() {},
      ledger: createUnrecordedLedger(),
      nextId: createIdSource(
        (bytes) => random.fill(bytes),
        () => clock.now(),
      ),
      traces: createTraceIds((bytes) => random.fill(bytes)),
      chance: () => 0.5,
      cspReports() {},
      cacheShare: wholeCacheShare(),
      pseudonym: createPseudonyms(Buffer.alloc(32, 1)),
      metrics: createGatewayMetrics(createSharedMeter({ announce() {} })),
    },
    1e8,
    {
      forApis: (apis) => apis.map(() => pool),
      retain() {},
      sweep() {},
      close() {},
      tableReplaced() {},
      report: () => [],
    },
  );
  gateway.install(snapshot);
  const clients = Array.from({ length: CONNECTIONS }, () => {
    const sink = new SinkSocket(null);
    new Http1Connection(sink.socket, {
      peer: { address: '127.0.0.1', port: 1, tls: null, via: [] },
      handler: gateway,
      bounds: { ...SERVER_BOUNDS, requestsPerConnection: Number.MAX_SAFE_INTEGER },
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) => clock.after(delayMs, callback),
      reset() {},
      closed() {},
    });
    return sink;
  });
  return { clients, upstreams };
}

/** Every client asks, every upstream connection answers: as a loaded thread sees it. */
function runRound(clients: readonly SinkSocket[], upstreams: readonly SinkSocket[]): void {
  for (let done = 0; done < ROUND_REQUESTS; done += clients.length) {
    for (const client of clients) client.receive(REQUEST);
    for (const upstream of upstreams) upstream.receive(REPLY);
  }
}

function measure(): void {
  const { clients, upstreams } = buildClients();
  for (const client of clients) client.receive(REQUEST);
  for (const upstream of upstreams) upstream.emit('connect');
  for (const upstream of upstreams) upstream.receive(REPLY);
  const microseconds: number[] = [];
  const bytes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const heap = getHeapStatistics().total_allocated_bytes;
    const before = process.threadCpuUsage();
    runRound(clients, upstreams);
    const used = process.threadCpuUsage(before);
    microseconds.push(used.user / ROUND_REQUESTS);
    bytes.push((getHeapStatistics().total_allocated_bytes - heap) / ROUND_REQUESTS);
  }
  const replies = clients.reduce((sum, { writes }) => sum + writes, 0);
  const last = clients[0]?.taken.toString('latin1', 0, 900).split('\0')[0];
  if (process.env['SHOW'] !== undefined)
    process.stdout.write(`${upstreams[0]?.taken.toString('latin1', 0, 600).split('\0')[0]}\n---\n${last}\n---\n`);
  const sorted = microseconds.toSorted((one, other) => one - other);
  const best = (sorted[0] as number).toFixed(2);
  const median = (sorted[sorted.length >> 1] as number).toFixed(2);
  process.stdout.write(`${replies} replies; user µs per request: best ${best}, median ${median}; `);
  process.stdout.write(`heap bytes per request: ${Math.round(bytes.at(-1) as number)}\n`);
}

measure();
