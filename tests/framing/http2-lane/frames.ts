import { ERROR, FLAG, FRAME, settings as settingsOf } from '../../http2/frames.ts';

export { type Frame, frame, PREFACE, word } from '../../http2/frames.ts';

export const {
  data: DATA,
  headers: HEADERS,
  priority: PRIORITY,
  reset: RST_STREAM,
  settings: SETTINGS,
  pushPromise: PUSH_PROMISE,
  ping: PING,
  goaway: GOAWAY,
  windowUpdate: WINDOW_UPDATE,
  continuation: CONTINUATION,
} = FRAME;

export const { endStream: END_STREAM, ack: ACK, endHeaders: END_HEADERS, padded: PADDED, priority: PRIORITIZED } = FLAG;

export const {
  protocol: PROTOCOL_ERROR,
  flowControl: FLOW_CONTROL_ERROR,
  streamClosed: STREAM_CLOSED,
  frameSize: FRAME_SIZE_ERROR,
  refusedStream: REFUSED_STREAM,
  cancel: CANCEL,
  compression: COMPRESSION_ERROR,
  enhanceYourCalm: ENHANCE_YOUR_CALM,
} = ERROR;

/** The largest payload that every peer takes (RFC 9113 §4.2). */
export const PAYLOAD_BYTES = 16_384;

/** The same frame with another length in its head. */
export function announcing(length: number, bytes: Buffer): Buffer {
  bytes.writeUIntBE(length, 0, 3);
  return bytes;
}

/** A SETTINGS frame of these pairs. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  return settingsOf(pairs);
}
