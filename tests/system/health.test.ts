import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askAdmin } from './admin.ts';
import { until } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const THREADS = 2;
const CHECK = 'path: /live, every: 100ms, timeout: 5s, rise: 2, fall: 2, slowStart: 0s';

/** A target whose health and replies can be set; it counts what it is asked. */
interface Target {
  readonly server: LocalServer;
  asked: number;
  checked: IncomingMessage[];
  live: (reply: ServerResponse) => void;
}

const targets: Target[] = [];
let gateway: GatewayProcess;

before(async () => {
  for (let place = 0; place < 3; place++) {
    const target: Omit<Target, 'server'> = { asked: 0, checked: [], live: (reply) => void reply.end('well') };
    const server = await startLocalServer((request, reply) => {
      if (request.url === '/live') {
        target.checked.push(request);
        target.live(reply);
        return;
      }
      target.asked++;
      reply.end(String(place));
    });
    targets.push(Object.assign(target, { server }));
  }
  gateway = await startGateway(configuration(urls(), CHECK));
});

after(async () => {
  await gateway?.stop();
  for (const { server } of targets) server.stop();
});

function urls(): readonly string[] {
  return targets.map(({ server }) => `'${server.url}'`);
}

function configuration(list: readonly string[], health: string, more = ''): string {
  return `version: 1
server: { threads: ${THREADS}, https: { port: 0, certificate: local }, http: off }
admin: { port: 0 }
data: ./data
apis:
  shop:
    routes: ['GET /x']
    upstream: { targets: [${list.join(', ')}], balance: round-robin, retries: 0, health: { ${health} }${more} }
    auth: public
`;
}

const admin = (path: string, method = 'GET'): Promise<Reply> => askAdmin(gateway, path, { method });

async function reload(text: string): Promise<void> {
  await writeFile(join(gateway.folder, 'portcullis.yaml'), text);
  const reply = await admin('/v1/reload', 'POST');
  assert.equal(reply.status, 200, reply.body);
}

async function get(): Promise<Reply> {
  return await ask({ port: gateway.https, ca: gateway.ca, path: '/x' });
}

interface TargetStatus {
  readonly target: string;
  readonly state: string;
  readonly reason: string;
  readonly asking: number;
}

async function statuses(): Promise<readonly TargetStatus[]> {
  return (JSON.parse((await admin('/v1/status')).body) as { targets: TargetStatus[] }).targets;
}

/** Waits until so many targets get requests from each thread. */
async function untilAsked(count: number): Promise<void> {
  await until(`${count} are asked`, async () => {
    return (await statuses()).filter(({ asking }) => asking === THREADS).length === count;
  });
}

function target(at: number): Target {
  const found = targets[at];
  assert.ok(found !== undefined);
  return found;
}

test('each target is asked for its path, by its name, without credentials, by one thread for all', async () => {
  await until('each was checked twice', () => targets.every(({ checked }) => checked.length >= 2));
  const [request] = target(0).checked;
  assert.equal(request?.method, 'GET');
  assert.equal(request?.headers.host, `127.0.0.1:${target(0).server.port}`);
  assert.deepEqual(Object.keys(request?.headers ?? {}).toSorted(), ['accept', 'host', 'user-agent']);
});

test('a target that answers 500 to its checks gets no request, fails none, and is back when it answers 200', async () => {
  target(0).live = (reply) => void reply.writeHead(500).end();
  await untilAsked(2);
  const [worst] = await statuses();
  assert.deepEqual([worst?.state, worst?.reason, worst?.asking], ['down', 'status 500', 0]);
  const before = target(0).asked;
  for (let asked = 0; asked < 30; asked++) assert.equal((await get()).status, 200);
  assert.equal(target(0).asked, before);
  const up = (await admin('/metrics')).body
    .split('\n')
    .filter((line) => line.startsWith('portcullis_upstream_target_up{'));
  assert.deepEqual(
    up.map((line) => Number(line.split(' ')[1])).toSorted((one, other) => one - other),
    [0, 1, 1],
  );
  target(0).live = (reply) => void reply.end('well');
  await untilAsked(3);
  await until('it is asked again', async () => (await get()).body === '0');
});

test('a redirect passes and is not followed; what is expected can be said', async () => {
  const paths = target(1).checked.length;
  target(1).live = (reply) => void reply.writeHead(302, { location: urls()[0]?.slice(1, -1) }).end();
  const elsewhere = target(0).asked;
  await until('it was checked', () => target(1).checked.length > paths + 3);
  await untilAsked(3);
  await reload(configuration(urls(), `${CHECK}, expect: [200, 204]`));
  await untilAsked(2);
  target(1).live = (reply) => void reply.writeHead(204).end();
  await untilAsked(3);
  assert.equal(target(0).asked, elsewhere);
});

test('a target that is down stays down over a reload that changes other things, also how it is checked', async () => {
  target(2).live = (reply) => void reply.writeHead(503).end();
  await untilAsked(2);
  const before = target(2).asked;
  for (const health of [`${CHECK}, expect: 200`, `${CHECK}, every: 150ms`.replace('every: 100ms, ', '')]) {
    await reload(configuration(urls(), health));
    for (let asked = 0; asked < 10; asked++) assert.equal((await get()).status, 200);
  }
  assert.equal(target(2).asked, before);
  target(2).live = (reply) => void reply.end();
  await untilAsked(3);
});

test('where all fail, requests are refused with 503, or served where that is wanted; an alert says so', async () => {
  for (const each of targets) each.live = (reply) => void reply.writeHead(500).end();
  await untilAsked(0);
  const reply = await get();
  assert.equal(reply.status, 503);
  assert.match(reply.body, /upstream-unavailable/);
  await until('the alert is there', async () => (await admin('/v1/alerts')).body.includes('shop all'));
  await reload(configuration(urls(), `${CHECK}, whenAllDown: serve`));
  await until('it is served', async () => (await get()).status === 200);
  for (const each of targets) each.live = (answer) => void answer.end();
  await untilAsked(3);
});

test('a single target is checked too, and refused while it fails; over plain connecting it is up', async () => {
  const [first = ''] = urls();
  target(0).live = (reply) => void reply.writeHead(500).end();
  await reload(configuration([first], CHECK));
  await until('it is refused', async () => (await get()).status === 503);
  await reload(configuration([first], 'check: tcp, every: 100ms, rise: 1, slowStart: 0s'));
  await until('it is served', async () => (await get()).status === 200);
  target(0).live = (reply) => void reply.end();
});

/** Ways of a target to hold whoever checks it. */
const HOSTILE: Readonly<Record<string, { readonly isUp: boolean; readonly respond: (socket: Socket) => void }>> = {
  'never accepts what is said': { isUp: false, respond: () => {} },
  'drips its head': {
    isUp: false,
    respond: (socket) => {
      const timer = setInterval(() => socket.write('x'), 20);
      socket.write('HTTP/1.1 200 OK\r\nx-drip: ');
      socket.on('close', () => clearInterval(timer));
    },
  },
  'has a head without end': {
    isUp: false,
    respond: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const more = (): void => {
        while (!socket.destroyed && socket.write(`x: ${'y'.repeat(8_000)}\r\n`));
      };
      socket.on('drain', more);
      more();
    },
  },
  'has a body without end': {
    isUp: true,
    respond: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n');
      const more = (): void => {
        while (!socket.destroyed && socket.write('z'.repeat(60_000)));
      };
      socket.on('drain', more);
      more();
    },
  },
  'sends interim replies only': {
    isUp: false,
    respond: (socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 5);
      socket.on('close', () => clearInterval(timer));
    },
  },
  'hangs up': { isUp: false, respond: (socket) => void socket.resetAndDestroy() },
};

for (const [way, { isUp, respond }] of Object.entries(HOSTILE)) {
  test(`a target that ${way} is ${isUp ? 'up' : 'down'}, and holds no connection of a check`, async () => {
    const sockets = new Set<Socket>();
    let opened = 0;
    const { url, stop } = await startLocalServer(
      createServer((socket) => {
        opened++;
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => sockets.delete(socket));
        socket.once('data', () => respond(socket));
      }),
    );
    try {
      const hostile = `'${url}'`;
      const [well = ''] = urls();
      await reload(configuration([well, hostile], 'path: /live, every: 100ms, timeout: 300ms, fall: 2, eject: off'));
      await until('it was checked', () => opened > 4);
      await until('it is known', async () => {
        const found = (await statuses()).find(({ target: checked }) => checked === url);
        return found !== undefined && (found.state === 'down') !== isUp;
      });
      await until('no more than one is open', () => sockets.size <= 1);
      await reload(configuration([well], CHECK));
      await until('none is open when it is no target any more', () => sockets.size === 0);
    } finally {
      for (const socket of sockets) socket.destroy();
      stop();
    }
  });
}
