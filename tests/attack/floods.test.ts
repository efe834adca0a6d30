import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Scene, serveMeanwhile, until } from './scene.ts';

/** The first bytes of a ClientHello that never gets whole: a record of 512 bytes, of which the header is there. */
const HALF_HELLO = Buffer.from('1603010200010001fc0303', 'hex');
const DRIP_MS = 500;

/** Attackers from this machine's first address, all of whose sockets are closed when the test is over. */
class Crowd {
  readonly #port: number;
  readonly sockets: Socket[] = [];
  /** How many of them were ended by the gateway. */
  ended = 0;

  constructor(t: TestContext, { gateway }: Scene) {
    this.#port = gateway.https;
    t.after(() => this.leave());
  }

  /** One more of them, which does this once it is connected. */
  come(does: (socket: Socket) => void = () => {}): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1' });
    this.sockets.push(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.ended++);
    socket.once('connect', () => does(socket));
    socket.resume();
    return socket;
  }

  leave(): void {
    for (const socket of this.sockets.splice(0)) socket.destroy();
  }
}

test('a flood of connections from one address is closed, the others are served, and the operator is told', async (t) => {
  const scene = await Scene.start('threads: 1');
  t.after(() => scene.stop());
  const crowd = new Crowd(t, scene);
  const before = scene.rssMb();
  const service = await serveMeanwhile(scene, '127.0.0.2', async () => {
    for (let second = 0; second < 8; second++) {
      for (let count = 0; count < 500; count++) crowd.come();
      await delay(1_000);
    }
  });
  assert.deepEqual(service.failed, []);
  const refused = await scene.count('portcullis_connections_turned_away_total{reason="pace"}');
  assert.ok(refused > 1_000, `${refused} came too fast`);
  const held = await scene.count('portcullis_connections_turned_away_total{reason="address"}');
  assert.ok(held > 0, `${held} were too many`);
  const kinds = JSON.parse(await scene.admin('/v1/alerts')) as { kind: string; key: string }[];
  assert.ok(kinds.some(({ kind, key }) => kind === 'attack.bounded' && key === 'pace'));
  const connected = await scene.connections();
  assert.ok(connected <= 256 + 1, `${connected} are connected`);
  assert.ok(scene.rssMb() - before < 60, `${scene.rssMb() - before} MB more`);
});

test('half handshakes, ClientHellos that drip, and connections that say nothing are gone after ten seconds', async (t) => {
  const scene = await Scene.start('connectionsPerAddress: 10000');
  t.after(() => scene.stop());
  const crowd = new Crowd(t, scene);
  const before = scene.rssMb();
  const service = await serveMeanwhile(scene, '127.0.0.2', async () => {
    for (let count = 0; count < 300; count++) {
      crowd.come();
      crowd.come((socket) => socket.write(HALF_HELLO));
      crowd.come((socket) => {
        let at = 0;
        const drip = setInterval(() => void socket.write(HALF_HELLO.subarray(at, ++at)), DRIP_MS);
        socket.once('close', () => clearInterval(drip));
      });
      if (count % 50 === 0) await delay(100);
    }
    await until('all are gone', () => crowd.ended === 900);
  });
  assert.deepEqual(service.failed, []);
  assert.equal(await scene.count('portcullis_connections_turned_away_total{reason="handshake-timeout"}'), 900);
  assert.ok(scene.rssMb() - before < 60, `${scene.rssMb() - before} MB more`);
});

test('a crowd that shakes hands again and again takes no more than its share, and others are served', async (t) => {
  const scene = await Scene.start('threads: 1');
  t.after(() => scene.stop());
  const { https: port, ca } = scene.gateway;
  let shaken = 0;
  let tried = 0;
  const service = await serveMeanwhile(scene, '127.0.0.2', async () => {
    const end = performance.now() + 6_000;
    const one = async (): Promise<void> => {
      while (performance.now() < end) {
        tried++;
        const { promise, resolve } = Promise.withResolvers<void>();
        const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca }, () => {
          shaken++;
          socket.destroy();
        });
        socket.on('error', () => {});
        socket.once('close', () => resolve());
        await promise;
      }
    };
    await Promise.all(Array.from({ length: 40 }, one));
  });
  assert.deepEqual(service.failed, []);
  // A burst of 256, then 128 a second; the clock of the gateway need not be ours.
  assert.ok(shaken <= 256 + 128 * 10, `${shaken} of ${tried}`);
  t.diagnostic(`${shaken} handshakes of ${tried}; ${service.asked} asked, ${service.slowestMs.toFixed(0)} ms at most`);
});
