import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

// Stands in for wrk where that is not installed: `load-generator.ts URL CONNECTIONS SECONDS [REQUESTS-FILE]`, prints one
// line of JSON.
const [url = '', connections = '1', seconds = '1', requestsFile] = process.argv.slice(2);
const { protocol, hostname, port, host, pathname } = new URL(url);
const requests =
  requestsFile === undefined ? [`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`] : readRequests(requestsFile);
let next = 0;
const latenciesMs: number[] = [];
let errors = 0;
let over = false;

function readRequests(file: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [path = '/', token = '', body = '', client = ''] = line.split('\t');
      const authorization = token === '' ? '' : `Authorization: Bearer ${token}\r\n`;
      const forwarded = client === '' ? '' : `X-Forwarded-For: ${client}\r\n`;
      const fields = `Host: ${host}\r\n${authorization}${forwarded}`;
      if (body === '') return `GET ${path} HTTP/1.1\r\n${fields}\r\n`;
      const described = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
      return `POST ${path} HTTP/1.1\r\n${fields}${described}\r\n${body}`;
    });
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
    socket.write(requests[next++ % requests.length] as string);
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
