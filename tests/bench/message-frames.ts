/** Bytes of each message of the WebSocket row: the most that the shortest frame head tells. */
export const PAYLOAD_BYTES = 125;
/** The masking key of the load's frames; a client of the world takes a new one for each (RFC 6455 §5.3). */
export const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
/** A client's frame: two bytes of head, the masking key, and the payload. */
export const FRAME_BYTES = 2 + MASK.length + PAYLOAD_BYTES;

/** What a message says, and what must come back. */
export const PAYLOAD = Buffer.alloc(PAYLOAD_BYTES, 'a message of the bench ');

/** A binary message as a client sends it: FIN, opcode 2, masked. */
export function clientFrame(): Buffer {
  const masked = PAYLOAD.map((byte, at) => byte ^ (MASK[at & 3] as number));
  return Buffer.concat([Buffer.from([0x82, 0x80 | PAYLOAD_BYTES]), MASK, masked]);
}

/** The same message as a server sends it. */
export function serverFrame(): Buffer {
  return Buffer.concat([Buffer.from([0x82, PAYLOAD_BYTES]), PAYLOAD]);
}
