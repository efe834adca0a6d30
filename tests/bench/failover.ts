import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from '../system/admin.ts';
import { CLIENTS_PATH, FaultyOrigin, type OriginState } from './faulty-origin.ts';
import { rounded } from './race.ts';
import { printTable } from './table.ts';

/** What one fault of one of three targets costs the clients. */
export interface Failover {
  /** Of what was asked while it was at fault, in percent. */
  readonly failed_pct: number;
  /**
   * From the fault to the last request before it first got none for a second; null where it always got some, or never. Of
   * a target that died and sees none, to when the gateway's metrics tell that it is left out.
   */
  readonly eject_ms: number | null;
  /** How many requests of clients it saw while it was at fault; null where it is dead. */
  readonly asked: number | null;
  /** From when it is well again to the first request that it answers; null where that takes longer than is waited. */
  readonly return_ms: number | null;
}

/** The faults by their keys; `checked` ones with checks of the targets. */
const FAULTS: readonly (readonly [key: string, fault: OriginState, checked: boolean])[] = [
  ['dies', 'dies', false],
  ['hangs', 'hangs', false],
  ['503', '503', false],
  ['resets', 'resets', false],
  ['dies_checked', 'dies', true],
  ['hangs_checked', 'hangs', true],
];
const REQUESTS_PER_SECOND = 200;
const WELL_MS = 2_000;
const SILENCE_MS = 1_000;
const FAULT_MS = 10_000;
const RETURN_LIMIT_MS = 60_000;
const POLL_MS = 25;
const HEADERS = { host: 'localhost' };

/** GETs at a steady rate, whatever becomes of them. */
class SteadyLoad {
  readonly #agent: Agent;
  readonly #port: number;
  readonly #timer: NodeJS.Timeout;
  asked = 0;
  failed = 0;
  #open = 0;

  constructor({ https, ca }: GatewayProcess) {
    this.#port = https;
    this.#agent = new Agent({ keepAlive: true, ca, servername: 'localhost' });
    this.#timer = setInterval(() => this.#ask(), 1_000 / REQUESTS_PER_SECOND);
  }

  /** How much is asked in so long, and how much fails in it. */
  async during(ms: number): Promise<{ readonly asked: number; readonly failed: number }> {
    const before = { asked: this.asked, failed: this.failed };
    await delay(ms);
    return { asked: this.asked - before.asked, failed: this.failed - before.failed };
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#open > 0) await delay(POLL_MS);
    this.#agent.destroy();
  }

  #ask(): void {
    this.asked += 1;
    this.#open += 1;
    let over = false;
    const done = (ok: boolean): void => {
      if (over) return;
      over = true;
      this.#open -= 1;
      if (!ok) this.failed += 1;
    };
    const options = { agent: this.#agent, host: '127.0.0.1', port: this.#port, path: CLIENTS_PATH, headers: HEADERS };
    const asking = request(options, (reply) => {
      reply.resume();
      reply.on('error', () => done(false));
      reply.on('close', () => done(reply.complete && reply.statusCode === 200));
    });
    asking.on('error', () => done(false));
    asking.end();
  }
}

/**
 * What clients see while one of three targets fails in each way, with the gateway's defaults and one retry, and what that
 * target sees; in two of the ways also with a check of each target every second. Prints a table.
 */
export async function measureFailover(): Promise<Readonly<Record<string, Failover>>> {
  const found: Record<string, Failover> = {};
  for (const [key, fault, checked] of FAULTS) found[key] = await measureFault(fault, checked);
  printTable(
    ['one of three targets', 'failed %', 'gets nothing after ms', 'asked', 'is back after ms'],
    Object.entries(found).map(([key, { failed_pct, eject_ms, asked, return_ms }]) => [
      key,
      String(failed_pct),
      String(eject_ms ?? 'never'),
      String(asked ?? ''),
      String(return_ms ?? 'longer'),
    ]),
  );
  return found;
}

async function measureFault(fault: OriginState, checked: boolean): Promise<Failover> {
  const origins = await Promise.all([1, 2, 3].map(() => FaultyOrigin.start()));
  const gateway = await startGateway(configure(origins, checked));
  try {
    return await failOne(fault, origins[0] as FaultyOrigin, gateway);
  } finally {
    await gateway.stop();
    for (const origin of origins) origin.close();
  }
}

async function failOne(fault: OriginState, origin: FaultyOrigin, gateway: GatewayProcess): Promise<Failover> {
  const load = new SteadyLoad(gateway);
  try {
    await delay(WELL_MS);
    const before = { ejections: await ejections(gateway), asked: origin.asked };
    const faultMs = performance.now();
    await origin.become(fault);
    const [{ asked, failed }, ejectedMs] = await Promise.all([
      load.during(FAULT_MS),
      fault === 'dies'
        ? firstTime(async () => (await ejections(gateway)) > before.ejections, FAULT_MS)
        : lastBeforeSilence(origin, before.asked),
    ]);
    const seen = origin.asked - before.asked;
    await origin.become('well');
    const wellMs = performance.now();
    const backMs = await firstTime(() => Promise.resolve(origin.servedAtMs > wellMs), RETURN_LIMIT_MS);
    return {
      failed_pct: rounded((100 * failed) / asked),
      eject_ms: ejectedMs === null ? null : Math.round(ejectedMs - faultMs),
      asked: fault === 'dies' ? null : seen,
      return_ms: backMs === null ? null : Math.round(origin.servedAtMs - wellMs),
    };
  } finally {
    await load.end();
  }
}

/** When something first holds, by `performance.now`; null where it does not within so long. */
async function firstTime(holds: () => Promise<boolean>, limitMs: number): Promise<number | null> {
  const end = performance.now() + limitMs;
  while (performance.now() < end) {
    if (await holds()) return performance.now();
    await delay(POLL_MS);
  }
  return null;
}

/**
 * When an origin was last asked before it was not asked for a second, of what it was asked beyond the first `asked`; null
 * where it was asked all the time, or never.
 */
async function lastBeforeSilence(origin: FaultyOrigin, asked: number): Promise<number | null> {
  const isSilent = (): boolean => origin.asked > asked && performance.now() - origin.askedAtMs >= SILENCE_MS;
  const silentMs = await firstTime(() => Promise.resolve(isSilent()), FAULT_MS);
  return silentMs === null ? null : origin.askedAtMs;
}

/** How often a target was left out until now. */
async function ejections(gateway: GatewayProcess): Promise<number> {
  const { body } = await askAdmin(gateway, '/metrics');
  const values = [...body.matchAll(/^portcullis_upstream_ejections_total\S* (\d+)$/gm)];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

function configure(origins: readonly FaultyOrigin[], checked: boolean): string {
  const targets = origins.map(({ port }) => `http://127.0.0.1:${port}`).join(', ');
  const health = checked ? ', health: { path: /, every: 1s }' : '';
  return `version: 1
server: { host: 127.0.0.1, connectionsPerAddress: 10000, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
audit: off
apis:
  bench:
    routes: ['* /{rest...}']
    auth: public
    upstream: { targets: [${targets}], timeout: 1s${health} }
`;
}
