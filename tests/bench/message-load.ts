import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { clientFrame, serverFrame } from './message-frames.ts';

// Sends WebSocket messages over many connections, the next when the last came back: `message-load.ts SCHEME PORT
// CONNECTIONS SECONDS`, prints one line of JSON.
const [scheme = 'wss', port = '', connections = '1', seconds = '1'] = process.argv.slice(2);
const message = clientFrame();
const answer = serverFrame();
const latenciesMs: number[] = [];
let errors = 0;
let over = false;

function open(): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const address = { host: '127.0.0.1', port: Number(port) };
  const opened = (): void => {
    let head = '';
    const onHead = (data: Buffer): void => {
      head += data.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onHead);
      if (head.startsWith('HTTP/1.1 101')) resolve(socket);
      else reject(new Error(head.slice(0, 200)));
    };
    socket.on('data', onHead);
    socket.write(
      `GET /chat HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  };
  const socket: Socket =
    scheme === 'wss'
      ? // Only the speed of the peer is measured, over loopback.
        connectTls({ ...address, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, opened)
      : connectTcp({ ...address, noDelay: true }, opened);
  socket.once('error', reject);
  return promise;
}

function drive(socket: Socket): void {
  let got = 0;
  let sentAtMs = 0;
  const send = (): void => {
    got = 0;
    sentAtMs = performance.now();
    socket.write(message);
  };
  socket.on('data', (data: Buffer) => {
    if (data.compare(answer, got, Math.min(answer.length, got + data.length)) !== 0) errors++;
    got += data.length;
    if (got < answer.length) return;
    latenciesMs.push(performance.now() - sentAtMs);
    if (over) socket.destroy();
    else send();
  });
  socket.on('error', () => errors++);
  socket.on('close', () => {
    if (!over) errors++;
  });
  send();
}

const sockets = await Promise.all(Array.from({ length: Number(connections) }, open));
const begun = performance.now();
for (const socket of sockets) drive(socket);
setTimeout(() => {
  over = true;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
  const result = { requests: sorted.length, seconds: (performance.now() - begun) / 1_000, errors, p99Ms };
  console.log(JSON.stringify(result));
  process.exit(0);
}, Number(seconds) * 1_000);
