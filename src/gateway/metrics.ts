import { problemCatalogue, type ProblemCode } from '../base/index.ts';
import type { Priority } from '../config/compiled.ts';
import type { Counter, Gauge, Histogram, Meter } from '../ports/index.ts';
import type { Http2Fault } from '../wire/index.ts';
import type { GrpcStatus } from './grpc-status.ts';
import { createStreamMetrics, type StreamMetrics } from './stream-metrics.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const LATE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;
/** `none`: the client left, or the connection was cut, before a reply began. */
const CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Why the gateway cut requests that it might have served. */
export type CutReason = 'snapshot';

/** The series of a gateway thread. Labels come from closed sets: API names of the configuration and problem codes. */
export interface GatewayMetrics {
  /** Counts a finished exchange. `api` is null where none was matched, `status` 0 where no reply began. */
  finished(api: string | null, status: number, durationUs: number): void;
  refused(code: ProblemCode): void;
  /** Counts what a policy that only observes would have refused. */
  observed(code: ProblemCode): void;
  /** Counts a refusal that has no record of its own. */
  summed(): void;
  /** Counts requests for so many ranges that the upstream is asked for the whole. */
  rangesDropped(): void;
  /** Counts calls of gRPC by the status that they ended with. */
  grpcStatus(api: string, code: GrpcStatus): void;
  turnedAway(reason: string): void;
  /** Counts connections that speak HTTP/2, and the streams that clients open over them. */
  http2Counted(what: 'connection' | 'stream'): void;
  /** Counts what was ended for a fault of a client over HTTP/2. */
  http2Fault(fault: Http2Fault): void;
  /** Counts requests that the gateway itself cut. `snapshot`: too many configurations were in use. */
  cut(reason: CutReason, passages: number): void;
  readonly inFlight: Gauge;
  /** Counts a request that was refused since the thread can't serve all. */
  shed(api: string, priority: Priority): void;
  /** Says by how much the thread was late at least in the last moment, and the level of overload that follows. */
  overload(lateMs: number, level: number): void;
  readonly streams: StreamMetrics;
  /** Counts messages of WebSocket that were passed on. */
  messages(api: string, from: 'client' | 'upstream', count: number): void;
}

/** Counts by problem code; each series is made with its first count. */
function codeCounter(meter: Meter, name: string, help: string): (code: ProblemCode) => void {
  const counters = new Map<ProblemCode, Counter>();
  return (code) => {
    let counter = counters.get(code);
    if (counter === undefined) {
      counter = meter.counter(name, help, { code });
      counters.set(code, counter);
    }
    counter.add(1);
  };
}

/** Each series is made with its first count. */
function grpcCounter(meter: Meter): GatewayMetrics['grpcStatus'] {
  const counters = new Map<string, Counter>();
  return (api, code) => {
    const key = `${api} ${code}`;
    let counter = counters.get(key);
    if (counter === undefined) {
      const help = 'Calls of gRPC that have ended, by API and status.';
      counter = meter.counter('portcullis_grpc_statuses_total', help, { api, code });
      counters.set(key, counter);
    }
    counter.add(1);
  };
}

/** Each reason's series is made with its first count. */
function turnedAwayCounter(meter: Meter): (reason: string) => void {
  const turned = new Map<string, Counter>();
  return (reason) => {
    let counter = turned.get(reason);
    if (counter === undefined) {
      const help = 'Connections ended before a request could be read or to make room, by reason.';
      counter = meter.counter('portcullis_connections_turned_away_total', help, { reason });
      turned.set(reason, counter);
    }
    counter.add(1);
  };
}

/** Each reason's series is made with its first count. */
function createHttp2Metrics(meter: Meter): Pick<GatewayMetrics, 'http2Counted' | 'http2Fault'> {
  const counted = {
    connection: meter.counter('portcullis_http2_connections_total', 'Connections of clients that speak HTTP/2.'),
    stream: meter.counter('portcullis_http2_streams_total', 'Streams that clients opened over HTTP/2.'),
  };
  const faults = new Map<Http2Fault, Counter>();
  return {
    http2Counted: (what) => counted[what].add(1),
    http2Fault(reason) {
      let counter = faults.get(reason);
      if (counter === undefined) {
        const help = 'HTTP/2 streams and connections that the gateway ended for what the client did, by reason.';
        counter = meter.counter('portcullis_http2_faults_total', help, { reason });
        faults.set(reason, counter);
      }
      counter.add(1);
    },
  };
}

/** Series of what is refused since a thread can't keep up, each made with its first count. */
function createOverloadMetrics(meter: Meter): Pick<GatewayMetrics, 'shed' | 'overload'> {
  const level = meter.gauge('portcullis_overload_level', 'How much is refused, from 0 to 2, summed over threads.');
  const late = meter.histogram(
    'portcullis_loop_late_seconds',
    'By how much a gateway thread was late at least, in each tenth of a second.',
    LATE_SECONDS,
  );
  const counters = new Map<string, Counter>();
  return {
    shed(api, priority) {
      const key = `${priority} ${api}`;
      let counter = counters.get(key);
      if (counter === undefined) {
        const help = 'Requests refused since the gateway could not serve all, by API and priority.';
        counter = meter.counter('portcullis_shed_requests_total', help, { api, priority });
        counters.set(key, counter);
      }
      counter.add(1);
    },
    overload(lateMs, now) {
      level.set(now);
      late.observe(lateMs / 1_000);
    },
  };
}

/** Each API's counters are made with its first WebSocket. */
function createMessageCount(meter: Meter): GatewayMetrics['messages'] {
  const byApi = new Map<string, Readonly<Record<'client' | 'upstream', Counter>>>();
  const counter = (api: string, from: string): Counter =>
    meter.counter('portcullis_messages_total', 'WebSocket messages passed on, by API and sender.', { api, from });
  return (api, from, count) => {
    let counters = byApi.get(api);
    if (counters === undefined) {
      counters = { client: counter(api, 'client'), upstream: counter(api, 'upstream') };
      byApi.set(api, counters);
    }
    counters[from].add(count);
  };
}

/** What is counted for each API. */
interface ApiSeries {
  /** In the order of `CLASSES`. */
  readonly requests: readonly Counter[];
  readonly durations: Histogram;
}

/** Makes the series; those of an API appear with its first request. */
export function createGatewayMetrics(meter: Meter): GatewayMetrics {
  const byApi = new Map<string, ApiSeries>();
  const refusals = new Map<ProblemCode, Counter>();
  const observed = codeCounter(
    meter,
    'portcullis_observed_refusals_total',
    'Requests that a policy in observe mode would have refused, by problem code.',
  );
  const summed = meter.counter(
    'portcullis_refusals_summed_total',
    'Requests refused that the ledger holds in sums only, since too many came at once.',
  );
  const ranges = meter.counter(
    'portcullis_ranges_dropped_total',
    'Requests for more than 16 ranges, of which the upstream was asked for the whole.',
  );
  const cut: Readonly<Record<CutReason, Counter>> = {
    snapshot: meter.counter('portcullis_passages_cut_total', 'Requests cut by the gateway itself, by reason.', {
      reason: 'snapshot',
    }),
  };
  const seriesOf = (api: string): ApiSeries => ({
    requests: CLASSES.map((status) =>
      meter.counter('portcullis_requests_total', 'Requests answered, by API and class of status.', { api, status }),
    ),
    durations: meter.histogram(
      'portcullis_request_duration_seconds',
      'Time from a whole head to the end of its reply.',
      SECONDS,
      { api },
    ),
  });
  return {
    inFlight: meter.gauge('portcullis_requests_in_flight', 'Requests being answered now.'),
    finished(api, status, durationUs) {
      const name = api ?? '';
      let series = byApi.get(name);
      if (series === undefined) {
        series = seriesOf(name);
        byApi.set(name, series);
      }
      series.requests[(status / 100) | 0]?.add(1);
      series.durations.observe(durationUs / 1e6);
    },
    refused(code) {
      let counter = refusals.get(code);
      if (counter === undefined) {
        counter = meter.counter('portcullis_refusals_total', 'Requests refused, by problem code.', {
          code,
          status: String(problemCatalogue[code].status),
        });
        refusals.set(code, counter);
      }
      counter.add(1);
    },
    observed,
    summed: () => summed.add(1),
    rangesDropped: () => ranges.add(1),
    grpcStatus: grpcCounter(meter),
    ...createHttp2Metrics(meter),
    ...createOverloadMetrics(meter),
    messages: createMessageCount(meter),
    streams: createStreamMetrics(meter),
    cut: (reason, passages) => cut[reason].add(passages),
    turnedAway: turnedAwayCounter(meter),
  };
}
