import type { Outcome } from '../policy/index.ts';
import type { Meter } from '../ports/index.ts';
import { seriesBy } from './series.ts';

/** What stands: a WebSocket, a stream of server-sent events, a gRPC call. */
export type StreamKind = 'websocket' | 'events' | 'grpc';

/**
 * Why a stream ended. `client`, `upstream`: that side ended it or was lost. `idle`: nothing came for too long. `message`:
 * a message broke its protocol or was too large. `rate`: more came than may. `expired`: the credential it began with has.
 * `refused`: it would not be let in any more. `reload`: the configuration in force leads elsewhere. `drain`: the thread ends.
 */
export type StreamEnd =
  | 'client'
  | 'upstream'
  | 'idle'
  | 'message'
  | 'rate'
  | 'expired'
  | 'refused'
  | 'reload'
  | 'drain';

/** Why a stream ended, as its request ended, where the gateway did not end it. */
export function streamEndOf({ complete, problemCode }: Pick<Outcome, 'complete' | 'problemCode'>): StreamEnd {
  if (complete) return 'upstream';
  if (problemCode === 'malformed-message' || problemCode === 'message-too-large') return 'message';
  if (problemCode === 'upstream-timeout' || problemCode === 'deadline-exceeded') return 'idle';
  if (problemCode === 'gateway-overloaded') return 'reload';
  return problemCode?.startsWith('upstream-') === true ? 'upstream' : 'client';
}

/** What is counted of streams that stand. */
export interface StreamMetrics {
  opened(kind: StreamKind): void;
  /** Once for each that was opened. */
  closed(kind: StreamKind, reason: StreamEnd): void;
}

/** Each series is made with its first count. */
export function createStreamMetrics(meter: Meter): StreamMetrics {
  const standing = seriesBy((kind: StreamKind) => ({
    gauge: meter.gauge('portcullis_streams', 'Streams that stand open now, by kind.', { kind }),
    count: 0,
  }));
  const help = 'Streams that stood and have ended, by kind and reason.';
  const ends = seriesBy((kind: StreamKind) =>
    seriesBy((reason: StreamEnd) => meter.counter('portcullis_streams_closed_total', help, { kind, reason })),
  );
  const change = (kind: StreamKind, by: 1 | -1): void => {
    const now = standing(kind);
    now.count += by;
    now.gauge.set(now.count);
  };
  return {
    opened: (kind) => change(kind, 1),
    closed(kind, reason) {
      change(kind, -1);
      ends(kind)(reason).add(1);
    },
  };
}
