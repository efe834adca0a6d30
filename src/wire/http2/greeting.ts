import { HEAD_BOUNDS } from '../fields.ts';
import { settings, windowUpdate } from './frame-writer.ts';
import { FIRST_WINDOW_BYTES, type Http2Bounds, Setting } from './protocol.ts';

/** What a client sends first (RFC 9113 §3.4). */
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Our preface as a server (RFC 9113 §3.4): what we allow, and the window of the connection, which SETTINGS can't say (§6.9.2). */
export function greetingOf(bounds: Http2Bounds): string {
  const own = settings([
    [Setting.maxConcurrentStreams, bounds.streams],
    [Setting.enableConnectProtocol, 1],
    [Setting.maxHeaderListSize, HEAD_BOUNDS.bytes],
  ]);
  return own + windowUpdate(0, bounds.connectionWindowBytes - FIRST_WINDOW_BYTES);
}

/** Our preface as a client: no pushes, what we read of heads, and the window of the connection. */
export function clientGreeting(bounds: Pick<Http2Bounds, 'connectionWindowBytes'>): string {
  const own = settings([
    [Setting.enablePush, 0],
    [Setting.maxHeaderListSize, HEAD_BOUNDS.bytes],
  ]);
  return PREFACE + own + windowUpdate(0, bounds.connectionWindowBytes - FIRST_WINDOW_BYTES);
}
