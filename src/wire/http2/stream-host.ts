import type { Peer } from '../message.ts';
import type { PaceBounds } from '../pace.ts';
import type { ConnectionMemo, ServerBounds } from '../server.ts';
import type { DataSender, SendingStream } from './data-sender.ts';
import type { Http2Bounds, Http2Fault } from './protocol.ts';

/** What of a connection's bounds its streams keep to. */
export type StreamBounds = PaceBounds & Pick<ServerBounds, 'headMs'> & Pick<Http2Bounds, 'streamWindowBytes'>;

/** What an exchange needs of its connection. None of it calls back, except where it says so. */
export interface StreamHost<Stream extends SendingStream> {
  readonly memo: ConnectionMemo;
  readonly peer: Peer;
  readonly bounds: StreamBounds;
  readonly sender: DataSender<Stream>;
  /** Milliseconds of the monotonic clock, as they were when the present read began. */
  moment(): number;
  /** Sends HEADERS with this block. */
  head(stream: Stream, block: string, endStream: boolean): void;
  /** The stream is over and forgotten: in order where `code` is null, else by RST_STREAM. What came of it and was not consumed is credited. */
  end(stream: Stream, code: number | null, fault: Http2Fault | null): void;
  /** So much of what came was taken, or thrown away: the windows may open again. Never called of a stream that is over. */
  consumed(stream: Stream, bytes: number): void;
  /** No further request is to be begun for so long: see `Hush`. */
  hush(ms: number): void;
  /** No further stream is wanted: the connection closes in order, behind those that are under way. */
  retire(): void;
  /** The sender holds something of this stream: memory must be found for it. The connection may end the stream meanwhile. */
  held(stream: Stream): void;
}
