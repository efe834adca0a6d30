import { createHash, X509Certificate } from 'node:crypto';
import { connect as connectTcp, isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import { checkServerIdentity, connect as connectTls, type PeerCertificate, type SecureContext } from 'node:tls';
import { lendingTo, takeReads } from './lent-reads.ts';
import type { UpstreamBounds } from './upstream-connection.ts';
import { type UpstreamIdentity, upstreamContext } from './upstream-context.ts';
import { internetLookup, lookupAt, upstreamLookup } from './upstream-lookup.ts';

/** Where an upstream listens and how it proves itself; `ca` (PEM) takes the place of the public CAs. */
export interface UpstreamTarget {
  readonly scheme: 'http' | 'https';
  /** A name or an address; IPv6 with or without brackets. */
  readonly host: string;
  readonly port: number;
  readonly ca: string | null;
  /** What is shown where the upstream asks who we are. */
  readonly identity?: UpstreamIdentity | null;
  /** The name that its certificate must have, and that it hears (RFC 6066 §3), in the place of `host`. */
  readonly serverName?: string | null;
  /** SHA-256 of the public keys (SPKI, base64) of which its certificate must have one; none for any. */
  readonly pins?: readonly string[];
  /** Blocks of addresses that its name may stand for although no upstream has any there as a rule (upstream-lookup.ts). */
  readonly allowedAddresses?: readonly string[];
  /**
   * Whether it is an API of others: its name may stand for addresses of the open internet only, besides those. `resolver`:
   * the server that the name is asked of; null for that of the system.
   */
  readonly internet?: { readonly resolver: string | null } | null;
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
  readonly #serverName: string | null;
  readonly #pins: ReadonlySet<string>;
  readonly #secureContext: SecureContext | null;
  readonly #connect: UpstreamConnect;
  readonly #lookup: LookupFunction;

  /** `protocol`: what is offered by ALPN (RFC 7301), where there is TLS. */
  constructor(target: UpstreamTarget, protocol: 'http/1.1' | 'h2', connect: UpstreamConnect | null) {
    this.#host = target.host.replace(/^\[(.*)\]$/, '$1');
    this.#port = target.port;
    this.#protocol = protocol;
    this.#connect = connect ?? connectTcp;
    this.#lookup = lookupFor(target);
    this.readyEvent = target.scheme === 'http' ? 'connect' : 'secureConnect';
    this.#secureContext = target.scheme === 'https' ? upstreamContext(target) : null;
    // An address is no server name (RFC 6066 §3); the certificate is held against it all the same.
    this.#serverName = target.serverName ?? (isIP(this.#host) === 0 ? this.#host : null);
    this.#pins = new Set(target.pins);
  }

  /** A new connection. What comes over it is lent to `receive` (lent-reads.ts). */
  dial(receive: (bytes: Buffer) => void): Socket {
    const host = this.#host;
    const onread = lendingTo(receive);
    const options = { host, port: this.#port, noDelay: true, onread, lookup: this.#lookup };
    const secureContext = this.#secureContext;
    const serverName = this.#serverName;
    const socket =
      secureContext === null
        ? this.#connect(options)
        : connectTls({
            ...options,
            secureContext,
            ALPNProtocols: [this.#protocol],
            rejectUnauthorized: true,
            ...(serverName === null ? {} : { servername: serverName }),
            checkServerIdentity: (name, certificate) => this.#judge(name, certificate),
          });
    socket.once(this.readyEvent, () => takeReads(socket, onread.callback));
    return socket;
  }

  /** Asked once a CA has vouched for the chain, and before the connection stands. */
  #judge(name: string, certificate: PeerCertificate): Error | undefined {
    const fault = checkServerIdentity(name, certificate);
    return fault !== undefined || this.#pins.size === 0 ? fault : pinFault(certificate, this.#pins);
  }
}

function lookupFor({ allowedAddresses = [], internet = null }: UpstreamTarget): LookupFunction {
  if (internet === null) return upstreamLookup(allowedAddresses);
  const { resolver } = internet;
  return resolver === null ? internetLookup(allowedAddresses) : internetLookup(allowedAddresses, lookupAt(resolver));
}

/**
 * A certificate that is vouched for, and has another key than it may. Only its own key counts: what else an upstream
 * sends along need not be of its chain.
 */
function pinFault(certificate: PeerCertificate, pins: ReadonlySet<string>): NodeJS.ErrnoException | undefined {
  const key = new X509Certificate(certificate.raw).publicKey.export({ type: 'spki', format: 'der' });
  if (pins.has(createHash('sha256').update(key).digest('base64'))) return undefined;
  return Object.assign(new Error('the upstream has another key than the pinned ones'), { code: 'PIN_MISMATCH' });
}
