import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

// Requests that fall due at a fixed rate, whatever became of those before, over HTTP/2 from many networks and of three
// priorities in turn: `overload-load.ts PORT PER-SECOND SECONDS`, prints one line of JSON.
const [port = '', perSecond = '1', seconds = '1'] = process.argv.slice(2);
const PRIORITIES = ['low', 'normal', 'high'] as const;
/** No multiple of the priorities, so that each network asks with all of them. */
const NETWORKS = 199;
const TICK_MS = 5;
/** The first seconds do not count. */
const RAMP_MS = 2_000;
/** A reply that comes later has helped nobody. */
const IN_TIME_MS = 5_000;

const counts = { low: [0, 0], normal: [0, 0], high: [0, 0] } as Record<(typeof PRIORITIES)[number], [number, number]>;
const sessions: (ClientHttp2Session | null)[] = Array.from({ length: NETWORKS }, () => null);
const begun = performance.now();
let due = 0;

function sessionOf(network: number): ClientHttp2Session {
  const open = sessions[network];
  if (open !== undefined && open !== null && !open.closed && !open.destroyed) return open;
  const options: ConnectionOptions & { readonly localAddress: string } = {
    host: '127.0.0.1',
    port: Number(port),
    localAddress: `127.0.1.${network + 1}`,
    servername: 'localhost',
    ALPNProtocols: ['h2'],
    rejectUnauthorized: false,
  };
  const session = connect(`https://localhost:${port}`, { createConnection: () => connectTls(options) });
  session.on('error', () => {});
  sessions[network] = session;
  return session;
}

function ask(turn: number): void {
  const priority = PRIORITIES[turn % PRIORITIES.length] ?? 'normal';
  const count = counts[priority];
  const sentAtMs = performance.now();
  const isCounted = sentAtMs - begun > RAMP_MS;
  if (isCounted) count[0]++;
  const stream = sessionOf(turn % NETWORKS).request({ ':path': `/${priority}` });
  let status = 0;
  stream.on('response', (head) => (status = Number(head[':status'])));
  stream.on('error', () => {});
  stream.on('end', () => {
    if (isCounted && status === 200 && performance.now() - sentAtMs <= IN_TIME_MS) count[1]++;
  });
  stream.resume();
  stream.end();
}

const timer = setInterval(() => {
  const target = ((performance.now() - begun) / 1_000) * Number(perSecond);
  while (due < target) ask(due++);
}, TICK_MS);

setTimeout(() => {
  clearInterval(timer);
  setTimeout(() => {
    const countedSeconds = Number(seconds) - RAMP_MS / 1_000;
    const served = Object.values(counts).reduce((sum, [, good]) => sum + good, 0);
    const pct = Object.fromEntries(Object.entries(counts).map(([name, [sent, good]]) => [name, (good / sent) * 100]));
    console.log(JSON.stringify({ goodPerSecond: served / countedSeconds, pct }));
    process.exit(0);
  }, IN_TIME_MS);
}, Number(seconds) * 1_000);
