import type { Result } from '../base/index.ts';

/** A server of names: an address, IPv6 without brackets, and a port. */
export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

/** How long is waited for a reply, and whether a message is the one that is waited for. */
export interface DnsWait {
  readonly timeoutMs: number;
  readonly accept: (message: Uint8Array) => boolean;
}

/** Messages to servers of names and back (RFC 1035 §4.2). The error says in words why there is no reply. */
export interface DnsTransport {
  /**
   * Sends one datagram from a port that is chosen by chance for it alone. Gives the first message of that very server
   * that is accepted; others are passed over, a bounded number of them.
   */
  datagram(server: DnsServer, message: Uint8Array, wait: DnsWait): Promise<Result<Uint8Array, string>>;
  /** The same over a connection of its own, with the length ahead of each message (RFC 1035 §4.2.2, RFC 7766). */
  stream(server: DnsServer, message: Uint8Array, wait: DnsWait): Promise<Result<Uint8Array, string>>;
}
