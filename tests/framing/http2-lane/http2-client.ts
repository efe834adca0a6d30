import { FrameClient } from '../../http2/frame-client.ts';
import type { Message } from '../message-reader.ts';
import { type Address, piecesOf } from '../raw-client.ts';
import type { Signal } from '../signal.ts';
import * as h2 from './frames.ts';
import { type Field, readPlainBlock } from './hpack.ts';

/** What has come on a stream. */
export interface StreamRecord {
  /** Final heads and their bodies; more than one is a violation. */
  readonly heads: Field[][];
  readonly interims: Field[][];
  readonly data: Buffer[];
  ended: boolean;
  /** The code of a RST_STREAM, or null. */
  reset: number | null;
}

interface OpenBlock {
  readonly streamId: number;
  readonly flags: number;
  readonly pieces: Buffer[];
}

/** How bytes are written: all at once, or one byte after the other. */
export type Cut = 'whole' | 'bytes';

/** A client of HTTP/2 that sends the bytes it is given and keeps what comes, as a strict reader of RFC 9113. */
export class Http2Client {
  readonly streams = new Map<number, StreamRecord>();
  /** What is wrong with what came, or null. */
  violation: string | null = null;
  /** The code of the last GOAWAY, or null. */
  goaway: number | null = null;
  /** Acknowledged settings and pings. */
  settingsAcks = 0;
  readonly pings: string[] = [];
  readonly #client: FrameClient;
  /** A header block that goes on. */
  #block: OpenBlock | null = null;
  #nextId = 1;

  private constructor(client: FrameClient) {
    this.#client = client;
    client.onFrame = (frame) => this.#judge(frame);
    for (const frame of client.frames) this.#judge(frame);
  }

  /** Connects with h2 as the only protocol; the promise fails where it is not agreed. */
  static async connect(address: Address): Promise<Http2Client> {
    return new Http2Client(await FrameClient.connect(address));
  }

  get signal(): Signal {
    return this.#client.signal;
  }

  /** Whether the other side has ended the connection. */
  get closed(): boolean {
    return this.#client.closed;
  }

  /** The id of a stream to open next. */
  nextId(): number {
    const id = this.#nextId;
    this.#nextId += 2;
    return id;
  }

  /** Sends bytes; byte by byte it stops when `enough` says that the rest would not be read. */
  async send(bytes: Buffer, cut: Cut, enough: () => boolean = () => false): Promise<void> {
    for (const piece of cut === 'whole' ? [bytes] : piecesOf(bytes)) {
      if (this.closed || enough()) return;
      if (piece.length > 0) await this.#client.send(piece);
    }
  }

  /** Ends this side. */
  finish(): void {
    this.#client.finish();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#client.destroy();
  }

  /** What came on a stream so far. */
  stream(id: number): StreamRecord {
    const known = this.streams.get(id);
    if (known !== undefined) return known;
    const record: StreamRecord = { heads: [], interims: [], data: [], ended: false, reset: null };
    this.streams.set(id, record);
    return record;
  }

  /** Whether nothing more can come on a stream. */
  isOver(id: number): boolean {
    const { ended, reset } = this.stream(id);
    return ended || reset !== null || this.closed;
  }

  /** The whole reply on a stream in the words of HTTP/1.1, or null where there is none. */
  reply(id: number): Message | null {
    const { heads, data, ended } = this.stream(id);
    const [head] = heads;
    if (head === undefined || !ended) return null;
    const status = head.find(([name]) => name === ':status')?.[1] ?? '';
    return {
      start: `HTTP/2.0 ${status} `,
      fields: head.filter(([name]) => !name.startsWith(':')),
      body: Buffer.concat(data),
      framing: 'length',
      trailers: 0,
      chunkExtensions: false,
    };
  }

  #judge(frame: h2.Frame): void {
    try {
      this.#take(frame);
    } catch (error) {
      this.violation ??= error instanceof Error ? error.message : String(error);
    }
  }

  #take({ type, flags, streamId, payload }: h2.Frame): void {
    if (payload.length > h2.PAYLOAD_BYTES) throw new Error(`a frame of ${payload.length} bytes`);
    if (this.#block !== null && type !== h2.CONTINUATION) throw new Error('a frame inside a header block');
    switch (type) {
      case h2.HEADERS:
        if ((flags & (h2.PADDED | h2.PRIORITIZED)) !== 0) throw new Error('padding or priority');
        this.#block = { streamId, flags, pieces: [payload] };
        if ((flags & h2.END_HEADERS) !== 0) this.#head();
        break;
      case h2.CONTINUATION:
        if (this.#block?.streamId !== streamId) throw new Error('a CONTINUATION of another stream');
        this.#block.pieces.push(payload);
        if ((flags & h2.END_HEADERS) !== 0) this.#head();
        break;
      case h2.DATA: {
        const record = this.#open(streamId);
        if (record.heads.length !== 1) throw new Error('DATA without one head');
        record.data.push(payload);
        record.ended = (flags & h2.END_STREAM) !== 0;
        break;
      }
      case h2.RST_STREAM:
        this.stream(streamId).reset ??= payload.readUInt32BE();
        break;
      case h2.SETTINGS:
        if ((flags & h2.ACK) !== 0) this.settingsAcks++;
        break;
      case h2.PING:
        if ((flags & h2.ACK) !== 0) this.pings.push(payload.toString('latin1'));
        break;
      case h2.GOAWAY:
        this.goaway = payload.readUInt32BE(4);
        break;
      case h2.WINDOW_UPDATE:
        break;
      default:
        throw new Error(`a frame of type ${type}`);
    }
  }

  /** The record of a stream that may still bring something. */
  #open(streamId: number): StreamRecord {
    const record = this.stream(streamId);
    if (streamId % 2 === 0 || streamId >= this.#nextId) throw new Error(`stream ${streamId} was never opened`);
    if (record.ended || record.reset !== null) throw new Error(`stream ${streamId} goes on behind its end`);
    return record;
  }

  #head(): void {
    const { streamId, flags, pieces } = this.#block as OpenBlock;
    this.#block = null;
    const record = this.#open(streamId);
    const fields = readPlainBlock(Buffer.concat(pieces));
    const [first] = fields;
    if (first?.[0] !== ':status' || !/^[1-5][0-9]{2}$/.test(first[1])) throw new Error('a head without :status');
    const odd = fields.find(([name]) => !/^:?[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name));
    if (odd !== undefined) throw new Error(`the field name ${JSON.stringify(odd[0])}`);
    const interim = first[1].startsWith('1');
    (interim ? record.interims : record.heads).push(fields);
    record.ended = (flags & h2.END_STREAM) !== 0;
    if (record.heads.length > 1 || (interim && record.ended))
      throw new Error('two heads, or an interim one at the end');
  }
}
