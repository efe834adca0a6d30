import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMemoryTables, createSystemClock } from '../adapters/index.ts';
import { type Gathered, parseConfig } from '../config/index.ts';
import { UPSTREAM_HEALTH, type UpstreamHealthRow } from '../gateway/index.ts';
import type { Clock, FoundTarget } from '../ports/index.ts';
import { UpstreamChecks } from './upstream-checks.ts';

const GIVE_UP_MS = 60_000;

async function until(what: string, happened: () => boolean): Promise<void> {
  const giveUpAtMs = performance.now() + GIVE_UP_MS;
  while (!happened()) {
    assert.ok(performance.now() < giveUpAtMs, what);
    await sleep(5);
  }
}

function gatheredOf(...apis: readonly string[]): Gathered {
  const text = `version: 1\napis:\n${apis.map((api) => `  ${api}\n`).join('')}`;
  const parsed = parseConfig(text, { file: '/etc/p.yaml', kinds: [] });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return { config: parsed.value.config, files: {}, secrets: {} } as unknown as Gathered;
}

function apiOf(name: string, targets: readonly string[], health: string, more = ''): string {
  const urls = targets.map((target) => `'http://${target}'`).join(', ');
  return `${name}: { routes: ['GET /x'], auth: public, upstream: { targets: [${urls}], health: ${health}${more} } }`;
}

interface Starting {
  readonly found?: () => readonly FoundTarget[];
  readonly clock?: Clock;
  /** Hears of each line of the log while it is written. */
  readonly heard?: (event: string) => void;
  /** What is drawn by chance, from 0 to 1. */
  readonly chance?: number;
}

/** Checks that are really made, and the table that they fill. */
function start(
  t: TestContext,
  { found = () => [], clock = createSystemClock(), heard = () => {}, chance = 0.5 }: Starting = {},
) {
  const lines: string[] = [];
  const log = {
    write: (_: string, event: string) => {
      lines.push(event);
      heard(event);
    },
  };
  const tables = createMemoryTables({ log });
  const checks = new UpstreamChecks({ clock, log, chance: () => chance, tables, found });
  t.after(() => checks.close());
  const down = (): readonly string[] =>
    [...tables.read<UpstreamHealthRow>(UPSTREAM_HEALTH.name).rows.keys()].toSorted();
  return { checks, tables, lines, down };
}

interface Answering {
  readonly port: number;
  readonly hosts: string[];
  most: number;
  status: number;
}

/** A server that answers after a moment, and knows how many it was asked at once. */
async function answering(t: TestContext, status = 200, address = '127.0.0.1'): Promise<Answering> {
  const sockets = new Set<Socket>();
  let now = 0;
  const server = createServer((request: IncomingMessage, reply) => {
    told.hosts.push(request.headers.host ?? '');
    told.most = Math.max(told.most, ++now);
    setTimeout(() => {
      now--;
      reply.writeHead(told.status).end();
    }, 5);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, address);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const told: Answering = { port: (server.address() as AddressInfo).port, hosts: [], most: 0, status };
  return told;
}

test('a thousand targets are all checked, no more than 64 at once, and what fails stands in the table', async (t) => {
  const bad = await answering(t, 500, '0.0.0.0');
  const { checks, down, lines } = start(t);
  // One server by a thousand addresses; elsewhere than on Linux this machine has but one of them.
  const count = process.platform === 'linux' ? 1_000 : 1;
  const asked = Array.from({ length: count }, (_, at) => `127.1.${at >> 8}.${at & 0xff}:${bad.port}`);
  checks.follow(gatheredOf(apiOf('a', asked, '{ path: /live, every: 1h, timeout: 1m }')));
  await until('all are known to be down', () => down().length === asked.length);
  assert.ok(bad.most <= 64);
  assert.ok(lines.length <= 51, 'the log is not filled');
});

test('two APIs, and a canary, have rows of their own; what is gone from the configuration goes from the table', async (t) => {
  const bad = await answering(t, 500);
  const well = await answering(t);
  const { checks, down } = start(t);
  const [one, other] = [`127.0.0.1:${bad.port}`, `127.0.0.1:${well.port}`];
  const health = '{ path: /live, every: 100ms }';
  const canary = `, canary: { targets: ['http://${one}'], percent: 5 }`;
  checks.follow(gatheredOf(apiOf('a', [one, other], health), apiOf('b', [other], health, canary)));
  await until('both are there', () => down().length === 2);
  assert.deepEqual(down(), [`a ${one}`, `b canary ${one}`]);
  checks.follow(gatheredOf(apiOf('b', [other], health, canary)));
  await until('one is gone', () => down().length === 1);
  checks.follow(gatheredOf(apiOf('b', [one], '{ eject: off }')));
  await until('none is checked', () => down().length === 0);
});

test('targets that are found are checked as they come and go, by the name that requests have', async (t) => {
  const bad = await answering(t, 500);
  const well = await answering(t);
  let found: readonly FoundTarget[] = [];
  const { checks, down } = start(t, { found: () => found });
  const upstream = `{ discover: { dns: 'http://orders.internal' }, health: { path: /live, every: 100ms } }`;
  checks.follow(gatheredOf(`a: { routes: ['GET /x'], auth: public, upstream: ${upstream} }`));
  assert.deepEqual(down(), []);
  found = [bad, well].map(({ port }) => ({ host: '127.0.0.1', port, weight: 1 }));
  checks.refresh();
  await until('the bad one is known', () => down().length === 1);
  assert.deepEqual(down(), [`a 127.0.0.1:${bad.port}`]);
  assert.deepEqual([...new Set(bad.hosts)], ['orders.internal']);
  found = found.slice(1);
  checks.refresh();
  await until('it is gone', () => down().length === 0);
});

test('so many checks in a row as are said must fail until a target is down, and pass until it is up', async (t) => {
  const server = createServer((_, reply) => void reply.writeHead(++asked >= 2 && asked <= 6 ? 500 : 200).end());
  let asked = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const told: string[] = [];
  const { checks } = start(t, { heard: (event) => void told.push(`${event} ${asked}`) });
  const { port } = server.address() as AddressInfo;
  checks.follow(gatheredOf(apiOf('a', [`127.0.0.1:${port}`], '{ path: /live, every: 100ms, fall: 5, rise: 4 }')));
  await until('it has come and gone', () => told.length === 2);
  assert.deepEqual(told, ['upstream.check-failed 6', 'upstream.check-passed 10']);
});

test('a check has the time that is said, and so has the pause behind it, a tenth more or less', async (t) => {
  const well = await answering(t);
  const system = createSystemClock();
  for (const [chance, mostMs] of [
    [0, 3_240_000],
    [0.5, 3_600_000],
    [1, 3_960_000],
  ] as const) {
    const delays: number[] = [];
    const after: Clock['after'] = (delayMs, callback) => {
      delays.push(delayMs);
      return system.after(delayMs, callback);
    };
    const { checks } = start(t, { clock: { ...system, after }, chance });
    checks.follow(gatheredOf(apiOf('a', [`127.0.0.1:${well.port}`], '{ path: /live, every: 1h, timeout: 50s }')));
    await until('it has answered', () => delays.length === 2);
    const [timeoutMs, pauseMs = 0] = delays;
    assert.equal(timeoutMs, 50_000);
    assert.ok(pauseMs > mostMs - 100_000 && pauseMs <= mostMs, String(pauseMs));
  }
});

test('what was closed checks nothing any more', async (t) => {
  const well = await answering(t);
  const { checks } = start(t);
  checks.follow(gatheredOf(apiOf('a', [`127.0.0.1:${well.port}`], '{ path: /live, every: 100ms }')));
  await until('it was asked', () => well.hosts.length > 1);
  checks.close();
  checks.refresh();
  const asked = well.hosts.length;
  await sleep(500);
  assert.ok(well.hosts.length <= asked + 1);
});
