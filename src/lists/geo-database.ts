import { Reader, type Response } from 'mmdb-lib';
import { type AddressBytes, err, ok, type Result } from '../base/index.ts';

/** What a database of networks is asked for. */
export type GeoQuestion = 'country' | 'asn';

/** Larger than any database of countries and networks that is sold. */
export const GEO_LIMIT_BYTES = 512 * 1024 * 1024;
/** Behind the tree, before the data (MaxMind DB format 2.0). */
const SEPARATOR_BYTES = 16;
/** So many records are looked at before one says that a database has no answers. */
const SAMPLED_RECORDS = 1_000;

/** A database in MaxMind's format, to be asked for the country or the autonomous system of an address. */
export class GeoDatabase {
  /** When it was made, in milliseconds. */
  readonly builtAtMs: number;
  readonly #reader: Reader<Response>;
  readonly #question: GeoQuestion;

  private constructor(reader: Reader<Response>, question: GeoQuestion) {
    this.#reader = reader;
    this.#question = question;
    this.builtAtMs = Number(reader.metadata.buildEpoch);
  }

  /**
   * Opens a database. One that is cut short, whose tree leads out of it, or that has no answers to the question, such as
   * one of cities that is asked for systems, is an error.
   */
  static open(bytes: Uint8Array, question: GeoQuestion): Result<GeoDatabase, string> {
    try {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const reader = new Reader<Response>(buffer);
      const tree = treeOf(reader, buffer);
      if (!tree.ok) return tree;
      const database = new GeoDatabase(reader, question);
      for (const address of sampleOf(tree.value)) if (database.#find(address) !== null) return ok(database);
      return err(`says of no address which ${question === 'country' ? 'country' : 'autonomous system'} it is of`);
    } catch {
      return err('is no database in MaxMind’s format, or is cut short');
    }
  }

  /** Opens again what `open` took before, at no cost that grows with it; anything else is a bug, and throws now or when asked. */
  static reopen(bytes: Uint8Array, question: GeoQuestion): GeoDatabase {
    return new GeoDatabase(
      new Reader<Response>(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
      question,
    );
  }

  /** The country's code of two letters (ISO 3166-1), or the number of the system; null where it is not known. A record that can't be read throws. */
  find(address: AddressBytes): string | number | null {
    return this.#find(address.length === 4 ? address.join('.') : textOf(address));
  }

  #find(address: string): string | number | null {
    // The tree of a database of IPv4 alone would be walked by the first bits of an IPv6 address.
    if (this.#reader.metadata.ipVersion === 4 && address.includes(':')) return null;
    const record: unknown = this.#reader.get(address);
    if (this.#question === 'asn') {
      const number = memberOf(record, 'autonomous_system_number');
      return typeof number === 'number' ? number : null;
    }
    // As MaxMind lays it out; the last one is what plain lists of countries have.
    const code =
      memberOf(memberOf(record, 'country'), 'iso_code') ??
      memberOf(memberOf(record, 'registered_country'), 'iso_code') ??
      memberOf(record, 'country_code');
    return typeof code === 'string' ? code.toUpperCase() : null;
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function textOf(address: AddressBytes): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) {
    groups.push((((address[at] as number) << 8) | (address[at + 1] as number)).toString(16));
  }
  return groups.join(':');
}

/** The search tree of a database: two records for each node. */
interface SearchTree {
  readonly nodes: number;
  readonly bits: 32 | 128;
  record(node: number, side: 0 | 1): number;
}

/** The tree, where every record of it is a node, nothing, or lies in the data. */
function treeOf({ metadata }: Reader<Response>, bytes: Buffer): Result<SearchTree, string> {
  const { nodeCount: nodes, recordSize, searchTreeSize } = metadata;
  const dataEnd = bytes.lastIndexOf(METADATA_MARK);
  const dataBytes = dataEnd - searchTreeSize - SEPARATOR_BYTES;
  const sound = nodes > 0 && (recordSize === 24 || recordSize === 28 || recordSize === 32) && dataBytes > 0;
  if (!sound) return err('is cut short: its tree does not fit into it');
  const tree: SearchTree = {
    nodes,
    bits: metadata.ipVersion === 4 ? 32 : 128,
    record: (node, side) => recordAt(bytes, { node, side, recordSize }),
  };
  for (let node = 0; node < nodes; node++)
    for (const side of SIDES) {
      const beyond = tree.record(node, side) - nodes - SEPARATOR_BYTES;
      if (beyond >= dataBytes || (beyond < 0 && beyond > -SEPARATOR_BYTES))
        return err('has a tree that leads out of it');
    }
  return ok(tree);
}

const METADATA_MARK = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const SIDES = [0, 1] as const;

function recordAt(
  bytes: Buffer,
  { node, side, recordSize }: { readonly node: number; readonly side: 0 | 1; readonly recordSize: 24 | 28 | 32 },
): number {
  if (recordSize === 24) return bytes.readUIntBE(node * 6 + side * 3, 3);
  if (recordSize === 32) return bytes.readUInt32BE(node * 8 + side * 4);
  const middle = bytes[node * 7 + 3] as number;
  const high = side === 0 ? middle >>> 4 : middle & 0x0f;
  return high * 0x100_0000 + bytes.readUIntBE(node * 7 + side * 4, 3);
}

/**
 * Addresses that records say something of, the lowest first, and so many of them at most. A node is walked through once:
 * some lead to others' nodes (IPv4 has several places in a tree of IPv6), and in a spoiled tree round in a circle.
 */
function* sampleOf(tree: SearchTree): Generator<string> {
  const path: (readonly [node: number, depth: number, bits: bigint])[] = [[0, 0, 0n]];
  const walked = new Set<number>();
  let left = SAMPLED_RECORDS;
  for (let place = path.pop(); place !== undefined && left > 0; place = path.pop()) {
    const [node, depth, bits] = place;
    if (node > tree.nodes) {
      left--;
      yield addressOf(bits << BigInt(tree.bits - depth), tree.bits);
    } else if (node < tree.nodes && depth < tree.bits && !walked.has(node)) {
      walked.add(node);
      for (const side of [1, 0] as const) path.push([tree.record(node, side), depth + 1, (bits << 1n) | BigInt(side)]);
    }
  }
}

function addressOf(value: bigint, bits: 32 | 128): string {
  const bytes = Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex');
  return bits === 32 ? bytes.join('.') : textOf(bytes);
}
