import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { EgressRequest } from './egress.ts';
import {
  HELLO,
  LOOPBACK,
  type MakeSubject,
  reasonOf,
  requestTo,
  resolverTo,
  startPeer,
} from './egress-peer-contract.ts';

/** Answers each request that has come whole, and says over which connection it came. */
function speaking(answer: (request: number, socket: Socket) => void): (socket: Socket) => void {
  const heads = new WeakMap<Socket, number>();
  return (socket) => {
    const count = (heads.get(socket) ?? 0) + 1;
    heads.set(socket, count);
    answer(count, socket);
  };
}

const keeping = (port: number, more: Partial<EgressRequest> = {}): EgressRequest =>
  requestTo(`http://api.example:${port}/`, { keeps: true, ...more });

/** What calls promise that keep their connections. */
export function testKeeping(makeSubject: MakeSubject): void {
  testSharing(makeSubject);
  testForgetting(makeSubject);
}

function testSharing(makeSubject: MakeSubject): void {
  test('calls that keep their connection share one, others have their own', async (t) => {
    const peer = await startPeer(
      t,
      speaking((_, socket) => socket.write(HELLO)),
    );
    const { egress } = makeSubject(LOOPBACK);
    for (let count = 0; count < 5; count++) assert.equal(reasonOf(await egress.call(keeping(peer.port))), 'replied');
    assert.equal(peer.connections(), 1);
    assert.equal(reasonOf(await egress.call(requestTo(`http://api.example:${peer.port}/`))), 'replied');
    assert.equal(peer.connections(), 2);
    await Promise.all([egress.call(keeping(peer.port)), egress.call(keeping(peer.port))]);
    assert.equal(peer.connections(), 3, 'two at a time need two');
  });

  test('a connection that is used again and again gathers nothing', async (t) => {
    const peer = await startPeer(
      t,
      speaking((_, socket) => socket.write(HELLO)),
    );
    const warnings: string[] = [];
    const warned = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', warned);
    t.after(() => process.off('warning', warned));
    const { egress } = makeSubject(LOOPBACK);
    for (let count = 0; count < 25; count++) assert.equal(reasonOf(await egress.call(keeping(peer.port))), 'replied');
    assert.deepEqual([peer.connections(), warnings], [1, []]);
  });

  test('a kept connection that the peer has closed costs no call, however it was closed', async (t) => {
    for (const close of ['end', 'resetAndDestroy'] as const) {
      let left = 0;
      const peer = await startPeer(
        t,
        speaking((count, socket) => {
          if (count === 1) socket.write(HELLO);
          else {
            left++;
            socket[close]();
          }
        }),
      );
      const { egress } = makeSubject(LOOPBACK);
      for (let count = 0; count < 3; count++) {
        const outcome = await egress.call(keeping(peer.port));
        assert.ok(outcome.ok && new TextDecoder().decode(outcome.value.body) === 'hello', reasonOf(outcome));
      }
      assert.ok(left >= 1, 'a call met a connection that was gone');
    }
  });

  test('a call that a new connection loses is not made again', async (t) => {
    const peer = await startPeer(t, (socket) => socket.resetAndDestroy());
    assert.equal(reasonOf(await makeSubject(LOOPBACK).egress.call(keeping(peer.port))), 'unreachable');
    assert.equal(peer.connections(), 1);
  });
}

function testForgetting(makeSubject: MakeSubject): void {
  test('what a peer says unasked is nobody’s reply', async (t) => {
    const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
    for (const waitMs of [0, 10]) {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      const peer = await startPeer(
        t,
        speaking((count, socket) => {
          if (peer.connections() > 1 || count > 1) return void socket.write(HELLO);
          socket.once('close', () => end());
          socket.write(waitMs === 0 ? HELLO + poison : HELLO);
          if (waitMs > 0) setTimeout(() => socket.write(poison), waitMs);
        }),
      );
      const { egress } = makeSubject(LOOPBACK);
      const call = async (): Promise<unknown> => {
        const outcome = await egress.call(keeping(peer.port));
        return outcome.ok ? new TextDecoder().decode(outcome.value.body) : outcome.error.reason;
      };
      const first = await call();
      // What comes behind the next request can not be told from its reply; what came before it must have ended all.
      await ended;
      assert.deepEqual([first, await call(), peer.connections()], ['hello', 'hello', 2]);
    }
  });

  test('a connection whose reply was not whole, or was too large, is not used again', async (t) => {
    const peer = await startPeer(
      t,
      speaking((_, socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n${'x'.repeat(2_000)}`)),
    );
    const { egress } = makeSubject(LOOPBACK);
    for (let count = 0; count < 2; count++) assert.equal(reasonOf(await egress.call(keeping(peer.port))), 'too-large');
    assert.equal(peer.connections(), 2);
  });

  test('where a name means another address, connections of before are not used', async (t) => {
    const peer = await startPeer(
      t,
      speaking((_, socket) => socket.write(HELLO)),
    );
    let resolver = LOOPBACK;
    const { egress } = makeSubject({ resolve: (host) => resolver.resolve(host) });
    assert.equal(reasonOf(await egress.call(keeping(peer.port))), 'replied');
    resolver = resolverTo('127.0.0.1', '169.254.169.254');
    assert.equal(reasonOf(await egress.call(keeping(peer.port))), 'forbidden-address');
    resolver = resolverTo('127.0.0.1', '::1');
    assert.equal(reasonOf(await egress.call(keeping(peer.port))), 'replied');
    assert.equal(peer.connections(), 2);
  });

  test('a connection is kept for some minutes at most', async (t) => {
    const peer = await startPeer(
      t,
      speaking((_, socket) => socket.write(HELLO)),
    );
    const { egress, advance } = makeSubject(LOOPBACK);
    await egress.call(keeping(peer.port));
    advance(6 * 60_000);
    await egress.call(keeping(peer.port));
    await egress.call(keeping(peer.port));
    assert.equal(peer.connections(), 2);
  });
}
