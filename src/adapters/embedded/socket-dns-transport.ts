import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';
import { err, ok, type Result } from '../../base/index.ts';
import type { Clock, DnsServer, DnsTransport, DnsWait } from '../../ports/index.ts';

type Reply = Result<Uint8Array, string>;

/** Messages that are not the one waited for: more are a flood, by which a stranger guesses. */
const PASSED_LIMIT = 64;
/** Sockets at once: each is a file, and those of clients come first. */
const SOCKET_LIMIT = 256;

/**
 * DNS over this machine's sockets: one for each question, on a port that the system chooses by chance. Beyond 256 at once a
 * question waits for its turn, which comes, since every wait for a reply ends.
 */
export function createSocketDnsTransport({ clock }: { readonly clock: Clock }): DnsTransport {
  let open = 0;
  const waiting: (() => void)[] = [];
  const asked = async (server: DnsServer, ask: () => Promise<Reply>): Promise<Reply> => {
    if (isIP(server.address.split('%')[0] ?? '') === 0) return err(`${server.address} is no address`);
    if (open < SOCKET_LIMIT) open++;
    else
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    try {
      return await ask();
    } finally {
      // Whoever waits takes the place over.
      const next = waiting.shift();
      if (next === undefined) open--;
      else next();
    }
  };
  return {
    datagram: (server, message, wait) => asked(server, () => askByDatagram(clock, server, message, wait)),
    stream: (server, message, wait) => asked(server, () => askByStream(clock, server, message, wait)),
  };
}

function askByDatagram(clock: Clock, server: DnsServer, message: Uint8Array, wait: DnsWait): Promise<Reply> {
  return new Promise((resolve) => {
    const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
    const end = (reply: Reply): void => {
      timer.cancel();
      socket.removeAllListeners();
      // What comes while it closes is of no use to anybody.
      socket.on('error', () => undefined);
      socket.close();
      resolve(reply);
    };
    const timer = clock.after(wait.timeoutMs, () => end(err(`no reply within ${wait.timeoutMs} ms`)));
    let passed = 0;
    socket.on('error', (error) => end(err(error.message)));
    socket.on('message', (received) => {
      if (wait.accept(received)) end(ok(Uint8Array.from(received)));
      else if (++passed > PASSED_LIMIT) end(err('too many messages that are no reply to this question'));
    });
    // Connected, so that the system passes on only what comes from that address and port.
    // A callback given to `connect` would be called for a server without a way to it too, instead of `error`.
    socket.on('connect', () => {
      socket.send(message, (error) => {
        // By the event, to which nobody listens any more where the waiting is over: no socket is closed twice.
        if (error !== null) socket.emit('error', error);
      });
    });
    socket.connect(server.port, server.address);
  });
}

function askByStream(clock: Clock, server: DnsServer, message: Uint8Array, wait: DnsWait): Promise<Reply> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    const end = (reply: Reply): void => {
      timer.cancel();
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.destroy();
      resolve(reply);
    };
    const timer = clock.after(wait.timeoutMs, () => end(err(`no reply within ${wait.timeoutMs} ms`)));
    let received: Buffer = Buffer.alloc(0);
    let passed = 0;
    socket.on('error', (error) => end(err(error.message)));
    socket.on('close', () => end(err('the connection was closed before the reply was whole')));
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
    socket.on('data', (piece: Buffer) => {
      received = Buffer.concat([received, piece]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const whole = received.subarray(2, 2 + received.readUInt16BE(0));
        received = received.subarray(2 + whole.length);
        if (wait.accept(whole)) {
          end(ok(Uint8Array.from(whole)));
          return;
        }
        if (++passed > PASSED_LIMIT) {
          end(err('too many messages that are no reply to this question'));
          return;
        }
      }
    });
  });
}
