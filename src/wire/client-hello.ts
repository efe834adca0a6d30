/** What the first message of a TLS handshake says, as far as the gateway decides by it. */
export interface ClientHello {
  /** The host asked for (RFC 6066 §3), lower case without trailing dot, or null. */
  readonly serverName: string | null;
  /** Protocols offered (RFC 7301), in the client's order. */
  readonly protocols: readonly string[];
  /** Groups that keys may be agreed in (RFC 8446 §4.2.7), in the client's order; the first 64, and none where they can't be read. */
  readonly groups: readonly number[];
}

/** Groups that join an elliptic curve with ML-KEM: SecP256r1MLKEM768, X25519MLKEM768 and SecP384r1MLKEM1024. */
const HYBRID_GROUPS: ReadonlySet<number> = new Set([4587, 4588, 4589]);

/** Whether a client could agree on keys that hold against quantum computers too. */
export function offersHybrid({ groups }: ClientHello): boolean {
  return groups.some((group) => HYBRID_GROUPS.has(group));
}

/** `more` while the message is not whole yet; `broken` when the bytes are none. */
export type ClientHelloReading =
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  | { readonly kind: 'more' }
  | { readonly kind: 'broken' };

/** More than this is no ClientHello anybody sends: post-quantum ones are below 2 KiB. */
export const CLIENT_HELLO_LIMIT_BYTES = 16_384;

/** Over so many records a ClientHello may be spread: libraries cut at 512 bytes at the least. */
const RECORD_LIMIT = 64;
const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_GROUPS = 10;
const EXTENSION_PROTOCOLS = 16;
/** More than four times of what there are names for. */
const GROUP_LIMIT = 64;
const MORE: ClientHelloReading = { kind: 'more' };
const BROKEN: ClientHelloReading = { kind: 'broken' };
const HOST_NAME =
  /^(?=.{1,253}\.?$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/;

/**
 * Reads a ClientHello (RFC 8446 §4.1.2) from the beginning of a connection. Its fragments over several records are put
 * together first, since judging only the first would let a client hide the host it asks for.
 */
export function readClientHello(bytes: Uint8Array): ClientHelloReading {
  const fragments: Uint8Array[] = [];
  let gathered = 0;
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== HANDSHAKE_RECORD || (at + 1 < bytes.length && bytes[at + 1] !== 3)) return BROKEN;
    if (fragments.length === RECORD_LIMIT) return BROKEN;
    if (bytes.length < at + RECORD_HEADER_BYTES) return MORE;
    const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    if (length === 0 || length > CLIENT_HELLO_LIMIT_BYTES) return BROKEN;
    at += RECORD_HEADER_BYTES;
    const fragment = bytes.subarray(at, at + length);
    at += length;
    fragments.push(fragment);
    gathered += fragment.length;
    const reading = readFragments(fragments, gathered);
    if (reading !== MORE) return reading;
  }
  return MORE;
}

/** The message in the fragments so far: its type and length can be told from the first four bytes. */
function readFragments(fragments: readonly Uint8Array[], gathered: number): ClientHelloReading {
  if (gathered === 0) return MORE;
  if (fragments[0]?.[0] !== CLIENT_HELLO) return BROKEN;
  if (gathered < 4) return MORE;
  const length = messageLength(fragments);
  if (length > CLIENT_HELLO_LIMIT_BYTES) return BROKEN;
  return gathered < 4 + length ? MORE : readMessage(Buffer.concat(fragments).subarray(4, 4 + length));
}

function messageLength(fragments: readonly Uint8Array[]): number {
  let length = 0;
  let seen = 0;
  for (const fragment of fragments) {
    for (let at = 0; at < fragment.length && seen < 4; at++, seen++) {
      if (seen > 0) length = length * 256 + (fragment[at] as number);
    }
  }
  return length;
}

function readMessage(message: Buffer): ClientHelloReading {
  const reader = new Reader(message);
  reader.skip(2 + 32);
  reader.skip(reader.number(1));
  reader.skip(reader.number(2));
  reader.skip(reader.number(1));
  if (reader.failed) return BROKEN;
  let serverName: string | null = null;
  let protocols: readonly string[] = [];
  let groups: readonly number[] = [];
  const seen = new Set<number>();
  const extensions = reader.left === 0 ? new Reader(Buffer.alloc(0)) : reader.block(2);
  while (extensions.left > 0 && !extensions.failed) {
    const type = extensions.number(2);
    const data = extensions.block(2);
    if (seen.has(type)) return BROKEN;
    seen.add(type);
    if (type === EXTENSION_SERVER_NAME) {
      const name = readServerName(data);
      if (name === null) return BROKEN;
      serverName = name;
    } else if (type === EXTENSION_PROTOCOLS) protocols = readProtocols(data);
    else if (type === EXTENSION_GROUPS) groups = readGroups(data);
    if (data.failed) return BROKEN;
  }
  if (reader.failed || reader.left > 0 || extensions.failed) return BROKEN;
  return { kind: 'hello', hello: { serverName, protocols, groups } };
}

/** One name of type host_name; several, or none that is a host name, is an error. */
function readServerName(data: Reader): string | null {
  const list = data.block(2);
  const type = list.number(1);
  const name = list.block(2).rest().toString('latin1');
  if (data.failed || data.left > 0 || list.failed || list.left > 0 || type !== 0) return null;
  return canonicalServerName(name);
}

/**
 * A name that a client asks for, in the form of `ClientHello.serverName`; null for what is none. Underscores may stand in
 * it, as they do in names inside of networks.
 */
export function canonicalServerName(text: string): string | null {
  const name = text.toLowerCase();
  if (!HOST_NAME.test(name)) return null;
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function readProtocols(data: Reader): readonly string[] {
  const list = data.block(2);
  const protocols: string[] = [];
  while (list.left > 0 && !list.failed) protocols.push(list.block(1).rest().toString('latin1'));
  if (list.failed || data.left > 0) data.fail();
  return protocols;
}

/** They are only counted: whether a list that can't be read ends the handshake is for OpenSSL to say. */
function readGroups(data: Reader): readonly number[] {
  const bytes = data.rest();
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== bytes.length - 2 || bytes.length % 2 !== 0) return [];
  const count = Math.min(bytes.length / 2 - 1, GROUP_LIMIT);
  return Array.from({ length: count }, (_, at) => bytes.readUInt16BE(2 + at * 2));
}

/** Walks big-endian numbers and length-prefixed blocks; once it has run over the end it has failed for good. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  failed = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  fail(): void {
    this.failed = true;
  }

  skip(count: number): void {
    if (count > this.left) this.failed = true;
    else this.#at += count;
  }

  number(octets: number): number {
    if (this.failed || octets > this.left) {
      this.failed = true;
      return 0;
    }
    const value = this.#bytes.readUIntBE(this.#at, octets);
    this.#at += octets;
    return value;
  }

  block(lengthOctets: number): Reader {
    const length = this.number(lengthOctets);
    const start = this.#at;
    this.skip(length);
    return new Reader(this.failed ? Buffer.alloc(0) : this.#bytes.subarray(start, start + length));
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}
