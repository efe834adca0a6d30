/** The fields of a message as they were read once. Names are given in lower case; order is that of arrival. */
export interface HeaderMap {
  readonly size: number;
  has(name: string): boolean;
  /** The value, several joined by `, ` (RFC 9110 §5.3), or null. */
  get(name: string): string | null;
  /** Each value on its own, in order. */
  all(name: string): readonly string[];
  entries(): IterableIterator<readonly [name: string, value: string]>;
}

/** The TLS session a request came over. */
export interface TlsPeer {
  readonly protocol: string;
  readonly cipher: string;
  readonly group: string | null;
  /** The host of the ClientHello, canonical, or null where none was named. */
  readonly serverName: string | null;
  readonly applicationProtocol: string | null;
  /** The id of the client trust that the session was judged by; null where no certificate was asked for. */
  readonly trust: string | null;
  /** The client's certificate, proven and vouched for; null where there is none, or it is not good. */
  readonly client: ClientCertificate | null;
  /** Why a certificate that was shown is not good: OpenSSL's code, for log and ledger only. Null where none was shown. */
  readonly clientFault: string | null;
}

/** A client's certificate that one of the trusted CAs vouches for. */
export interface ClientCertificate {
  /** SHA-256 over the certificate, hexadecimal with colons. */
  readonly fingerprint256: string;
  /** The subject's parts in the certificate's order: `O=Partner,CN=batch`, special characters escaped (RFC 4514 §2.4). */
  readonly subject: string;
  /** The subject of the CA that vouches for it, in the same way: of those that the operator named, the nearest above it. */
  readonly issuer: string;
  /** The names of subjectAltName, each with its kind: `dns:` in lower case, `uri:`, `email:`, `ip:` in canonical form. */
  readonly names: readonly string[];
  readonly notAfterMs: number;
}

/** Who is at the other end of the connection. Addresses are canonical text; IPv4-mapped IPv6 is given as IPv4. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly tls: TlsPeer | null;
  /** The proxies that said so, where the address is what they said: the nearest first. `DIRECT` where there are none. */
  readonly via: readonly string[];
}

/** No proxies on the way. */
export const DIRECT: readonly string[] = Object.freeze([]);

/**
 * The one reading of a request, used for matching, for policies and for what goes upstream. Nothing in it changes.
 * `host` is lower case without port or trailing dot; `path` begins with `/`, is percent-decoded only where that can't
 * change its meaning (RFC 3986 §6.2.2); `query` is without its `?`, null where there was none.
 */
export interface CanonicalRequest {
  readonly method: string;
  readonly host: string;
  /** The port the client named in Host, or null. */
  readonly port: number | null;
  readonly path: string;
  readonly query: string | null;
  readonly headers: HeaderMap;
  readonly peer: Peer;
}

/** How the end of a body is known. `until-close` exists for replies only (RFC 9112 §6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

/** A whole body: its octets, or a text with one character for each of them, which costs less to pass on. */
export type WholeBody = Buffer | string;

/** Memory that connections share, so that none takes the room of the others. */
export interface MemoryShare {
  /** False where there is no room for so many bytes more for this client. */
  take(peer: Peer, bytes: number): boolean;
  /** Gives back what the same client took. */
  giveBack(peer: Peer, bytes: number): void;
}

/** Takes a body piece by piece. A chunk is the receiver's to keep; `chunk` returns false to ask for a pause, which `resume` of the source ends. */
export interface BodySink {
  chunk(bytes: Buffer): boolean;
  end(): void;
}
