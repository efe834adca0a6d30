import { Flag, FrameType } from './protocol.ts';

/** Frames as text of one character an octet. Numbers are trusted to be in range: all of them are ours. */

/** The nine octets before a payload (RFC 9113 §4.1). */
export function frameHead(length: number, type: number, flags: number, streamId: number): string {
  return String.fromCharCode(
    length >>> 16,
    (length >>> 8) & 0xff,
    length & 0xff,
    type,
    flags,
    streamId >>> 24,
    (streamId >>> 16) & 0xff,
    (streamId >>> 8) & 0xff,
    streamId & 0xff,
  );
}

/** HEADERS with a whole header block, and CONTINUATION behind it where the block is longer than a frame may be (§6.2, §6.10). */
export function headerFrames(streamId: number, block: string, endStream: boolean, maxFrameBytes: number): string {
  const flags = endStream ? Flag.endStream : 0;
  const { length } = block;
  if (length <= maxFrameBytes) return frameHead(length, FrameType.headers, flags | Flag.endHeaders, streamId) + block;
  let text = frameHead(maxFrameBytes, FrameType.headers, flags, streamId) + block.slice(0, maxFrameBytes);
  for (let at = maxFrameBytes; at < length; at += maxFrameBytes) {
    const piece = block.slice(at, at + maxFrameBytes);
    const last = at + piece.length === length;
    text += frameHead(piece.length, FrameType.continuation, last ? Flag.endHeaders : 0, streamId) + piece;
  }
  return text;
}

/** RST_STREAM (§6.4). */
export function rstStream(streamId: number, code: number): string {
  return frameHead(4, FrameType.rstStream, 0, streamId) + uint32(code);
}

/** GOAWAY, without debug data (§6.8). */
export function goaway(lastStreamId: number, code: number): string {
  return frameHead(8, FrameType.goaway, 0, 0) + uint32(lastStreamId) + uint32(code);
}

/** SETTINGS (§6.5). */
export function settings(pairs: readonly (readonly [id: number, value: number])[]): string {
  let text = frameHead(6 * pairs.length, FrameType.settings, 0, 0);
  for (const [id, value] of pairs) text += String.fromCharCode(id >>> 8, id & 0xff) + uint32(value);
  return text;
}

/** The acknowledgement of SETTINGS (§6.5.3). */
export const SETTINGS_ACK: string = frameHead(0, FrameType.settings, Flag.ack, 0);

/** PING with eight octets of our own (§6.7). */
export function ping(opaque: string): string {
  return frameHead(8, FrameType.ping, 0, 0) + opaque;
}

/** The answer to a PING, with its octets. */
export function pingAck(opaque: string): string {
  return frameHead(8, FrameType.ping, Flag.ack, 0) + opaque;
}

/** WINDOW_UPDATE; stream 0 is the connection (§6.9). `by` is at least 1. */
export function windowUpdate(streamId: number, by: number): string {
  return frameHead(4, FrameType.windowUpdate, 0, streamId) + uint32(by);
}

function uint32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}
