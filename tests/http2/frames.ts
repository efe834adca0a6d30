// Written apart from the product's codec, so that both can't be wrong in the same way. RFC 9113 §4 and §6, RFC 7541.

/** Types of frames (RFC 9113 §6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames. */
export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Error codes (RFC 9113 §7). */
export const ERROR = {
  none: 0x0,
  protocol: 0x1,
  internal: 0x2,
  flowControl: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSize: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compression: 0x9,
  enhanceYourCalm: 0xb,
} as const;

/** Settings (RFC 9113 §6.5.2). */
export const SETTING = { headerTableSize: 1, initialWindowSize: 4 } as const;

/** A frame as it came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** What a client sends first (RFC 9113 §3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const HEAD_BYTES = 9;
const NOTHING = Buffer.alloc(0);

/** The bytes of a frame; nothing is checked. */
export function frame(type: number, flags: number, streamId: number, payload: Buffer = NOTHING): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** The whole frames that the bytes begin with, and what is left. */
export function readFrames(bytes: Buffer): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length - at >= HEAD_BYTES) {
    const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const [type = 0, flags = 0] = bytes.subarray(at + 3, at + 5);
    const streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    frames.push({ type, flags, streamId, payload: bytes.subarray(at + HEAD_BYTES, end) });
    at = end;
  }
  return { frames, rest: bytes.subarray(at) };
}

/** Four octets, the highest first. */
export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A SETTINGS frame of these pairs of id and value. */
export function settings(pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = pairs.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 0xff]), word(value)]));
  return frame(FRAME.settings, 0, 0, Buffer.concat(payload));
}

/** RST_STREAM. */
export function reset(streamId: number, code: number = ERROR.cancel): Buffer {
  return frame(FRAME.reset, 0, streamId, word(code));
}

/** WINDOW_UPDATE. */
export function windowUpdate(streamId: number, by: number): Buffer {
  return frame(FRAME.windowUpdate, 0, streamId, word(by));
}

/** An HPACK integer behind the bits of `first` (RFC 7541 §5.1). */
export function integer(first: number, prefixBits: number, value: number): Buffer {
  const limit = 2 ** prefixBits - 1;
  if (value < limit) return Buffer.from([first | value]);
  const octets = [first | limit];
  let left = value - limit;
  for (; left >= 128; left = Math.floor(left / 128)) octets.push((left % 128) | 0x80);
  return Buffer.from([...octets, left]);
}

/** A field as a literal with a new name and without Huffman: kept out of the table, or put into it (RFC 7541 §6.2). */
export function literal(name: string, value: string, isIndexed = false): Buffer {
  const text = (from: string): Buffer[] => [integer(0, 7, from.length), Buffer.from(from, 'latin1')];
  return Buffer.concat([Buffer.from([isIndexed ? 0x40 : 0x00]), ...text(name), ...text(value)]);
}

/** A header block of a request: the four pseudo fields, then these. */
export function requestBlock(
  method: string,
  path: string,
  fields: readonly (readonly [string, string])[] = [],
  authority = 'localhost',
): Buffer {
  const pseudo = [
    [':method', method],
    [':scheme', 'https'],
    [':authority', authority],
    [':path', path],
  ] as const;
  return Buffer.concat([...pseudo, ...fields].map(([name, value]) => literal(name, value)));
}

const STATUS_OF_INDEX = [200, 204, 206, 304, 400, 404, 500];
const FIRST_STATUS_INDEX = 8;

/**
 * The status that a reply's block begins with: an entry of the static table, or a literal of three octets whose name is one
 * (RFC 7541 appendix A), of whatever kind. Null for all else, a block that begins with a size update of the table excepted.
 */
export function statusOfBlock(block: Buffer): number | null {
  const from = block[0] !== undefined && (block[0] & 0xe0) === 0x20 ? 1 : 0;
  const first = block[from] ?? 0;
  if ((first & 0x80) !== 0) return STATUS_OF_INDEX[(first & 0x7f) - FIRST_STATUS_INDEX] ?? null;
  const nameIndex = (first & 0x40) !== 0 ? first & 0x3f : first & 0x0f;
  const isStatus = nameIndex >= FIRST_STATUS_INDEX && nameIndex < FIRST_STATUS_INDEX + STATUS_OF_INDEX.length;
  if (!isStatus || block[from + 1] !== 3) return null;
  return Number(block.toString('latin1', from + 2, from + 5));
}
