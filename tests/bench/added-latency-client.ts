import { connect, type Socket } from 'node:net';

// `added-latency-client.ts PORT CONNECTIONS SECONDS RATE`: asks at a fixed rate, whatever became of the requests before, and
// prints one line of JSON. A rate of 0 asks as fast as replies come, to find what the peer can carry.
const [port = 0, connections = 1, seconds = 1, rate = 0] = process.argv.slice(2).map(Number);
const REQUEST = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
const WAITING_LIMIT = 100_000;

const firstByteMs: number[] = [];
const waiting: number[] = [];
const idle: ((dueMs: number) => void)[] = [];
let errors = 0;
let over = false;

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

function drive(socket: Socket): void {
  let pending = '';
  let dueMs = 0;
  let first = true;
  const ask = (due: number): void => {
    dueMs = due;
    first = true;
    pending = '';
    socket.write(REQUEST);
  };
  const next = (): void => {
    const due = rate === 0 ? performance.now() : waiting.shift();
    if (over) return;
    if (due === undefined) idle.push(ask);
    else ask(due);
  };
  socket.on('data', (data: Buffer) => {
    if (first) firstByteMs.push(performance.now() - dueMs);
    first = false;
    pending += data.toString('latin1');
    const headEnd = pending.indexOf('\r\n\r\n');
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(pending)?.[1] ?? 0);
    if (headEnd < 0 || pending.length < headEnd + 4 + length) return;
    if (!pending.startsWith('HTTP/1.1 200')) errors++;
    next();
  });
  socket.on('error', () => errors++);
  next();
}

for (const socket of await Promise.all(Array.from({ length: connections }, open))) drive(socket);
const beganMs = performance.now();
let due = 0;
// Those that fell due in one turn of the loop came at its time: no timer of Node is finer.
const ticker = setInterval(() => {
  const nowMs = performance.now();
  for (const dueNow = ((nowMs - beganMs) / 1000) * rate; due < dueNow; due++) {
    const ask = idle.shift();
    if (ask !== undefined) ask(nowMs);
    else if (waiting.length < WAITING_LIMIT) waiting.push(nowMs);
    else errors++;
  }
}, 1);
setTimeout(() => {
  over = true;
  clearInterval(ticker);
  const sorted = firstByteMs.toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  const perSecond = sorted.length / ((performance.now() - beganMs) / 1000);
  const report = { requests: sorted.length, perSecond, errors, p50Ms: at(0.5), p99Ms: at(0.99) };
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}, seconds * 1000);
