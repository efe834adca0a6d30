/**
 * The gateway's data plane behind a plain listener, for the rows that compare without TLS: the same rooms, the same
 * Snapshot and the same codec as the product, which itself never serves an API over plain http.
 * Arguments: a configuration file and a port. Prints one line of JSON when it is ready.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createDiskFiles,
  createHostSecrets,
  createLineLog,
  createMemoryTables,
  createOutboundEgress,
  createSharedMeter,
  createSystemClock,
  createSystemRandom,
  createSystemResolver,
  createUnrecordedLedger,
} from '../../src/adapters/index.ts';
import { createLedgerClient, createPseudonyms, type FromWriter, type ToWriter } from '../../src/audit/index.ts';
import { createIdSource } from '../../src/base/index.ts';
import { type Config, gather, parseConfig } from '../../src/config/index.ts';
import {
  compile,
  createGateway,
  createGatewayMetrics,
  createTraceIds,
  wholeCacheShare,
} from '../../src/gateway/index.ts';
import type { HostPorts } from '../../src/main/host-ports.ts';
import { listKinds } from '../../src/main/kinds.ts';
import { ledgerChannel } from '../../src/main/ledger-channel.ts';
import { startLedger } from '../../src/main/ledger-host.ts';
import { createChance } from '../../src/main/thread-load.ts';
import type { Alert } from '../../src/ports/index.ts';
import { listen, SERVER_BOUNDS } from '../../src/wire/index.ts';
import { fillTables } from '../system/filled-tables.ts';
import { countingKinds } from '../system/counting-kinds.ts';
import { valueOf } from '../system/value-of.ts';

async function run(file: string, port: number): Promise<void> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const log = createLineLog({ write: (line) => process.stderr.write(line), clock, format: 'text', level: 'warn' });
  const files = createDiskFiles({ clock });
  const resolver = createSystemResolver({ clock });
  const io = {
    files,
    secrets: createHostSecrets({ environment: {}, files, log }),
    egress: createOutboundEgress({ resolver, clock }),
  };
  const kinds = countingKinds({ clock, log });
  const parsed = valueOf(parseConfig(await readFile(file), { file, kinds: listKinds(kinds) }));
  const gathered = valueOf(await gather(parsed, { ...io, revision: 1 }));
  const tables = createMemoryTables({ log });
  const snapshot = valueOf(compile(gathered, { kinds, tables }));
  fillTables(snapshot, tables, clock.now());
  const ledger = await openLedger(gathered.config, { clock, log });
  const gateway = createGateway({
    clock,
    log,
    alerts: (alert) => log.write('error', alert.kind, alert.message),
    ledger,
    nextId: createIdSource(
      (bytes) => random.fill(bytes),
      () => clock.now(),
    ),
    traces: createTraceIds((bytes) => random.fill(bytes)),
    chance: createChance((bytes) => random.fill(bytes)),
    cspReports() {},
    cacheShare: wholeCacheShare(),
    pseudonym: createPseudonyms(Buffer.alloc(32, 1)),
    metrics: createGatewayMetrics(createSharedMeter({ announce() {} })),
  });
  gateway.install(snapshot);
  const listener = await listen({
    host: '127.0.0.1',
    port,
    reusePort: false,
    maxConnections: 10_000,
    handler: gateway,
    bounds: SERVER_BOUNDS,
    clock,
    context: null,
    http2: null,
    turnedAway() {},
  });
  if ('code' in listener) throw new Error(`port ${listener.port}: ${listener.code}`);
  process.stdout.write(`${JSON.stringify({ event: 'ready', http: listener.port })}\n`);
}

/** The product's own writer in its thread, or what `audit: off` has in its place. */
async function openLedger({ audit, dataFolder }: Config, { clock, log }: Pick<HostPorts, 'clock' | 'log'>) {
  if (audit === 'off') return createUnrecordedLedger();
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const folder = join(dataFolder, 'ledger');
  const alerts = { raise: (alert: Alert) => log.write('error', alert.kind, alert.message), list: async () => [] };
  const lost = (reason: string): void => {
    throw new Error(reason);
  };
  const host = await startLedger({ folder, clock, log, alerts, lost });
  if (!host.ok) throw new Error(host.error);
  const { port, ring } = host.value.connect();
  const client = createLedgerClient({ channel: ledgerChannel<ToWriter, FromWriter>(port), ring });
  await client.ready();
  return client;
}

await run(process.argv[2] ?? '', Number(process.argv[3] ?? 0));
