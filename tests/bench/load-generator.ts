import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readRequests } from './request-lines.ts';

// Stands in for wrk where that is not installed: `load-generator.ts URL CONNECTIONS SECONDS [REQUESTS-FILE]`, prints one
// line of JSON.
const [url = '', connections = '1', seconds = '1', requestsFile] = process.argv.slice(2);
const { protocol, hostname, port, host, pathname } = new URL(url);
const requests =
  requestsFile === undefined
    ? [bytesOf(pathname, {})]
    : readRequests(requestsFile).map(({ path, headers, body }) => bytesOf(path, headers, body));
let next = 0;
const latenciesMs: number[] = [];
let errors = 0;
let over = false;

function bytesOf(path: string, headers: Readonly<Record<string, string>>, body?: Buffer): Buffer {
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  const fields = Object.entries({ host, ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\n${fields.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), body ?? Buffer.alloc(0)]);
}

function open(): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const address = { host: hostname, port: Number(port) };
  const socket: Socket =
    protocol === 'https:'
      ? // Only the speed of the peer is measured, over loopback.
        connectTls({ ...address, rejectUnauthorized: false }, () => resolve(socket))
      : connectTcp({ ...address, noDelay: true }, () => resolve(socket));
  socket.once('error', reject);
  return promise;
}

function drive(socket: Socket): void {
  let pending = '';
  let sentAtMs = performance.now();
  const send = (): void => {
    sentAtMs = performance.now();
    socket.write(requests[next++ % requests.length] as Buffer);
  };
  socket.on('data', (data: Buffer) => {
    pending += data.toString('latin1');
    const headEnd = pending.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(pending)?.[1] ?? 0);
    if (pending.length < headEnd + 4 + length) return;
    if (!pending.startsWith('HTTP/1.1 200')) errors++;
    latenciesMs.push(performance.now() - sentAtMs);
    pending = '';
    if (over) socket.destroy();
    else send();
  });
  socket.on('error', () => {
    errors++;
  });
  send();
}

const sockets = await Promise.all(Array.from({ length: Number(connections) }, open));
const startedMs = performance.now();
for (const socket of sockets) drive(socket);
setTimeout(() => {
  over = true;
  const elapsed = (performance.now() - startedMs) / 1000;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  process.stdout.write(`${JSON.stringify({ requests: sorted.length, seconds: elapsed, errors, p99Ms })}\n`, () =>
    process.exit(0),
  );
}, Number(seconds) * 1000);
