import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { judgeClient, NOT_ASKED } from './client-certificate.ts';
import {
  canonicalServerName,
  CLIENT_HELLO_LIMIT_BYTES,
  type ClientHello,
  offersHybrid,
  readClientHello,
} from './client-hello.ts';
import { giveFirstBytes } from './first-bytes.ts';
import type { Handshake, HandshakeGate } from './handshake-gate.ts';
import type { TlsPeer } from './message.ts';
import type { JudgedBy, ServerContext } from './tls-settings.ts';

/** What we speak, in the order in which we like it; a client that speaks none of it gets no session (RFC 7301 §3.2). */
const HTTP1_ONLY = protocols('\x08http/1.1');
const HTTP2_FIRST = protocols('\x02h2\x08http/1.1');
/** What a CA speaks when it looks whether a name is ours, alone and with no request behind it (RFC 8737 §3). */
const CHALLENGE_PROTOCOL = 'acme-tls/1';
const CHALLENGE_ONLY = protocols('\x0aacme-tls/1');
const NOTHING = Buffer.alloc(0);
/** A ClientHello of the largest size, with the headers of its records. */
const GREETING_LIMIT_BYTES = CLIENT_HELLO_LIMIT_BYTES + 1_024;

/** Why a connection ended before a request could be read. */
export type TurnedAway = 'not-tls' | 'handshake' | 'handshake-timeout' | 'handshake-queue';

/** What a greeting led to: the secured socket, and how to end it so that the client can't take what it has for the whole. */
export interface Greeted {
  readonly socket: TLSSocket;
  readonly tls: TlsPeer;
  /** Whether the client offered a post-quantum hybrid group; Node tells a server nothing of the one that was agreed on. */
  readonly offers: 'hybrid' | 'classic';
  readonly reset: () => void;
}

/** What a greeting is done with. */
export interface GreetingOptions {
  /** May throw where there is none for the name. */
  readonly context: (serverName: string | null) => ServerContext;
  /** What answers a CA that looks whether this name is ours (RFC 8737); null where none has been asked to. */
  readonly challenge?: (serverName: string | null) => ServerContext | null;
  /** When the handshake must be done, on the monotonic clock. */
  readonly deadlineMs: number;
  /** Whether HTTP/2 is offered. */
  readonly http2: boolean;
  /** Where handshakes wait for their turn. */
  readonly handshakes: HandshakeGate;
  readonly turnedAway: (reason: TurnedAway) => void;
  readonly greeted: (greeted: Greeted) => void;
  /** Nothing is left of the connection, or it is no longer this greeting's. */
  readonly closed: () => void;
}

/**
 * Brings one TCP connection to a TLS session: reads the ClientHello, however it is cut, chooses the context by its name,
 * and shakes hands. It ends exactly once: greeted or turned away.
 */
export class TlsGreeting implements Handshake {
  readonly #raw: Socket;
  readonly #options: GreetingOptions;
  #bytes: Buffer = NOTHING;
  #secured: TLSSocket | null = null;
  /** The client trust of the context that was chosen. */
  #trust: JudgedBy | null = null;
  #over = false;
  /** While it waits for its turn. */
  #hello: ClientHello | null = null;
  /** It is a CA's look at a name: the handshake is all there is to it. */
  #challenged = false;
  readonly #onData = (bytes: Buffer): void => this.#read(bytes);
  readonly #onLost = (): void => this.#turnAway('handshake');
  readonly #onRawEnd = (): void => this.#turnAway('not-tls');

  constructor(raw: Socket, options: GreetingOptions) {
    this.#raw = raw;
    this.#options = options;
    raw.on('error', this.#onLost);
    raw.on('data', this.#onData);
    raw.on('end', this.#onRawEnd);
    raw.on('close', this.#onLost);
  }

  /** Holds the deadline. */
  sweep(now: number): void {
    if (now > this.#options.deadlineMs) this.#turnAway('handshake-timeout');
  }

  /** A handshake that has begun may end, and its one request be answered: deadline and grace bound it. */
  drain(): void {}

  destroy(): void {
    this.#turnAway('handshake');
  }

  #read(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const reading = readClientHello(this.#bytes);
    if (reading.kind === 'hello') this.#queue(reading.hello);
    else if (reading.kind === 'broken' || this.#bytes.length > GREETING_LIMIT_BYTES) this.#turnAway('not-tls');
  }

  #queue(hello: ClientHello): void {
    const raw = this.#raw;
    raw.off('data', this.#onData);
    raw.off('end', this.#onRawEnd);
    raw.pause();
    this.#hello = hello;
    if (!this.#options.handshakes.enter(this)) this.#turnAway('handshake-queue');
  }

  /** Its turn among the handshakes has come. */
  begin(): void {
    const hello = this.#hello;
    this.#hello = null;
    if (hello !== null && !this.#over) this.#shakeHands(hello);
  }

  #shakeHands(hello: ClientHello): void {
    const raw = this.#raw;
    const bytes = this.#bytes;
    this.#bytes = NOTHING;
    let secured: TLSSocket;
    try {
      const challenge = this.#challengeOf(hello);
      this.#challenged = challenge !== null;
      // No context for this name: no handshake, and never one with another's certificate.
      const { secure: secureContext, trust } = challenge ?? this.#options.context(hello.serverName);
      this.#trust = trust;
      const ALPNProtocols = this.#challenged ? CHALLENGE_ONLY : this.#options.http2 ? HTTP2_FIRST : HTTP1_ONLY;
      // A client whose certificate is not good is told so by HTTP: TLS 1.3 clients hardly hear of it otherwise.
      const asks = { requestCert: trust !== null, rejectUnauthorized: false };
      secured = new TLSSocket(raw, { isServer: true, secureContext, ALPNProtocols, ...asks });
    } catch {
      this.#turnAway('handshake');
      return;
    }
    this.#secured = secured;
    secured.on('error', this.#onLost);
    secured.on('close', this.#onLost);
    // With half-open sockets a client that leaves now is seen by nothing else.
    secured.on('end', this.#onLost);
    secured.once('secure', () => this.#settle(secured, hello));
    giveFirstBytes(secured, raw, bytes);
  }

  /** Only for a client that speaks nothing else: a certificate for a challenge is never shown to any other. */
  #challengeOf({ serverName, protocols: offered }: ClientHello): ServerContext | null {
    if (offered.length !== 1 || offered[0] !== CHALLENGE_PROTOCOL) return null;
    return this.#options.challenge?.(serverName) ?? null;
  }

  #settle(secured: TLSSocket, hello: ClientHello): void {
    if (this.#over) return;
    if (this.#challenged) {
      // The CA has seen what it came for. Whatever it sends is not read; the deadline ends what it does not.
      secured.end();
      return;
    }
    // The context was chosen by the first ClientHello; a second one (HelloRetryRequest) must not have named another host.
    const named = typeof secured.servername === 'string' ? secured.servername : null;
    if (named !== null && canonicalServerName(named) !== hello.serverName) {
      this.#turnAway('handshake');
      return;
    }
    this.#over = true;
    const raw = this.#raw;
    raw.off('close', this.#onLost);
    // The TLS socket tells of what befalls this one. Our listener would keep the greeting as long as the connection.
    raw.on('error', ignore).off('error', this.#onLost);
    secured.off('error', this.#onLost);
    secured.off('close', this.#onLost);
    secured.off('end', this.#onLost);
    const reset = (): void => {
      raw.resetAndDestroy();
      secured.destroy();
    };
    const tls = tlsPeerOf(secured, hello.serverName, this.#trust);
    this.#options.greeted({ socket: secured, tls, offers: offersHybrid(hello) ? 'hybrid' : 'classic', reset });
    this.#options.closed();
  }

  #turnAway(reason: TurnedAway): void {
    if (this.#over) return;
    this.#over = true;
    this.#hello = null;
    this.#options.handshakes.leave(this);
    this.#secured?.destroy();
    this.#raw.destroy();
    if (!this.#challenged) this.#options.turnedAway(reason);
    this.#options.closed();
  }
}

function ignore(): void {}

/**
 * A list as it goes over the wire (RFC 7301 §3.1). Node copies it for each connection: names and byte arrays into 64 KiB
 * that it shares with other short texts, and all of them would stay as long as the connection. A view's copy stands alone.
 */
function protocols(list: string): DataView {
  return new DataView(Uint8Array.from(Buffer.from(list, 'latin1')).buffer);
}

function tlsPeerOf(socket: TLSSocket, serverName: string | null, trust: JudgedBy | null): TlsPeer {
  const protocol = socket.alpnProtocol;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    // Node tells a server nothing of the group it agreed on.
    group: null,
    serverName,
    applicationProtocol: typeof protocol === 'string' ? protocol : null,
    trust: trust === null ? null : trust.id,
    ...(trust === null ? NOT_ASKED : judgeClient(socket, trust.authorities)),
  };
}
