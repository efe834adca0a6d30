import { randomFillSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createDiskFiles,
  createHostSecrets,
  createLineLog,
  createMemoryLedger,
  createMemoryTables,
  createOutboundEgress,
  createSharedMeter,
  createSystemClock,
  createSystemResolver,
  type MemoryLedger,
} from '../../src/adapters/index.ts';
import { createIdSource } from '../../src/base/index.ts';
import { gather, type Gathered, parseConfig } from '../../src/config/index.ts';
import {
  compile,
  createGateway,
  createGatewayMetrics,
  createTraceIds,
  type KindTable,
  type Snapshot,
  wholeCacheShare,
} from '../../src/gateway/index.ts';
import { createOfflineKinds, listKinds } from '../../src/main/kinds.ts';
import { listen, SERVER_BOUNDS } from '../../src/wire/index.ts';
import { fillTables, type GivenRows } from './filled-tables.ts';
import { valueOf } from './value-of.ts';

const clock = createSystemClock();
const log = createLineLog({ write() {}, clock, format: 'json', level: 'error' });

/** Reads a configuration and the files beside it, given by name. */
export async function gatherText(text: string, beside: Readonly<Record<string, string>>): Promise<Gathered> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-inner-'));
  try {
    const file = join(folder, 'portcullis.yaml');
    for (const [name, content] of Object.entries(beside)) await writeFile(join(folder, name), content);
    const files = createDiskFiles({ clock });
    const io = {
      files,
      secrets: createHostSecrets({ environment: {}, files, log }),
      egress: createOutboundEgress({ resolver: createSystemResolver({ clock }), clock }),
    };
    const parsed = valueOf(parseConfig(text, { file, kinds: listKinds(createOfflineKinds()) }));
    return valueOf(await gather(parsed, { ...io, revision: 1 }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The data plane in this process, behind a listener without TLS. */
export interface InnerGateway {
  readonly port: number;
  readonly snapshot: Snapshot;
  readonly ledger: MemoryLedger;
  stop(): Promise<void>;
}

/** Starts it with these kinds of policy, which a test may have tampered with, and these rows of live tables. */
export async function startInner(gathered: Gathered, kinds: KindTable, rows: GivenRows = {}): Promise<InnerGateway> {
  const tables = createMemoryTables({ log });
  const snapshot = valueOf(compile(gathered, { kinds, tables }));
  fillTables(snapshot, tables, clock.now(), rows);
  const ledger = createMemoryLedger();
  const random = (bytes: Uint8Array): void => {
    randomFillSync(bytes);
  };
  const gateway = createGateway({
    clock,
    log,
    alerts() {},
    ledger,
    nextId: createIdSource(random, () => clock.now()),
    traces: createTraceIds(random),
    chance: () => 0.5,
    cspReports() {},
    cacheShare: wholeCacheShare(),
    pseudonym: ({ subject }) => `pseudonym of ${subject}`,
    metrics: createGatewayMetrics(createSharedMeter({ announce() {} })),
  });
  gateway.install(snapshot);
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    maxConnections: 100,
    handler: gateway,
    bounds: SERVER_BOUNDS,
    clock,
    context: null,
    http2: null,
    turnedAway() {},
  });
  if ('code' in listener) throw new Error(`port ${listener.port}: ${listener.code}`);
  const stop = async (): Promise<void> => {
    await listener.drain(0);
    gateway.close();
  };
  return { port: listener.port, snapshot, ledger, stop };
}

/** One request to such a gateway. */
export interface PlainAsk {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A reply of it, names of fields in lower case. */
export interface PlainReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks over a connection of its own. */
export function askPlainly(port: number, { body, ...options }: PlainAsk): Promise<PlainReply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, agent: false, ...options }, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (piece: string) => (text += piece));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: text }));
      reply.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
