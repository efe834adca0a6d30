import { HEAD_BOUNDS } from '../fields.ts';
import { FIRST_WINDOW_BYTES } from './connection-streams.ts';
import { settings, windowUpdate } from './frame-writer.ts';
import { type Http2Bounds, Setting } from './protocol.ts';

/** Our preface (RFC 9113 §3.4): what we allow, and the window of the connection, which SETTINGS can't say (§6.9.2). */
export function greetingOf(bounds: Http2Bounds): string {
  const own = settings([
    [Setting.maxConcurrentStreams, bounds.streams],
    [Setting.maxHeaderListSize, HEAD_BOUNDS.bytes],
  ]);
  return own + windowUpdate(0, bounds.connectionWindowBytes - FIRST_WINDOW_BYTES);
}
