import { createServer, type Server, type Socket } from 'node:net';
import type { AddressSet } from '../base/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { ConnectionGate, GateRefusal } from './connection-gate.ts';
import { HandshakeGate } from './handshake-gate.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { Http1Connection } from './http1-connection.ts';
import { type ConnectionBounds, Http2Connection, type Unheard } from './http2/http2-connection.ts';
import { connectionsTooMany, idleToShed, type Served, type Sheddable } from './idle-shedding.ts';
import { DIRECT, type Peer, type TlsPeer } from './message.ts';
import { isProxied, ProxyGreeting } from './proxy-greeting.ts';
import { type Http2Offer, type ServerBounds, type ServerHandler, SIDE_BUFFER_BYTES } from './server.ts';
import { type Greeted, TlsGreeting, type TurnedAway } from './tls-greeting.ts';
import type { ServerContext } from './tls-settings.ts';

const SWEEP_MS = 500;
/** Oftener for those whose client has closed its side: whoever streams to it is to hear within a second that it has gone. */
const LEAVING_SWEEP_MS = 250;
/** The system's own probes find clients that vanished while nothing was being sent. */
const PROBE_AFTER_MS = 60_000;
const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: PROBE_AFTER_MS,
  highWaterMark: SIDE_BUFFER_BYTES,
} as const;

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
  /** May throw where it has none for the name: then there is no handshake. */
  readonly context: ((serverName: string | null) => ServerContext) | null;
  /** What answers a CA that looks whether this name is ours (RFC 8737); null where none has been asked to. */
  readonly challenge?: (serverName: string | null) => ServerContext | null;
  /** What HTTP/2 needs, where TLS clients are offered it by ALPN; null where only HTTP/1.1 is spoken. */
  readonly http2: Http2Offer | null;
  /** Connections from these addresses begin with a PROXY header that names their source; no others have one read. */
  readonly proxies?: AddressSet | null;
  /** Holds each network's connections to their bounds; without it only `maxConnections` bounds them. */
  readonly gate?: ConnectionGate | null;
  /** Hears of connections that ended before a request could be read, for want of room, or since nobody took their reply; once each. */
  readonly turnedAway: (reason: Ended, address: string) => void;
  /** Hears of each TLS handshake that came to a session: what the client offered, and the version that was agreed on. */
  readonly shaken?: (offers: Greeted['offers'], protocol: string) => void;
}

/** Why a connection ended otherwise than by its client or in order. `full`: there are as many as may be; `stalled`: it does not take what it is sent over HTTP/1.1. */
export type Ended = 'full' | 'idle-shed' | 'proxy-header' | 'stalled' | GateRefusal | TurnedAway | Unheard;

/** A port that is being listened on. */
export interface Listener {
  readonly port: number;
  readonly connections: number;
  /** No new connections; idle ones close, busy ones behind their reply. Resolves when all are gone or after `graceMs`. */
  drain(graceMs: number): Promise<void>;
  /**
   * Clients whose TLS session is such are to come again: idle connections close now, busy ones behind what they carry.
   * So are those whose handshake ends later, until `retire` is called again.
   */
  retire(isStale: (tls: TlsPeer) => boolean): void;
}

/** Why a port can't be listened on: the system's code, such as EADDRINUSE. */
export interface ListenFault {
  readonly code: string;
  readonly port: number;
}

/** Listens, and resolves with the listener or with why that is not possible. */
export function listen(options: ListenOptions): Promise<Listener | ListenFault> {
  const { host, port, reusePort, maxConnections } = options;
  return new Promise((resolve) => {
    const connections = new Connections(options);
    const server = createServer(SOCKET_OPTIONS, (socket) => connections.accept(socket));
    server.maxConnections = maxConnections;
    server.on('drop', (dropped) => options.turnedAway('full', plainAddress(dropped?.remoteAddress ?? '')));
    server.once('error', (fault: NodeJS.ErrnoException) => resolve({ code: fault.code ?? 'unknown', port }));
    server.listen({ host, port, reusePort, backlog: 1024 }, () => {
      server.removeAllListeners('error');
      // EMFILE and its like while accepting: the connection is lost, the listener must live.
      server.on('error', () => options.turnedAway('full', ''));
      resolve(connections.listenOn(server));
    });
  });
}

/** A connection in whatever state. */
interface Open {
  /** Of its session, once that stands. */
  readonly tls?: TlsPeer | null;
  sweep(now: number): void;
  drain(): void;
  destroy(): void;
  /** What is served on it; not there before. */
  readonly served?: Served & { readonly connection: Sheddable };
}

class Connections {
  readonly #options: ListenOptions;
  readonly #open = new Set<Open>();
  /** Those whose client has closed its side. */
  readonly #leaving = new Set<Open>();
  #draining: Promise<void> | null = null;
  #emptied: (() => void) | null = null;
  /** Whose sessions were retired last. */
  #isStale: ((tls: TlsPeer) => boolean) | null = null;
  /** The same for all connections. */
  #http2Bounds: ConnectionBounds | null = null;
  readonly #handshakes: HandshakeGate;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#handshakes = new HandshakeGate(() => options.clock.monotonic(), setImmediate);
  }

  listenOn(server: Server): Listener {
    const { clock, port } = this.#options;
    const open = this.#open;
    const sweeper = clock.every(SWEEP_MS, () => {
      const now = clock.monotonic();
      for (const connection of open) connection.sweep(now);
      this.#shedIdle(now);
    });
    const leavingSweeper = clock.every(LEAVING_SWEEP_MS, () => {
      const now = clock.monotonic();
      for (const connection of this.#leaving) connection.sweep(now);
    });
    const cancel = (): void => [sweeper, leavingSweeper].forEach((timer) => timer.cancel());
    const address = server.address();
    return {
      port: typeof address === 'object' && address !== null ? address.port : port,
      get connections() {
        return open.size;
      },
      retire: (isStale) => {
        this.#isStale = isStale;
        for (const connection of open) {
          const { tls = null } = connection;
          if (tls !== null && isStale(tls)) connection.drain();
        }
      },
      drain: (graceMs) => (this.#draining ??= this.#drain(server, { cancel }, graceMs)),
    };
  }

  accept(socket: Socket): void {
    const address = socket.remoteAddress;
    // A client that has gone again already has no address, and nothing may be judged without one.
    if (address === undefined) {
      socket.destroy();
      return;
    }
    const peer: Peer = { address: plainAddress(address), port: socket.remotePort ?? 0, tls: null, via: DIRECT };
    const { clock, bounds, proxies = null } = this.#options;
    const deadlineMs = clock.monotonic() + bounds.headMs;
    if (proxies !== null && isProxied(peer, proxies)) this.#hearProxy(socket, peer, deadlineMs);
    else this.#greet(socket, peer, deadlineMs);
  }

  #hearProxy(socket: Socket, peer: Peer, deadlineMs: number): void {
    const greeting = new ProxyGreeting(socket, {
      peer,
      deadlineMs,
      turnedAway: () => this.#options.turnedAway('proxy-header', peer.address),
      greeted: (source) => this.#greet(socket, source, deadlineMs),
      closed: () => this.#remove(greeting),
    });
    this.#open.add(greeting);
  }

  /** `peer` is the source, where a balancer named it: it is that whose network counts. */
  #greet(socket: Socket, peer: Peer, deadlineMs: number): void {
    const { context, challenge, http2, turnedAway, shaken, gate = null } = this.#options;
    const lease = gate === null ? null : gate.enter(peer.address);
    if (typeof lease === 'string') {
      socket.on('error', () => socket.destroy()).destroy();
      turnedAway(lease, peer.address);
      return;
    }
    if (lease !== null) socket.once('close', () => lease.release());
    if (context === null) {
      this.#serve(socket, peer, () => socket.resetAndDestroy());
      return;
    }
    const greeting = new TlsGreeting(socket, {
      context,
      ...(challenge === undefined ? {} : { challenge }),
      deadlineMs,
      http2: http2 !== null,
      handshakes: this.#handshakes,
      turnedAway: (reason) => turnedAway(reason, peer.address),
      greeted: ({ socket: secured, tls, offers, reset }: Greeted) => {
        shaken?.(offers, tls.protocol);
        this.#serve(secured, { ...peer, tls }, reset);
      },
      closed: () => this.#remove(greeting),
    });
    this.#open.add(greeting);
  }

  #serve(socket: Socket, peer: Peer, reset: () => void): void {
    const { handler, bounds, clock, http2, gate = null } = this.#options;
    const closed = (): void => this.#remove(entry);
    const leaving = (): void => void this.#leaving.add(entry);
    const after: Clock['after'] = (delayMs, callback) => clock.after(delayMs, callback);
    const stalled = (): void => this.#options.turnedAway('stalled', peer.address);
    const options = {
      peer,
      handler,
      bounds,
      monotonic: () => clock.monotonic(),
      after,
      reset,
      leaving,
      stalled,
      closed,
    };
    const speaksHttp2 = http2 !== null && peer.tls !== null && peer.tls.applicationProtocol === 'h2';
    const connection = speaksHttp2 ? this.#serveHttp2(socket, options, http2) : new Http1Connection(socket, options);
    const entry: Open = {
      tls: peer.tls,
      sweep: (now) => connection.sweep(now),
      drain: () => connection.drain(),
      destroy: () => socket.destroy(),
      served: { address: peer.address, isShared: gate?.isExempt(peer.address) === true, connection },
    };
    this.#open.add(entry);
    // A session may begin while its like are retired: over HTTP/2 it would be kept, and each request refused.
    const isStale = peer.tls !== null && this.#isStale?.(peer.tls) === true;
    if (isStale || this.#draining !== null) connection.drain();
  }

  #serveHttp2(socket: Socket, options: ConnectionOptions, http2: Http2Offer): Http2Connection {
    this.#http2Bounds ??= { ...options.bounds, ...http2.bounds };
    http2.counted('connection');
    const { turnedAway } = this.#options;
    const { address } = options.peer;
    return new Http2Connection(socket, {
      ...options,
      bounds: this.#http2Bounds,
      http2,
      turnedAway: (reason) => turnedAway(reason, address),
    });
  }

  #shedIdle(now: number): void {
    const { maxConnections, turnedAway } = this.#options;
    if (connectionsTooMany(this.#open.size, maxConnections) === 0) return;
    const served = [...this.#open].flatMap((open) => open.served ?? []);
    const ending = served.filter(({ connection }) => connection.isEnding).length;
    const tooMany = connectionsTooMany(this.#open.size - ending, maxConnections);
    for (const { address, connection } of idleToShed(served, tooMany, now)) {
      turnedAway('idle-shed', address);
      connection.shed();
    }
  }

  #remove(entry: Open): void {
    this.#open.delete(entry);
    this.#leaving.delete(entry);
    if (this.#open.size === 0) this.#emptied?.();
  }

  async #drain(server: Server, sweeper: Timer, graceMs: number): Promise<void> {
    server.close();
    for (const connection of this.#open) connection.drain();
    if (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.after(graceMs, resolve);
        this.#emptied = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    for (const connection of this.#open) connection.destroy();
    sweeper.cancel();
  }
}

const MAPPED = /^::ffff:([0-9.]+)$/i;

/** An IPv4 address that came through an IPv6 socket is the IPv4 address; the zone of a link-local one is our machine's own word. */
function plainAddress(address: string): string {
  const zone = address.indexOf('%');
  const plain = zone < 0 ? address : address.slice(0, zone);
  return MAPPED.exec(plain)?.[1] ?? plain;
}
