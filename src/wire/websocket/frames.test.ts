// No tests here: frames as a peer writes them, sound or not. Kept apart from the product by its name.

/** What of a frame differs from a whole text frame of `payload`. */
export interface FrameParts {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** RSV1 to RSV3, as the bits of the first octet. */
  readonly reserved?: number;
  /** Four octets; null where nothing is masked. */
  readonly mask?: readonly number[] | null;
  /** How many octets the length takes besides its seven bits, whatever it needs. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** The length that is said, where it is not the payload's. */
  readonly length?: number | bigint;
}

/** The key that the frames of the tests' clients are masked with. */
export const MASK = [0x37, 0xfa, 0x21, 0x3d] as const;

/** A frame as a client sends it. */
export function clientFrame(payload: string | Buffer, parts: FrameParts = {}): Buffer {
  return frame(payload, { mask: MASK, ...parts });
}

/** A frame as a server sends it. */
export function frame(payload: string | Buffer, parts: FrameParts = {}): Buffer {
  const bytes = Buffer.from(payload as string);
  const { opcode = 1, fin = true, reserved = 0, mask = null, length = bytes.length } = parts;
  const least = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const { lengthBytes = least } = parts;
  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = (fin ? 0x80 : 0) | reserved | opcode;
  head[1] = (mask === null ? 0 : 0x80) | (lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(Number(length), 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (mask === null) return Buffer.concat([head, bytes]);
  return Buffer.concat([head, Buffer.from(mask), bytes.map((octet, at) => octet ^ (mask[at % 4] as number))]);
}

/** The payload of a Close frame. */
export function closing(code: number, reason = ''): Buffer {
  return Buffer.concat([Buffer.of(code >>> 8, code & 0xff), Buffer.from(reason)]);
}

/** A frame that was read, its payload unmasked. */
export interface ReadFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly masked: boolean;
  readonly payload: Buffer;
}

/** The whole frames at the beginning of `bytes`, and how long they are. */
export function readFrames(bytes: Buffer): { readonly frames: readonly ReadFrame[]; readonly length: number } {
  const frames: ReadFrame[] = [];
  let at = 0;
  for (;;) {
    const one = readFrame(bytes, at);
    if (one === null) return { frames, length: at };
    frames.push(one.frame);
    at = one.end;
  }
}

function readFrame(bytes: Buffer, at: number): { readonly frame: ReadFrame; readonly end: number } | null {
  if (bytes.length - at < 2) return null;
  const first = bytes[at] as number;
  const second = bytes[at + 1] as number;
  const masked = second >= 0x80;
  const said = second & 0x7f;
  const extended = said === 126 ? 2 : said === 127 ? 8 : 0;
  const from = at + 2 + extended + (masked ? 4 : 0);
  if (bytes.length < from) return null;
  const length = extended === 0 ? said : bytes.readUIntBE(at + 2 + Math.max(0, extended - 6), Math.min(6, extended));
  const end = from + length;
  if (bytes.length < end) return null;
  const mask = masked ? bytes.subarray(from - 4, from) : null;
  const payload = bytes
    .subarray(from, end)
    .map((octet, place) => (mask === null ? octet : octet ^ (mask[place % 4] as number)));
  return {
    frame: { opcode: first & 0x0f, fin: first >= 0x80, masked, payload: Buffer.from(payload) },
    end,
  };
}
