import { once } from 'node:events';
import { connect, performServerHandshake, type ClientHttp2Session, type ServerHttp2Session } from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';
import { ERROR, FLAG, FRAME, type Frame, frame, PREFACE, readFrames, settings } from '../http2/frames.ts';

/** Names and values in turn, as Node gives them. */
export type RawFields = readonly string[];

/** What became of one block that was sent: its fields, or that its stream was reset. */
export type BlockOutcome = { readonly fields: RawFields } | 'reset' | 'unanswered';

/** What became of a connection. */
export interface ConnectionOutcome {
  readonly blocks: readonly BlockOutcome[];
  /** The code of the GOAWAY that ended it, or null. */
  readonly ended: number | null;
}

const HEADERS_FLAGS = FLAG.endHeaders | FLAG.endStream;

/** Collects the frames that come over one side of a pair. */
class FrameSide {
  readonly frames: Frame[] = [];
  readonly #side: Duplex;
  #rest: Buffer = Buffer.alloc(0);
  #seen: () => void = () => {};
  #prefaceBytes: number;

  constructor(side: Duplex, prefaceBytes = 0) {
    this.#side = side;
    this.#prefaceBytes = prefaceBytes;
    side.on('data', (bytes: Buffer) => this.#receive(bytes));
    side.on('close', () => this.#seen());
    // Whoever is refused may be cut off; what counts is what came before.
    side.on('error', () => this.#seen());
  }

  send(...parts: readonly Buffer[]): void {
    if (!this.#side.destroyed) this.#side.write(Buffer.concat(parts));
  }

  /** Waits until one of the frames satisfies, or the other side has gone. */
  async sees(wanted: (frame: Frame) => boolean): Promise<void> {
    while (!this.frames.some(wanted) && !this.#side.destroyed)
      await new Promise<void>((resolve) => {
        this.#seen = resolve;
      });
  }

  close(): void {
    this.#side.destroy();
  }

  #receive(bytes: Buffer): void {
    const { frames, rest } = readFrames(Buffer.concat([this.#rest, bytes.subarray(this.#prefaceBytes)]));
    this.#prefaceBytes = Math.max(0, this.#prefaceBytes - bytes.length);
    this.frames.push(...frames);
    this.#rest = rest;
    this.#seen();
  }
}

function isAckOf(type: number): (frame: Frame) => boolean {
  return (each) => each.type === type && (each.flags & FLAG.ack) !== 0;
}

/** Sends header blocks to a server of Node's, each as a request of its own, all over one connection. */
export async function askNode(blocks: readonly Buffer[]): Promise<ConnectionOutcome> {
  const [near, far] = duplexPair();
  const side = new FrameSide(near);
  const session: ServerHttp2Session = performServerHandshake(far, { maxHeaderListPairs: 4_000 });
  const given = new Map<number, RawFields>();
  session.on('error', () => {});
  session.on('stream', (stream, _headers, _flags, raw: RawFields) => {
    stream.on('error', () => {});
    given.set(stream.id ?? 0, raw);
  });
  const requests = blocks.map((block, at) => frame(FRAME.headers, HEADERS_FLAGS, at * 2 + 1, block));
  side.send(PREFACE, settings([]), ...requests, frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
  const isPong = isAckOf(FRAME.ping);
  await side.sees((each) => isPong(each) || each.type === FRAME.goaway);
  const goaway = side.frames.find(({ type }) => type === FRAME.goaway);
  const resets = new Set(side.frames.filter(({ type }) => type === FRAME.reset).map(({ streamId }) => streamId));
  session.destroy();
  side.close();
  return {
    blocks: blocks.map((_, at) => {
      const fields = given.get(at * 2 + 1);
      if (fields !== undefined) return { fields };
      return resets.has(at * 2 + 1) ? 'reset' : 'unanswered';
    }),
    ended: goaway === undefined ? null : goaway.payload.readUInt32BE(4),
  };
}

/** A client of Node's and the far end of its connection. */
export class NodeClient {
  readonly #session: ClientHttp2Session;
  readonly #side: FrameSide;
  #nextId = 1;

  constructor() {
    const [near, far] = duplexPair();
    this.#side = new FrameSide(far, PREFACE.length);
    this.#session = connect('http://a.test', { createConnection: () => near });
    this.#session.on('error', () => {});
    this.#side.send(settings([]));
  }

  /** Asks with these fields, names and values in turn, and answers with a block. Gives the request's block and the reply as Node reads it. */
  async exchange(fields: RawFields, reply: Buffer): Promise<{ readonly block: Buffer; readonly reply: RawFields }> {
    const streamId = this.#nextId;
    this.#nextId += 2;
    const request = this.#session.request(fields as string[], { endStream: true });
    const answered = once(request, 'response');
    const isHead = (each: Frame): boolean => each.streamId === streamId && (each.flags & FLAG.endHeaders) !== 0;
    await this.#side.sees(isHead);
    const pieces = this.#side.frames.filter((each) => each.streamId === streamId);
    this.#side.send(frame(FRAME.headers, HEADERS_FLAGS, streamId, reply));
    const [, , raw] = (await answered) as [unknown, unknown, RawFields];
    request.close(ERROR.none);
    return { block: Buffer.concat(pieces.filter(({ type }) => BLOCK_TYPES.has(type)).map(blockOf)), reply: raw };
  }

  close(): void {
    this.#session.destroy();
    this.#side.close();
  }
}

const BLOCK_TYPES: ReadonlySet<number> = new Set([FRAME.headers, FRAME.continuation]);

const PRIORITY_BYTES = 5;

/** The piece of a header block in a frame of Node's, which pads none. */
function blockOf({ flags, type, payload }: Frame): Buffer {
  const hasPriority = type === FRAME.headers && (flags & FLAG.priority) !== 0;
  return hasPriority ? payload.subarray(PRIORITY_BYTES) : payload;
}
