import type { Clock } from '../ports/index.ts';
import type { Peer } from './message.ts';
import type { ServerBounds, ServerHandler } from './server.ts';

/** What a connection is built from. `monotonic` gives milliseconds. */
export interface ConnectionOptions {
  readonly peer: Peer;
  readonly handler: ServerHandler;
  readonly bounds: ServerBounds;
  readonly monotonic: () => number;
  readonly after: Clock['after'];
  /** Ends the transport so that the client can't take what it has for the whole. */
  readonly reset: () => void;
  /** Called once when the client has closed its side before the connection is over. */
  readonly leaving?: () => void;
  /** Called when the client is given up since it does not take what it is sent. HTTP/2 has a fault of that name. */
  readonly stalled?: () => void;
  /** Called once when the connection is over. */
  readonly closed: () => void;
}
