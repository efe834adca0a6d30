import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { GatewayProcess } from '../framing/gateway-process.ts';
import { useOfTree } from './process-tree.ts';

const WANTED = 5_000;
/** What a process needs besides its clients. */
const OTHER_DESCRIPTORS = 200;
const AT_A_TIME = 40;
const CONNECT_LIMIT_MS = 20_000;
const SETTLE_MS = 1_000;

/** What idle clients cost: as many as stood at the end, and by how much the gateway's memory grew. */
export interface IdleCost {
  readonly connections: number;
  readonly rssDeltaMb: number;
}

/**
 * Opens TLS connections to a gateway that has one thread, asks once over each, and lets them idle: 5,000, or as many as
 * the descriptors of this process allow. Each must still be open at the end.
 */
export async function measureIdleConnections({ https: port, ca, pid }: GatewayProcess): Promise<IdleCost> {
  const secureContext = createSecureContext({ ca });
  // What the first connections load and allocate is no cost of the others.
  const sockets: TLSSocket[] = [await open(port, secureContext)];
  await delay(SETTLE_MS);
  const before = useOfTree(pid).rssBytes;
  const count = Math.min(WANTED, descriptorLimit() - OTHER_DESCRIPTORS);
  try {
    let left = count;
    const openSome = async (): Promise<void> => {
      while (left-- > 0) sockets.push(await open(port, secureContext));
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, openSome));
    await delay(SETTLE_MS);
    const standing = sockets.filter((socket) => socket.readable && socket.writable).length - 1;
    return { connections: standing, rssDeltaMb: (useOfTree(pid).rssBytes - before) / 2 ** 20 };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function open(port: number, secureContext: SecureContext): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', secureContext });
    const timer = setTimeout(() => socket.destroy(new Error('no reply in time')), CONNECT_LIMIT_MS);
    socket.once('error', reject);
    socket.once('secureConnect', () => socket.write(`GET / HTTP/1.1\r\nhost: localhost:${port}\r\n\r\n`));
    socket.once('data', (data: Buffer) => {
      clearTimeout(timer);
      // One that breaks later is missing in the count.
      socket.removeAllListeners('error').on('error', () => {});
      if (data.toString('latin1', 0, 12) === 'HTTP/1.1 200') resolve(socket);
      else reject(new Error(`an idle client got ${data.toString('latin1', 0, 40)}`));
    });
  });
}

/** Open files that this process may have. */
function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? 1024);
}
