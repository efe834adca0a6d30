import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { stopChild } from '../framing/stop-child.ts';
import { ATTACKS } from './abuse/attacks.ts';
import { measureOverload } from './abuse/overload.ts';
import { GoodClient } from './abuse/good-client.ts';
import { findProgram, pinnedTo, placement } from './child.ts';
import { machine as describeMachine } from './machine.ts';
import { useOfTree } from './process-tree.ts';
import { rounded } from './race.ts';
import { printTable } from './table.ts';
import { startUpstream } from './upstream.ts';

const ATTACK_MS = 10_000;
const SETTLE_MS = 2_000;
const SAMPLE_MS = 250;
const STOP_MS = 2_000;

/** slowhttptest's four modes: heads, bodies, reads, and ranges. */
const SLOW: Readonly<Record<string, readonly string[]>> = {
  slowloris: ['-H', '-i', '2'],
  'slow-post': ['-B', '-i', '2', '-s', '8192'],
  'slow-read': ['-X', '-w', '10', '-y', '20', '-n', '5', '-z', '32'],
  range: ['-R', '-a', '10', '-b', '3000'],
};

/** What an attack did. */
interface Outcome {
  readonly attack: string;
  readonly goodClientOkPct: number;
  readonly worstMs: number;
  readonly rssDeltaMb: number;
  readonly cpuPct: number;
}

const DESCRIPTION = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'abused', version: '1' },
  paths: {
    '/notes': {
      post: {
        requestBody: {
          content: { 'application/json': { schema: { type: 'object', properties: { note: { type: 'string' } } } } },
        },
        responses: { 200: { description: 'taken' } },
      },
    },
  },
});

const configuration = (upstreamPort: number): string => `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  notes: { openapi: ./abused.json, upstream: 'http://127.0.0.1:${upstreamPort}', auth: public }
  rest:
    routes: ['GET /chat', 'GET /good', 'GET /', 'POST /upload']
    upstream: 'http://127.0.0.1:${upstreamPort}'
    auth: public
    operations: { 'GET /chat': { websocket: { origins: any } } }
`;

/**
 * Attacks the gateway in all ways, ten seconds each, from one address, while a good client of another asks ten times a
 * second: how many of its requests were served, and by how much the gateway's memory grew at most.
 */
export async function benchAbuse(): Promise<Record<string, unknown>> {
  if (process.platform !== 'linux') throw new Error('this bench reads memory from /proc and needs Linux');
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  const upstream = await startUpstream(folder);
  const text = configuration(upstream.port);
  console.log(`${text}\n${placement()}\n`);
  const gateway = await startGateway(text, { before: pinnedTo('contestant'), beside: { 'abused.json': DESCRIPTION } });
  try {
    const outcomes: Outcome[] = [];
    for (const attack of [...Object.keys(SLOW), ...Object.keys(ATTACKS)]) {
      const command = commandFor(attack, gateway);
      if (command === null) console.log(`without ${attack}: slowhttptest is not installed (Debian package)`);
      else outcomes.push(await measure(attack, command, gateway));
    }
    printTable(
      ['attack', 'good client served %', 'worst ms', 'RSS + MB', 'CPU %'],
      outcomes.map((outcome) => [
        outcome.attack,
        outcome.goodClientOkPct.toFixed(1),
        outcome.worstMs.toFixed(0),
        outcome.rssDeltaMb.toFixed(1),
        outcome.cpuPct.toFixed(0),
      ]),
    );
    const attacks = outcomes.map(({ attack, goodClientOkPct, rssDeltaMb }) => [
      attack,
      { good_client_ok_pct: rounded(goodClientOkPct), rss_delta_mb: rounded(rssDeltaMb) },
    ]);
    const overload = await measureOverload();
    const served = Object.entries(overload.servedPct).map(([name, pct]) => `${name} ${pct.toFixed(0)} %`);
    console.log(
      `\noverload-3x: ${overload.goodputPct.toFixed(1)} % of the best is served in time (${served.join(', ')}); admin p99 ${overload.adminP99Ms.toFixed(0)} ms`,
    );
    return {
      machine: describeMachine(),
      ...(Object.fromEntries(attacks) as Record<string, unknown>),
      'overload-3x': {
        goodput_pct: rounded(overload.goodputPct),
        served_pct: overload.servedPct,
        admin_p99_ms: rounded(overload.adminP99Ms),
      },
    };
  } finally {
    await gateway.stop();
    await upstream.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function commandFor(attack: string, { https }: GatewayProcess): readonly string[] | null {
  const slow = SLOW[attack];
  if (slow === undefined)
    return [process.execPath, join(import.meta.dirname, 'abuse', 'attacker.ts'), attack, String(https)];
  if (findProgram('slowhttptest') === null) return null;
  const path = attack === 'slow-post' ? '/upload' : '/';
  const numbers = ['-c', '1000', '-r', '200', '-l', '60', '-p', '3'];
  return ['slowhttptest', ...slow, ...numbers, '-u', `https://127.0.0.1:${https}${path}`];
}

async function measure(attack: string, command: readonly string[], gateway: GatewayProcess): Promise<Outcome> {
  await delay(SETTLE_MS);
  const good = new GoodClient({ port: gateway.https, ca: gateway.ca });
  const before = useOfTree(gateway.pid);
  const [program = '', ...args] = [...pinnedTo('load'), ...command];
  const attacker = spawn(program, args, { stdio: 'ignore' });
  let mostBytes = before.rssBytes;
  const sampler = setInterval(() => (mostBytes = Math.max(mostBytes, useOfTree(gateway.pid).rssBytes)), SAMPLE_MS);
  await delay(ATTACK_MS);
  clearInterval(sampler);
  const { cpuMicroseconds } = useOfTree(gateway.pid);
  const ended = attacker.exitCode;
  await stopChild(attacker, STOP_MS);
  const { sent, served, worstMs } = await good.stop();
  if (ended !== null && ended !== 0) throw new Error(`${attack} ended by itself, with ${ended}`);
  return {
    attack,
    goodClientOkPct: (served / sent) * 100,
    worstMs,
    rssDeltaMb: (mostBytes - before.rssBytes) / 2 ** 20,
    cpuPct: ((cpuMicroseconds - before.cpuMicroseconds) / (ATTACK_MS * 1_000)) * 100,
  };
}
