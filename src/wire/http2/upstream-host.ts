import type { CallState, UpstreamFailure } from '../upstream-call.ts';
import type { UpstreamBounds } from '../upstream-connection.ts';
import type { RequestHeadEncoder } from './hpack-encoder.ts';
import type { Http2Bounds } from './protocol.ts';

/** What a connection has from its pool, and tells it. */
export interface Http2UpstreamHost<Connection> {
  readonly scheme: 'http' | 'https';
  readonly times: UpstreamBounds;
  readonly bounds: Http2Bounds;
  readonly encoder: RequestHeadEncoder;
  readonly monotonic: () => number;
  /** A connection may take calls, or more of them than before. */
  freed(): void;
  /** A call holds its stream no more, whatever became of it; told once of each. */
  left(call: CallState): void;
  /** A call has failed. `again`: it may be sent again on another connection. */
  failed(call: CallState, failure: UpstreamFailure, again: boolean): void;
  /**
   * The connection is over, and so are all of its calls but those whose reply is here whole. `again`: it hung up before it
   * had said anything, so that whoever waits for it may as well ask for another.
   */
  lost(connection: Connection, failure: UpstreamFailure, again: boolean): void;
}
