/**
 * The gateway's data plane behind a plain listener, for the rows that compare without TLS: the same rooms, the same
 * Snapshot and the same codec as the product, which itself never serves an API over plain http.
 * Arguments: a configuration file and a port. Prints one line of JSON when it is ready.
 */
import { readFile } from 'node:fs/promises';
import {
  createDiskFiles,
  createHostSecrets,
  createLineLog,
  createMemoryLedger,
  createMemoryTables,
  createOutboundEgress,
  createSharedMeter,
  createSystemClock,
  createSystemRandom,
  createSystemResolver,
} from '../../src/adapters/index.ts';
import { createIdSource, formatIssue, type Issue, type Result } from '../../src/base/index.ts';
import { gather, parseConfig } from '../../src/config/index.ts';
import { compile, createGateway, createGatewayMetrics } from '../../src/gateway/index.ts';
import { listen, SERVER_BOUNDS } from '../../src/wire/index.ts';

function valueOf<T>(result: Result<T, readonly Issue[]>): T {
  if (result.ok) return result.value;
  throw new Error(result.error.map(formatIssue).join('\n'));
}

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
  const parsed = valueOf(parseConfig(await readFile(file), { file, kinds: [] }));
  const gathered = valueOf(await gather(parsed, { ...io, revision: 1 }));
  const snapshot = valueOf(compile(gathered, { kinds: new Map(), tables: createMemoryTables({ log }) }));
  const gateway = createGateway({
    clock,
    log,
    alerts: (alert) => log.write('error', alert.kind, alert.message),
    ledger: createMemoryLedger(),
    nextId: createIdSource(
      (bytes) => random.fill(bytes),
      () => clock.now(),
    ),
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
    turnedAway() {},
  });
  if ('code' in listener) throw new Error(`port ${listener.port}: ${listener.code}`);
  process.stdout.write(`${JSON.stringify({ event: 'ready', http: listener.port })}\n`);
}

await run(process.argv[2] ?? '', Number(process.argv[3] ?? 0));
