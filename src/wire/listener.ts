import { createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../ports/index.ts';
import { CLIENT_HELLO_LIMIT_BYTES, readClientHello } from './client-hello.ts';
import { Http1Connection } from './http1-connection.ts';
import type { Peer, TlsPeer } from './message.ts';
import { type ServerBounds, type ServerHandler, SIDE_BUFFER_BYTES } from './server.ts';

const SWEEP_MS = 500;
const PROTOCOLS = ['http/1.1'];

/** How a listener listens. `context` chooses a certificate by the host of the ClientHello; without it the listener is plain. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Whether several threads listen on the same port; Linux only. */
  readonly reusePort: boolean;
  readonly maxConnections: number;
  readonly handler: ServerHandler;
  readonly bounds: ServerBounds;
  readonly clock: Clock;
  readonly context: ((serverName: string | null) => SecureContext) | null;
  /** Counts connections that ended before a request could be read, by reason. */
  readonly turnedAway: (reason: 'full' | 'not-tls' | 'handshake' | 'handshake-timeout') => void;
}

/** A port that is being listened on. */
export interface Listener {
  readonly port: number;
  readonly connections: number;
  /** No new connections; idle ones close, busy ones behind their reply. Resolves when all are gone or after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

/** Why a port can't be listened on: the system's code, such as EADDRINUSE. */
export interface ListenFault {
  readonly code: string;
  readonly port: number;
}

/** Listens, and resolves with the listener or with why that is not possible. */
export function listen(options: ListenOptions): Promise<Listener | ListenFault> {
  return new Promise((resolve) => {
    const connections = new Connections(options);
    const server = createServer(
      { allowHalfOpen: true, noDelay: true, pauseOnConnect: false, highWaterMark: SIDE_BUFFER_BYTES },
      (socket) => connections.accept(socket),
    );
    server.maxConnections = options.maxConnections;
    server.on('drop', () => options.turnedAway('full'));
    server.once('error', (fault: NodeJS.ErrnoException) =>
      resolve({ code: fault.code ?? 'unknown', port: options.port }),
    );
    server.listen({ host: options.host, port: options.port, reusePort: options.reusePort, backlog: 1024 }, () => {
      server.removeAllListeners('error');
      // EMFILE and its like while accepting: the connection is lost, the listener must live.
      server.on('error', () => options.turnedAway('full'));
      resolve(connections.listenOn(server));
    });
  });
}

class Connections {
  readonly #options: ListenOptions;
  readonly #open = new Set<{ sweep(now: number): void; drain(): void; destroy(): void }>();
  #emptied: (() => void) | null = null;

  constructor(options: ListenOptions) {
    this.#options = options;
  }

  listenOn(server: Server): Listener {
    const { clock } = this.#options;
    const sweeper = clock.every(SWEEP_MS, () => {
      const now = clock.monotonic();
      for (const connection of this.#open) connection.sweep(now);
    });
    const address = server.address();
    const open = this.#open;
    return {
      port: typeof address === 'object' && address !== null ? address.port : this.#options.port,
      get connections() {
        return open.size;
      },
      drain: async (graceMs) => {
        server.close();
        await this.#drain(graceMs);
        sweeper.cancel();
      },
    };
  }

  accept(socket: Socket): void {
    if (this.#options.context === null) this.#serve(socket, null);
    else this.#greet(socket, this.#options.context);
  }

  /** Reads the ClientHello, however it is cut, and only then decides with which certificate to go on. */
  #greet(socket: Socket, context: (serverName: string | null) => SecureContext): void {
    const since = this.#options.clock.monotonic();
    let bytes: Buffer = Buffer.alloc(0);
    const turnAway = (reason: 'not-tls' | 'handshake-timeout'): void => {
      this.#options.turnedAway(reason);
      socket.destroy();
    };
    const entry = {
      sweep: (now: number) => {
        if (now - since > this.#options.bounds.headMs) turnAway('handshake-timeout');
      },
      drain: () => socket.destroy(),
      destroy: () => socket.destroy(),
    };
    const onData = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const reading = readClientHello(bytes);
      if (reading.kind === 'more' && bytes.length <= CLIENT_HELLO_LIMIT_BYTES + 1_024) return;
      if (reading.kind !== 'hello') {
        turnAway('not-tls');
        return;
      }
      socket.off('data', onData);
      socket.off('end', onEnd);
      socket.off('close', onClose);
      this.#open.delete(entry);
      socket.pause();
      socket.unshift(bytes);
      try {
        this.#handshake(socket, reading.hello.serverName, context(reading.hello.serverName), since);
      } catch {
        // No context for this name: no handshake, and never one with another's certificate.
        this.#options.turnedAway('handshake');
        socket.destroy();
      }
    };
    const onEnd = (): void => {
      socket.destroy();
    };
    const onClose = (): void => this.#remove(entry);
    this.#open.add(entry);
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('close', onClose);
    socket.on('error', () => socket.destroy());
  }

  #handshake(raw: Socket, serverName: string | null, secureContext: SecureContext, since: number): void {
    const socket = new TLSSocket(raw, { isServer: true, secureContext, ALPNProtocols: PROTOCOLS, requestCert: false });
    const entry = {
      sweep: (now: number) => {
        if (now - since <= this.#options.bounds.headMs) return;
        this.#options.turnedAway('handshake-timeout');
        socket.destroy();
      },
      drain: () => socket.destroy(),
      destroy: () => socket.destroy(),
    };
    const onError = (): void => {
      this.#options.turnedAway('handshake');
      socket.destroy();
    };
    const onClose = (): void => {
      raw.destroy();
      this.#remove(entry);
    };
    this.#open.add(entry);
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.once('secure', () => {
      socket.off('error', onError);
      socket.off('close', onClose);
      this.#open.delete(entry);
      this.#serve(socket, tlsPeerOf(socket, serverName));
    });
  }

  #serve(socket: Socket, tls: TlsPeer | null): void {
    const { handler, bounds, clock } = this.#options;
    const peer: Peer = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0, tls };
    const entry = {
      sweep: (now: number) => connection.sweep(now),
      drain: () => connection.drain(),
      destroy: () => socket.destroy(),
    };
    this.#open.add(entry);
    const connection = new Http1Connection(socket, {
      peer,
      handler,
      bounds,
      monotonic: () => clock.monotonic(),
      closed: () => this.#remove(entry),
    });
  }

  #remove(entry: { sweep(now: number): void; drain(): void; destroy(): void }): void {
    this.#open.delete(entry);
    if (this.#open.size === 0) this.#emptied?.();
  }

  async #drain(graceMs: number): Promise<void> {
    for (const connection of this.#open) connection.drain();
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
      this.#options.clock.after(graceMs, resolve);
    });
    for (const connection of this.#open) connection.destroy();
  }
}

function tlsPeerOf(socket: TLSSocket, serverName: string | null): TlsPeer {
  const protocol = socket.alpnProtocol;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    group: null,
    serverName,
    applicationProtocol: typeof protocol === 'string' ? protocol : null,
  };
}

const MAPPED = /^::ffff:([0-9.]+)$/i;

/** An IPv4 address that came through an IPv6 socket is the IPv4 address. */
function plainAddress(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address;
}
