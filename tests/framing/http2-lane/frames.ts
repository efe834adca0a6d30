/** Frames as they stand on the wire (RFC 9113 §4, §6), written and read apart from the gateway's code. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const PRIORITIZED = 0x20;

export const PROTOCOL_ERROR = 1;
export const FLOW_CONTROL_ERROR = 3;
export const STREAM_CLOSED = 5;
export const FRAME_SIZE_ERROR = 6;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const ENHANCE_YOUR_CALM = 11;

/** What a client sends first (§3.4), without its SETTINGS. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** The largest payload that every peer takes (§4.2). */
export const PAYLOAD_BYTES = 16_384;

const HEAD_BYTES = 9;

/** A frame. */
export function frame(type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return announcing(payload.length, Buffer.concat([head, payload]));
}

/** The same frame with another length in its head. */
export function announcing(length: number, bytes: Buffer): Buffer {
  bytes.writeUIntBE(length, 0, 3);
  return bytes;
}

/** Four octets of a number, as in WINDOW_UPDATE and RST_STREAM. */
export function word(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}

/** A SETTINGS frame of these pairs. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const octets = pairs.map(([id, value]) => Buffer.concat([Buffer.of(id >> 8, id & 0xff), word(value)]));
  return frame(SETTINGS, 0, 0, Buffer.concat(octets));
}

/** The whole frames at the beginning of `bytes`, and how many bytes they take. */
export function readFrames(bytes: Buffer): { readonly frames: readonly Frame[]; readonly used: number } {
  const frames: Frame[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      streamId: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.subarray(at + HEAD_BYTES, end),
    });
    at = end;
  }
  return { frames, used: at };
}
