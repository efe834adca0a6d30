import { AddressSet, isRequestId, parseAddress } from '../base/index.ts';
import type { TrustedProxiesConfig } from '../config/compiled.ts';
import type { CanonicalRequest, Peer } from '../wire/index.ts';
import { type ForwardedHop, type HopReader, readForwarded, readForwardedFor } from './forwarded-field.ts';

/** What is known of one connection: what it said last, and of which client that made it tell. */
interface Connection {
  readonly isTrusted: boolean;
  said: string | null;
  client: Peer;
}

/** What a field tells: the client, and the proxies between it and the connection's own, the nearest first. */
interface Told {
  /** The field's text, a copy: what is read of a head would keep all of it. */
  readonly said: string;
  readonly client: ForwardedHop;
  readonly via: readonly string[];
}

/** Fields that are read once for all connections, some megabyte; when there are more, all are read anew. */
const KEPT_TEXTS = 4_096;
const KEPT_CHARACTERS = 256;

/** The proxies whose word on the client is taken, and the one field in which they give it. */
export class TrustedProxies {
  readonly #addresses: AddressSet;
  readonly #field: TrustedProxiesConfig['field'];
  /** By the peer of the connection, which lives as long as that. */
  readonly #connections = new WeakMap<Peer, Connection>();
  /** By the text of the field. */
  readonly #told = new Map<string, Told>();

  constructor({ addresses, field }: TrustedProxiesConfig) {
    this.#addresses = AddressSet.of(addresses);
    this.#field = field;
  }

  /**
   * Who sent the request: the connection's own peer, unless that is trusted and names another. Of the addresses that
   * stand in the field, from the right, the first that is not trusted is the client; where all are, the leftmost. Null
   * where the field is malformed so far as it was read: then nobody knows who it is. The same client of the same
   * connection is mostly the same object.
   */
  clientOf({ peer, headers }: CanonicalRequest): Peer | null {
    const connection = this.#connectionOf(peer);
    if (!connection.isTrusted || !headers.has(this.#field)) return peer;
    const lines = headers.all(this.#field);
    // No value holds a line feed.
    const said = lines.join('\n');
    if (said === connection.said) return connection.client;
    const told = this.#told.get(said) ?? this.#read(lines, said);
    if (told === null) return null;
    connection.said = told.said;
    connection.client = {
      address: told.client.address,
      port: told.client.port,
      tls: peer.tls,
      via: [peer.address, ...told.via],
    };
    return connection.client;
  }

  /** The id that a trusted peer gave the request; null where there is none, or it is none of 64 plain characters. */
  requestIdOf({ peer, headers }: CanonicalRequest): string | null {
    if (!this.#connectionOf(peer).isTrusted) return null;
    const id = headers.get('x-request-id');
    return id !== null && isRequestId(id) ? id : null;
  }

  /** Whether this is one of them. */
  trusts(address: string): boolean {
    const parsed = parseAddress(address);
    return parsed.ok && this.#addresses.has(parsed.value);
  }

  #connectionOf(peer: Peer): Connection {
    let connection = this.#connections.get(peer);
    if (connection === undefined) {
      connection = { isTrusted: this.trusts(peer.address), said: null, client: peer };
      this.#connections.set(peer, connection);
    }
    return connection;
  }

  #read(lines: readonly string[], said: string): Told | null {
    const hops = this.#field === 'forwarded' ? readForwarded(lines) : readForwardedFor(lines);
    const found = hops === null ? null : this.#walk(hops);
    if (found === null) return null;
    const told: Told = { said: Buffer.from(said, 'latin1').toString('latin1'), ...found };
    if (said.length > KEPT_CHARACTERS) return told;
    if (this.#told.size >= KEPT_TEXTS) this.#told.clear();
    this.#told.set(told.said, told);
    return told;
  }

  #walk(next: HopReader): Pick<Told, 'client' | 'via'> | null {
    const via: string[] = [];
    let client: ForwardedHop | null = null;
    for (;;) {
      const hop = next();
      if (hop === undefined) return null;
      if (hop === null) break;
      if (client !== null) via.push(client.address);
      client = hop;
      if (!this.trusts(hop.address)) break;
    }
    return client === null ? null : { client, via };
  }
}
