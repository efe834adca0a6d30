import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'node:https';
import { ask } from '../system/https-client.ts';
import { Scene, until } from './scene.ts';

/** What some systems give a process unless told otherwise. */
const DESCRIPTORS = 256;
const FEW_DESCRIPTORS = ['sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh'];
const ATTACKERS = 400;
const ATTACK_MS = 6_000;
const PERIOD_MS = 100;
const GOOD_CLIENT = '127.0.0.2';

/** Attackers who open connections until there are so many, and anew what is closed; ended by `leave`. */
function holdConnections(port: number): () => void {
  const sockets = new Set<Socket>();
  const timer = setInterval(() => {
    while (sockets.size < ATTACKERS) {
      const socket = connect({ port, host: '127.0.0.1' });
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => void sockets.delete(socket));
      socket.resume();
    }
  }, PERIOD_MS);
  return () => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  };
}

/** One who is connected, and asks over that connection. */
class ConnectedClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #options: object;
  /** Connections that it had to open. */
  readonly sockets = new Set<Socket>();

  constructor({ gateway: { https: port, ca } }: Scene) {
    const place = { host: '127.0.0.1', servername: 'localhost', localAddress: GOOD_CLIENT, path: '/small' };
    this.#options = { ...place, port, ca, headers: { host: 'localhost' }, agent: this.#agent };
  }

  /** The status of the reply. */
  ask(): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request(this.#options, (reply) => {
        reply.resume();
        reply.on('end', () => resolve(reply.statusCode ?? 0));
      });
      sent.on('socket', (socket) => void this.sockets.add(socket));
      sent.on('error', reject);
      sent.end();
    });
  }

  leave(): void {
    this.#agent.destroy();
  }
}

test('where few files may be open and attackers take all connections, clients who are connected and the admin port are served, and then everybody again', async (t) => {
  const scene = await Scene.start('threads: 1, connectionsPerAddress: 10000', { before: FEW_DESCRIPTORS });
  t.after(() => scene.stop());
  assert.match(scene.gateway.said(), /"event":"descriptors.few"[^\n]*256 files and connections may be open at once/);
  const { admin, ca, https } = scene.gateway;
  const client = new ConnectedClient(scene);
  t.after(() => client.leave());
  const statuses = [await client.ask()];
  const ready: number[] = [];
  const leave = holdConnections(https);
  t.after(leave);
  for (const end = performance.now() + ATTACK_MS; performance.now() < end; await delay(PERIOD_MS)) {
    statuses.push(await client.ask());
    ready.push((await ask({ port: admin, ca, path: '/readyz' })).status);
  }
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.deepEqual(new Set(ready), new Set([200]));
  assert.equal(client.sockets.size, 1, 'it kept its connection');
  const full = await scene.count('portcullis_connections_turned_away_total{reason="full"}');
  assert.ok(full > 0, `${full} were turned away`);
  const alerts = JSON.parse(await scene.admin('/v1/alerts')) as { readonly kind: string }[];
  assert.ok(alerts.some(({ kind }) => kind === 'connections.exhausted'));
  await until('the log has it', () => /"event":"connection.refused"[^\n]*"reason":"full"/.test(scene.gateway.said()));
  leave();
  await until('others are served again', async () => {
    const reply = await ask({ port: https, ca, path: '/small', from: '127.0.0.3' }).catch(() => null);
    return reply?.status === 200;
  });
  assert.equal(await client.ask(), 200);
});
