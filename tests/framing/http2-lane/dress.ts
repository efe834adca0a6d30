import * as h2 from './frames.ts';
import { type Field, huffmanString, IndexingEncoder, literals } from './hpack.ts';
import type { Cut } from './http2-client.ts';
import type { LaneRequest } from './lane-case.ts';

/** The ways a request is written. None of them may change what is made of it. */
export const DRESSES = ['literals', 'Huffman', 'table', 'table again', 'pieces', 'padding', 'bytes'] as const;

/** One of them. */
export type DressName = (typeof DRESSES)[number];

/** The frames of a request: those of its head, and those behind it. */
export interface Dressed {
  readonly head: Buffer;
  readonly rest: Buffer;
  readonly cut: Cut;
}

/** Writes requests for one connection, whose table it remembers. */
export class Wardrobe {
  readonly #table = new IndexingEncoder();

  dress({ fields, data, end, trailers = [] }: LaneRequest, id: number, name: DressName): Dressed {
    const put = FRAMINGS[name];
    const head = put.block(id, this.#block(fields, name), end === 'head');
    const pieces = data === null ? [] : put.data(id, data, end === 'data');
    if (end === 'trailers') pieces.push(put.block(id, this.#block(trailers, name), true));
    return { head, rest: Buffer.concat(pieces), cut: name === 'bytes' ? 'bytes' : 'whole' };
  }

  #block(fields: readonly Field[], name: DressName): Buffer {
    if (name === 'Huffman') return literals(fields, huffmanString);
    return name === 'table' || name === 'table again' ? this.#table.block(fields) : literals(fields);
  }
}

interface Framing {
  readonly block: (id: number, block: Buffer, endStream: boolean) => Buffer;
  readonly data: (id: number, data: Buffer, endStream: boolean) => Buffer[];
}

const plain: Framing = {
  block: (id, block, endStream) => blockFrames(id, inSizes(block, [h2.PAYLOAD_BYTES]), endStream),
  data: (id, data, endStream) => dataFrames(id, inSizes(data, [h2.PAYLOAD_BYTES]), endStream),
};

/** As many pieces of a block as a server has to take, behind its first one. */
const CONTINUATIONS = 16;

/** The first octets one by one, and the rest in as few frames as can be. */
const inPieces: Framing = {
  block: (id, block, endStream) => {
    const ones = CONTINUATIONS - 1;
    const first = Math.max(1, block.length - ones - h2.PAYLOAD_BYTES);
    return blockFrames(id, inSizes(block, [first, ...Array<number>(ones).fill(1), h2.PAYLOAD_BYTES]), endStream);
  },
  data: (id, data, endStream) =>
    dataFrames(id, inSizes(data, [...Array<number>(CONTINUATIONS).fill(1), h2.PAYLOAD_BYTES]), endStream),
};

const PAD_BYTES = 5;
/** So much room padding and priority take. */
const PADDED_BYTES = h2.PAYLOAD_BYTES - PAD_BYTES - 6;

/** Padding on all frames that may have it, and a priority that means nothing (RFC 9113 §5.3.2). */
const padded: Framing = {
  block: (id, block, endStream) => {
    const [first = Buffer.alloc(0), ...others] = inSizes(block, [PADDED_BYTES, h2.PAYLOAD_BYTES]);
    const priority = Buffer.concat([h2.word(0x80000000), Buffer.of(15)]);
    const payload = Buffer.concat([Buffer.of(PAD_BYTES), priority, first, Buffer.alloc(PAD_BYTES)]);
    const flags = h2.PADDED | h2.PRIORITIZED | (endStream ? h2.END_STREAM : 0);
    const head = h2.frame(h2.HEADERS, flags | (others.length === 0 ? h2.END_HEADERS : 0), id, payload);
    return Buffer.concat([head, ...continuations(id, others)]);
  },
  data: (id, data, endStream) =>
    inSizes(data, [PADDED_BYTES]).map((piece, at, all) => {
      const flags = h2.PADDED | (endStream && at === all.length - 1 ? h2.END_STREAM : 0);
      return h2.frame(h2.DATA, flags, id, Buffer.concat([Buffer.of(PAD_BYTES), piece, Buffer.alloc(PAD_BYTES)]));
    }),
};

const FRAMINGS: Readonly<Record<DressName, Framing>> = {
  literals: plain,
  Huffman: plain,
  table: plain,
  'table again': plain,
  pieces: inPieces,
  padding: padded,
  bytes: plain,
};

/** HEADERS and CONTINUATION frames, one for each piece. */
export function blockFrames(id: number, pieces: readonly Buffer[], endStream: boolean): Buffer {
  const [first = Buffer.alloc(0), ...others] = pieces;
  const flags = (endStream ? h2.END_STREAM : 0) | (others.length === 0 ? h2.END_HEADERS : 0);
  return Buffer.concat([h2.frame(h2.HEADERS, flags, id, first), ...continuations(id, others)]);
}

function continuations(id: number, pieces: readonly Buffer[]): Buffer[] {
  return pieces.map((piece, at) => h2.frame(h2.CONTINUATION, at === pieces.length - 1 ? h2.END_HEADERS : 0, id, piece));
}

function dataFrames(id: number, pieces: readonly Buffer[], endStream: boolean): Buffer[] {
  return pieces.map((piece, at) =>
    h2.frame(h2.DATA, endStream && at === pieces.length - 1 ? h2.END_STREAM : 0, id, piece),
  );
}

/** Cuts into pieces of these sizes, the last one again and again; one empty piece where there is nothing. */
function inSizes(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  do {
    const size = sizes[Math.min(pieces.length, sizes.length - 1)] as number;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  } while (at < bytes.length);
  return pieces;
}
