import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Where attackers of this machine come from; the good client has an address of its own. */
const ATTACKER = '127.0.0.1';

/** Opens a TCP connection to the gateway; whatever becomes of it is no fault of the attacker's. */
export function openTcp(port: number): Socket {
  const socket = connectTcp({ host: '127.0.0.1', port, localAddress: ATTACKER, noDelay: true });
  socket.on('error', () => {});
  return socket;
}

/** Opens a TLS connection with this protocol inside; resolves when it stands, or null when it does not come about. */
export function openTls(port: number, protocol: 'h2' | 'http/1.1'): Promise<Socket | null> {
  return new Promise((resolve) => {
    const tcp = openTcp(port);
    const options = { socket: tcp, servername: 'localhost', ALPNProtocols: [protocol], rejectUnauthorized: false };
    const socket = connectTls(options, () => resolve(socket));
    socket.on('error', () => resolve(null));
    socket.on('close', () => resolve(null));
    socket.on('data', () => {});
  });
}

/** Resolves when all of it has been taken, or when the connection is gone. */
export async function send(socket: Socket, bytes: Buffer | string): Promise<void> {
  if (socket.destroyed) return;
  const taken = Promise.withResolvers<void>();
  socket.once('close', taken.resolve);
  socket.write(bytes, () => taken.resolve());
  await taken.promise;
  socket.off('close', taken.resolve);
}

/** Resolves with the next such event of a connection, or when it is gone. */
export async function next(socket: Socket, event: 'connect' | 'data' | 'close'): Promise<void> {
  if (socket.destroyed) return;
  const come = Promise.withResolvers<void>();
  socket.once('close', come.resolve).once(event, () => come.resolve());
  await come.promise;
  socket.off('close', come.resolve);
}

/** Does something over and over with so many hands, until the process is ended. */
export async function repeat(hands: number, act: () => Promise<void>): Promise<void> {
  const go = async (): Promise<never> => {
    for (;;) {
      await act();
      // Whatever ends at once must not keep timers and sockets from their turn.
      await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: hands }, go));
}
