/**
 * What the ledger costs: processor time for each request, which has an intent and a completion, of the thread that
 * appends and of the writer's beside it, at a steady rate. Arguments: requests in a second (10,000) and seconds (3).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSystemClock } from '../../src/adapters/index.ts';
import { createLedgerClient, type FromWriter, type LedgerClient, type ToWriter } from '../../src/audit/index.ts';
import { type CompletionRecord, type IntentRecord, RECORD_VERSION } from '../../src/base/index.ts';
import { ledgerChannel } from '../../src/main/ledger-channel.ts';
import { startLedger } from '../../src/main/ledger-host.ts';

const PERIOD_MS = 5;
const AT = 1_795_311_908_471;
const IDS = Array.from({ length: 1_000 }, (_, n) => `019a1b2c-3d4e-7f00-8000-${String(n).padStart(12, '0')}`);

/** Callers that take turns: what a record says of its caller is seldom what the one before said. */
const SUBJECTS = Array.from({ length: 500 }, (_, n) => `q83vEjRWeJCrze8SN${String(n).padStart(5, '0')}`);

function intentOf(n: number, id: string): IntentRecord {
  return {
    version: RECORD_VERSION,
    kind: 'intent',
    id,
    at: AT + (n >> 4),
    revision: 12,
    api: 'orders',
    operation: 'orders/getOrder',
    method: 'GET',
    subject: SUBJECTS[n % SUBJECTS.length] ?? null,
    address: '127.0.0.1',
    verdict: 'pass',
    problem: null,
    policy: null,
    rule: null,
  };
}

function completionOf(n: number, id: string): CompletionRecord {
  return {
    version: RECORD_VERSION,
    kind: 'completion',
    id,
    at: AT + (n >> 4) + 1,
    status: 200,
    upstreamStatus: 200,
    problem: null,
    requestBytes: 0,
    responseBytes: 220,
    durationUs: 431 + (n % 100),
    upstreamUs: 320 + (n % 90),
    grpcStatus: null,
    originalHash: null,
    cleaned: null,
    receivedHash: null,
    policy: null,
    rule: null,
    complete: true,
  };
}

/** Appends what one request does; false where either was refused. */
function appendRequest(client: LedgerClient, n: number): boolean {
  const id = IDS[n % IDS.length] ?? '';
  const intent = client.append(intentOf(n, id));
  return client.append(completionOf(n, id)) && intent;
}

async function run(perSecond: number, seconds: number): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'inner-ledger-'));
  const started = await startLedger({
    folder: join(data, 'ledger'),
    clock: createSystemClock(),
    log: { write() {} },
    alerts: { raise() {}, list: async () => [] },
    lost: (reason) => process.stderr.write(`${reason}\n`),
  });
  if (!started.ok) throw new Error(started.error);
  const { port, ring } = started.value.connect();
  const client = createLedgerClient({ channel: ledgerChannel<ToWriter, FromWriter>(port), ring });
  await client.ready();
  const perPeriod = Math.round((perSecond * PERIOD_MS) / 1_000);
  let [requests, refused, appendingUs] = [0, 0, 0];
  const spend = async (forMs: number): Promise<void> => {
    const begin = performance.now();
    for (let period = 0; period * PERIOD_MS < forMs; period++) {
      const before = performance.now();
      for (let n = 0; n < perPeriod; n++) if (!appendRequest(client, requests++)) refused++;
      appendingUs += (performance.now() - before) * 1_000;
      await delay(Math.max(0, begin + (period + 1) * PERIOD_MS - performance.now()));
    }
  };
  await spend(1_000);
  [requests, refused, appendingUs] = [0, 0, 0];
  const [all, own] = [process.cpuUsage(), process.threadCpuUsage()];
  await spend(seconds * 1_000);
  await client.flush();
  const [allUsed, ownUsed] = [process.cpuUsage(all), process.threadCpuUsage(own)];
  const ownUs = ownUsed.user + ownUsed.system;
  const otherUs = allUsed.user + allUsed.system - ownUs;
  const each = (us: number): string => (us / requests).toFixed(2);
  const words = `append ${each(appendingUs)} µs, this thread ${each(ownUs)} µs, all others ${each(otherUs)} µs`;
  process.stdout.write(`${requests} requests, ${refused} refused; for each: ${words}\n`);
  await started.value.close();
  await rm(data, { recursive: true, force: true });
}

await run(Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 3));
process.exit(0);
