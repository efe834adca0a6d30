import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { GatewayAddress } from '../bench/reload-evidence-connection.ts';

/** Each does one wrong thing over a connection of its own, and leaves it open until the gateway or the limit ends it. */
const MISDEEDS: readonly { readonly tls: boolean; readonly bytes: string; readonly leaves?: boolean }[] = [
  { tls: false, bytes: 'GET / HTTP/1.1\r\nhost: x\r\n\r\n' },
  { tls: false, bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' },
  { tls: false, bytes: '' },
  { tls: true, bytes: 'GET /things/1 HTTP/1.1\r\nhost: localhost\r\nhost: other\r\n\r\n' },
  {
    tls: true,
    bytes: 'POST /posts/1 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n',
  },
  { tls: true, bytes: 'GET /things/1 HTTP/1.1\r\nhost: local' },
  { tls: true, bytes: `GET /things/1 HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(100_000)}\r\n\r\n` },
  { tls: true, bytes: 'POST /posts/1 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5000\r\n\r\nabc', leaves: true },
  { tls: true, bytes: 'GET /data/5000000 HTTP/1.1\r\nhost: localhost\r\n\r\n', leaves: true },
  { tls: true, bytes: 'GET /things/1 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer x.y.z\r\n\r\n' },
  { tls: true, bytes: 'GET /nothing/here HTTP/1.1\r\nhost: localhost\r\n\r\n' },
];

const PERIOD_MS = 200;
const STAY_MS = 20_000;
const LEAVE_MS = 100;

/** Sends bad clients, one after the other, until the function that it gives is called. */
export function sendBadClients(address: GatewayAddress): { readonly sent: () => number; readonly stop: () => void } {
  const open = new Set<Socket>();
  let sent = 0;
  const timer = setInterval(() => {
    const { tls, bytes, leaves = false } = MISDEEDS[sent++ % MISDEEDS.length] as (typeof MISDEEDS)[number];
    const { port, ca } = address;
    const socket = tls
      ? connectTls({ host: '127.0.0.1', port, servername: 'localhost', ca })
      : connect({ host: '127.0.0.1', port });
    open.add(socket);
    const end = setTimeout(() => socket.destroy(), leaves ? LEAVE_MS : STAY_MS);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(end);
      open.delete(socket);
    });
    socket.resume();
    socket.write(bytes, 'latin1');
  }, PERIOD_MS);
  return {
    sent: () => sent,
    stop() {
      clearInterval(timer);
      for (const socket of open) socket.destroy();
    },
  };
}
