import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { dnsTransportContract, type DnsTransportSubject } from '../../ports/dns-transport-contract.ts';
import { createSocketDnsTransport } from './socket-dns-transport.ts';
import { createSystemClock } from './system-clock.ts';

type Answer = Parameters<DnsTransportSubject['answer']>[0];

async function makeSubject(t: TestContext): Promise<DnsTransportSubject> {
  let make: Answer = () => [];
  const streams = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (piece: Buffer) => {
      for (const reply of make(piece.subarray(2), socket.remotePort ?? 0)) {
        // In two pieces, the first of which cuts the length in half.
        socket.write(Buffer.of(reply.length >> 8));
        socket.write(Buffer.concat([Buffer.of(reply.length & 0xff), reply]));
      }
    });
  }).listen({ port: 0, host: '127.0.0.1' });
  await once(streams, 'listening');
  const { port } = streams.address() as AddressInfo;
  const datagrams = createSocket('udp4');
  datagrams.on('message', (message, from) => {
    for (const reply of make(message, from.port)) datagrams.send(reply, from.port, from.address);
  });
  datagrams.bind(port, '127.0.0.1');
  await once(datagrams, 'listening');
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => {
    streams.close();
    datagrams.close();
    silent.close();
  });
  return {
    transport: createSocketDnsTransport({ clock: createSystemClock() }),
    server: { address: '127.0.0.1', port },
    silent: { address: '127.0.0.1', port: silent.address().port },
    answer: (answer) => {
      make = answer;
    },
  };
}

dnsTransportContract('DNS over sockets', makeSubject);

test('what another port sends is no reply', async (t) => {
  const { transport, server, answer } = await makeSubject(t);
  const stranger = createSocket('udp4');
  t.after(() => stranger.close());
  answer((_message, port) => {
    stranger.send(Buffer.of(6, 6, 6), port, '127.0.0.1');
    return [];
  });
  const heard: Uint8Array[] = [];
  const accept = (message: Uint8Array): boolean => heard.push(message) > 0;
  assert.equal((await transport.datagram(server, Uint8Array.of(1), { timeoutMs: 500, accept })).ok, false);
  assert.deepEqual(heard, []);
});

test('a message that turns out too late not to have been sent ends nothing', async (t) => {
  const { transport, server } = await makeSubject(t);
  let sent: ((error: Error | null) => void) | undefined;
  t.mock.method(Socket.prototype, 'send', (_message: Uint8Array, done: typeof sent) => {
    sent = done;
  });
  const reply = await transport.datagram(server, Uint8Array.of(1), { timeoutMs: 50, accept: () => true });
  assert.deepEqual(reply, { ok: false, error: 'no reply within 50 ms' });
  sent?.(new Error('canceled'));
  assert.ok(sent !== undefined);
});

test('a server that there is no way to is an error at once, and ends nothing else', async () => {
  const transport = createSocketDnsTransport({ clock: createSystemClock() });
  const wait = { timeoutMs: 30_000, accept: (): boolean => true };
  // No socket may send to all hosts of a network unasked, and this one can not be looked up.
  for (const address of ['255.255.255.255', '127.0.0.1%nowhere']) {
    const reply = await transport.datagram({ address, port: 53 }, Uint8Array.of(1), wait);
    assert.ok(!reply.ok && !/no reply within/.test(reply.error), address);
  }
});
