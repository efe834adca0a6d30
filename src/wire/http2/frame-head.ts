import { Flag, FrameType, type Http2Fault } from './protocol.ts';

/** One setting: its number in two octets, its value in four (RFC 9113 §6.5.1). */
export const SETTING_OCTETS = 6;

/** What PRIORITY and the priority of HEADERS take (RFC 9113 §6.2, §6.3). */
export const PRIORITY_OCTETS = 5;

/** What is wrong with a frame by its type, wherever it stands (RFC 9113 §6). */
export function headFault(type: number, flags: number, length: number, streamId: number): Http2Fault | null {
  switch (type) {
    case FrameType.data:
    case FrameType.headers:
      if (streamId === 0) return 'wrong-stream';
      return length < prefixOctets(type, flags) ? 'frame-size' : null;
    case FrameType.priority:
      return streamId === 0 ? 'wrong-stream' : null;
    case FrameType.rstStream:
      if (streamId === 0) return 'wrong-stream';
      return length === 4 ? null : 'frame-size';
    case FrameType.settings:
      if (streamId !== 0) return 'wrong-stream';
      return ((flags & Flag.ack) === 0 ? length % SETTING_OCTETS : length) === 0 ? null : 'frame-size';
    case FrameType.pushPromise:
      return 'push-promise';
    case FrameType.ping:
      if (streamId !== 0) return 'wrong-stream';
      return length === 8 ? null : 'frame-size';
    case FrameType.goaway:
      if (streamId !== 0) return 'wrong-stream';
      return length >= 8 ? null : 'frame-size';
    case FrameType.windowUpdate:
      return length === 4 ? null : 'frame-size';
    default:
      return null;
  }
}

/** What stands before the data of DATA and the block of HEADERS: length of padding, priority (RFC 9113 §6.1, §6.2). */
export function prefixOctets(type: number, flags: number): number {
  const padded = (flags & Flag.padded) === 0 ? 0 : 1;
  return type === FrameType.headers && (flags & Flag.priority) !== 0 ? padded + PRIORITY_OCTETS : padded;
}

/** An octet that is known to be there. */
export function octet(bytes: Buffer, at: number): number {
  return bytes[at] as number;
}

/** Numbers of streams and increments, whose highest bit is reserved and ignored. */
export function uint31(bytes: Buffer, at: number): number {
  return uint32(bytes, at) & 0x7fff_ffff;
}

/** Four octets as a number without sign. */
export function uint32(bytes: Buffer, at: number): number {
  const high = (octet(bytes, at) << 24) | (octet(bytes, at + 1) << 16);
  return (high | (octet(bytes, at + 2) << 8) | octet(bytes, at + 3)) >>> 0;
}
