import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { lendingTo, takeReads } from './lent-reads.ts';
import type { UpstreamBounds } from './upstream-connection.ts';

/** Where an upstream listens and how it proves itself; `ca` (PEM) takes the place of the public CAs. */
export interface UpstreamTarget {
  readonly scheme: 'http' | 'https';
  /** A name or an address; IPv6 with or without brackets. */
  readonly host: string;
  readonly port: number;
  readonly ca: string | null;
  readonly bounds: UpstreamBounds;
}

/** Connects as `net.connect` does. */
export type UpstreamConnect = (options: TcpNetConnectOpts) => Socket;

/** Opens connections to one upstream. */
export class UpstreamDialer {
  /** What a socket tells when it stands, TLS included. */
  readonly readyEvent: 'connect' | 'secureConnect';
  readonly #host: string;
  readonly #port: number;
  readonly #protocol: string;
  readonly #secureContext: SecureContext | null;
  readonly #connect: UpstreamConnect;

  /** `protocol`: what is offered by ALPN (RFC 7301), where there is TLS. */
  constructor(target: UpstreamTarget, protocol: 'http/1.1' | 'h2', connect: UpstreamConnect | null) {
    this.#host = target.host.replace(/^\[(.*)\]$/, '$1');
    this.#port = target.port;
    this.#protocol = protocol;
    this.#connect = connect ?? connectTcp;
    this.readyEvent = target.scheme === 'http' ? 'connect' : 'secureConnect';
    // Made once: reading the CAs anew for each connection costs milliseconds.
    this.#secureContext = target.scheme === 'https' ? upstreamContext(target.ca) : null;
  }

  /** A new connection. What comes over it is lent to `receive` (lent-reads.ts). */
  dial(receive: (bytes: Buffer) => void): Socket {
    const host = this.#host;
    const onread = lendingTo(receive);
    const options = { host, port: this.#port, noDelay: true, onread };
    const secureContext = this.#secureContext;
    const socket =
      secureContext === null
        ? this.#connect(options)
        : connectTls({
            ...options,
            secureContext,
            ALPNProtocols: [this.#protocol],
            rejectUnauthorized: true,
            // An address is no server name (RFC 6066 §3); the certificate is held against it all the same.
            ...(isIP(host) ? {} : { servername: host }),
          });
    socket.once(this.readyEvent, () => takeReads(socket, onread.callback));
    return socket;
  }
}

function upstreamContext(ca: string | null): SecureContext {
  return createSecureContext({ minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) });
}
