import { type GrpcStatus, problemCatalogue, type ProblemCode } from '../base/index.ts';
import type { Priority } from '../config/compiled.ts';
import type { Counter, Gauge, Histogram, Meter } from '../ports/index.ts';
import type { Http2Fault } from '../wire/index.ts';
import { type CacheMetrics, createCacheMetrics } from './cache-metrics.ts';
import { createFailingMetrics, type FailingMetrics } from './failing-metrics.ts';
import type { CspDisposition } from './read-csp-reports.ts';
import { seriesBy } from './series.ts';
import { createStreamMetrics, type StreamMetrics } from './stream-metrics.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const LATE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1] as const;
/** `none`: the client left, or the connection was cut, before a reply began. */
const CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Why the gateway cut requests that it might have served. */
export type CutReason = 'snapshot';

/** The series of a gateway thread. Labels come from closed sets: API names of the configuration and problem codes. */
export interface GatewayMetrics extends FailingMetrics {
  /** Counts a finished exchange. `api` is null where none was matched, `status` 0 where no reply began. */
  finished(api: string | null, status: number, durationUs: number): void;
  /** Counts a refusal. Where a list kept a request out, `list` is its key path. */
  refused(code: ProblemCode, list?: string): void;
  /** Counts what a policy that only observes would have refused. */
  observed(code: ProblemCode): void;
  /** Counts a query or a body that was cleaned, or would have been. */
  cleaned(api: string, mode: 'enforced' | 'observed'): void;
  /** Counts a refusal that has no record of its own. */
  summed(): void;
  /** Counts requests for so many ranges that the upstream is asked for the whole. */
  rangesDropped(): void;
  /** Counts calls of gRPC by the status that they ended with. */
  grpcStatus(api: string, code: GrpcStatus): void;
  turnedAway(reason: string): void;
  /** Counts a TLS handshake that came to a session. */
  handshake(offers: 'hybrid' | 'classic', protocol: string): void;
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
  /** Counts what an upstream with a canary answered by side; `status` is 0 where it gave no whole reply. */
  sideAnswered(api: string, side: UpstreamSide, status: number): void;
  /** Counts copies of requests by how they ended. */
  mirrored(api: string, end: CopyEnd): void;
  readonly cache: CacheMetrics;
  /** Counts targets of an API that get no requests for a time since those before failed. */
  ejected(api: string): void;
  /** Counts an error of an upstream's that was replaced, by whether the original was kept. */
  errorReplaced(api: string, original: 'kept' | 'skipped'): void;
  /** Counts a report of a browser's by whether the policy was enforced, or `skipped` where too many came. */
  cspReport(outcome: CspDisposition | 'skipped'): void;
  /** Counts messages of WebSocket that were passed on. */
  messages(api: string, from: 'client' | 'upstream', count: number): void;
}

/** How a copy for a mirror ended: with a reply, without a whole one, or before it was sent. */
export type CopyEnd = 'answered' | 'failed' | 'dropped';

/** Which of an upstream's targets: those it always had, or those that are tried out. */
export type UpstreamSide = 'stable' | 'canary';

/** Makes the series; those with labels appear with their first count, and those of an API with its first request. */
export function createGatewayMetrics(meter: Meter): GatewayMetrics {
  return {
    inFlight: meter.gauge('portcullis_requests_in_flight', 'Requests being answered now.'),
    finished: createRequestSeries(meter),
    ...createRefusalMetrics(meter),
    ...createUseMetrics(meter),
    ...createSideMetrics(meter),
    ...createHttp2Metrics(meter),
    ...createFailingMetrics(meter),
    handshake: createHandshakeSeries(meter),
    ...createOverloadMetrics(meter),
    streams: createStreamMetrics(meter),
    cache: createCacheMetrics(meter),
  };
}

/** What is counted for each API. */
interface ApiSeries {
  /** In the order of `CLASSES`. */
  readonly requests: readonly Counter[];
  readonly durations: Histogram;
}

function createRequestSeries(meter: Meter): GatewayMetrics['finished'] {
  const durationHelp = 'Time from a whole head to the end of its reply.';
  const seriesOf = seriesBy((api: string): ApiSeries => {
    const requests = CLASSES.map((status) =>
      meter.counter('portcullis_requests_total', 'Requests answered, by API and class of status.', { api, status }),
    );
    return {
      requests,
      durations: meter.histogram('portcullis_request_duration_seconds', durationHelp, SECONDS, { api }),
    };
  });
  return (api, status, durationUs) => {
    const series = seriesOf(api ?? '');
    series.requests[(status / 100) | 0]?.add(1);
    series.durations.observe(durationUs / 1e6);
  };
}

function createRefusalMetrics(
  meter: Meter,
): Pick<GatewayMetrics, 'refused' | 'observed' | 'cleaned' | 'summed' | 'turnedAway' | 'cut'> {
  const refused = seriesBy((code: ProblemCode) => {
    const status = String(problemCatalogue[code].status);
    return meter.counter('portcullis_refusals_total', 'Requests refused, by problem code.', { code, status });
  });
  const listsHelp = 'Requests that a list kept out, by its place in the configuration.';
  const lists = seriesBy((list: string) => meter.counter('portcullis_list_refusals_total', listsHelp, { list }));
  const observedHelp = 'Requests that a policy in observe mode would have refused, by problem code.';
  const observed = seriesBy((code: ProblemCode) =>
    meter.counter('portcullis_observed_refusals_total', observedHelp, { code }),
  );
  const cleanedHelp = 'Queries and bodies that were cleaned, or would have been by a policy in observe mode, by API.';
  const cleaned = seriesBy((api: string) => ({
    enforced: meter.counter('portcullis_cleaned_total', cleanedHelp, { api, mode: 'enforced' }),
    observed: meter.counter('portcullis_cleaned_total', cleanedHelp, { api, mode: 'observed' }),
  }));
  const summed = meter.counter(
    'portcullis_refusals_summed_total',
    'Requests refused that the ledger holds in sums only, since too many came at once.',
  );
  const turnedAwayHelp =
    'Connections ended by the gateway: before a request could be read, to make room, or since nobody took the reply, by reason.';
  const turnedAway = seriesBy((reason: string) =>
    meter.counter('portcullis_connections_turned_away_total', turnedAwayHelp, { reason }),
  );
  const cutHelp = 'Requests cut by the gateway itself, by reason.';
  const cut: Readonly<Record<CutReason, Counter>> = {
    snapshot: meter.counter('portcullis_passages_cut_total', cutHelp, { reason: 'snapshot' }),
  };
  return {
    refused: (code, list) => {
      refused(code).add(1);
      if (code === 'access-denied' && list !== undefined) lists(list).add(1);
    },
    observed: (code) => observed(code).add(1),
    cleaned: (api, mode) => cleaned(api)[mode].add(1),
    summed: () => summed.add(1),
    turnedAway: (reason) => turnedAway(reason).add(1),
    cut: (reason, passages) => cut[reason].add(passages),
  };
}

/** Series of what only some requests ask for. */
function createUseMetrics(
  meter: Meter,
): Pick<GatewayMetrics, 'rangesDropped' | 'grpcStatus' | 'messages' | 'ejected' | 'errorReplaced' | 'cspReport'> {
  const ranges = meter.counter(
    'portcullis_ranges_dropped_total',
    'Requests for more than 16 ranges, of which the upstream was asked for the whole.',
  );
  const statusHelp = 'Calls of gRPC that have ended, by API and status.';
  const statuses = seriesBy((api: string) =>
    seriesBy((code: GrpcStatus) => meter.counter('portcullis_grpc_statuses_total', statusHelp, { api, code })),
  );
  const ejectedHelp =
    'Targets that got no requests for a time since those before failed, by API, in each thread by itself.';
  const ejections = seriesBy((api: string) =>
    meter.counter('portcullis_upstream_ejections_total', ejectedHelp, { api }),
  );
  const replacedHelp = 'Errors of upstreams that were replaced, by API and by whether the original was kept.';
  const replaced = seriesBy((api: string) =>
    seriesBy((original: 'kept' | 'skipped') =>
      meter.counter('portcullis_upstream_errors_replaced_total', replacedHelp, { api, original }),
    ),
  );
  const reportsHelp = 'Reports of content security policies by disposition; skipped ones came too fast.';
  const reports = seriesBy((disposition: CspDisposition | 'skipped') =>
    meter.counter('portcullis_csp_reports_total', reportsHelp, { disposition }),
  );
  const messagesHelp = 'WebSocket messages passed on, by API and sender.';
  const messages = seriesBy((api: string) => {
    const from = (sender: string): Counter =>
      meter.counter('portcullis_messages_total', messagesHelp, { api, from: sender });
    return { client: from('client'), upstream: from('upstream') };
  });
  return {
    rangesDropped: () => ranges.add(1),
    grpcStatus: (api, code) => statuses(api)(code).add(1),
    ejected: (api) => ejections(api).add(1),
    errorReplaced: (api, original) => replaced(api)(original).add(1),
    cspReport: (outcome) => reports(outcome).add(1),
    messages: (api, from, count) => messages(api)[from].add(count),
  };
}

/** Series of what stands beside the targets of an upstream. */
function createSideMetrics(meter: Meter): Pick<GatewayMetrics, 'sideAnswered' | 'mirrored'> {
  const sideHelp =
    'Replies of upstreams that have a canary, by API, side and class of status; none for no whole reply.';
  const sides = seriesBy((api: string) =>
    seriesBy((side: UpstreamSide) =>
      CLASSES.map((status) => meter.counter('portcullis_canary_replies_total', sideHelp, { api, side, status })),
    ),
  );
  const mirrorHelp =
    'Copies of requests for a mirror, by API and by whether they were answered, failed or were dropped.';
  const mirrors = seriesBy((api: string) =>
    seriesBy((end: CopyEnd) => meter.counter('portcullis_mirrored_requests_total', mirrorHelp, { api, end })),
  );
  return {
    sideAnswered: (api, side, status) => sides(api)(side)[(status / 100) | 0]?.add(1),
    mirrored: (api, end) => mirrors(api)(end).add(1),
  };
}

/** What OpenSSL calls the versions that are spoken. */
const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

function createHandshakeSeries(meter: Meter): GatewayMetrics['handshake'] {
  const help =
    'TLS handshakes that came to a session, by whether the client offered a post-quantum group, and version.';
  const series = seriesBy((offers: 'hybrid' | 'classic') =>
    seriesBy((protocol: string) => meter.counter('portcullis_handshakes_total', help, { offers, protocol })),
  );
  return (offers, protocol) => {
    const version = TLS_VERSIONS.find((known) => known === protocol) ?? 'other';
    series(offers)(version).add(1);
  };
}

function createHttp2Metrics(meter: Meter): Pick<GatewayMetrics, 'http2Counted' | 'http2Fault'> {
  const counted = {
    connection: meter.counter('portcullis_http2_connections_total', 'Connections of clients that speak HTTP/2.'),
    stream: meter.counter('portcullis_http2_streams_total', 'Streams that clients opened over HTTP/2.'),
  };
  const faultHelp = 'HTTP/2 streams and connections that the gateway ended for what the client did, by reason.';
  const faults = seriesBy((reason: Http2Fault) =>
    meter.counter('portcullis_http2_faults_total', faultHelp, { reason }),
  );
  return {
    http2Counted: (what) => counted[what].add(1),
    http2Fault: (reason) => faults(reason).add(1),
  };
}

/** Series of what is refused since a thread can't keep up. */
function createOverloadMetrics(meter: Meter): Pick<GatewayMetrics, 'shed' | 'overload'> {
  const level = meter.gauge('portcullis_overload_level', 'How much is refused, from 0 to 2, summed over threads.');
  const late = meter.histogram(
    'portcullis_loop_late_seconds',
    'By how much a gateway thread was late at least, in each tenth of a second.',
    LATE_SECONDS,
  );
  const shedHelp = 'Requests refused since the gateway could not serve all, by API and priority.';
  const shed = seriesBy((api: string) =>
    seriesBy((priority: Priority) => meter.counter('portcullis_shed_requests_total', shedHelp, { api, priority })),
  );
  return {
    shed: (api, priority) => shed(api)(priority).add(1),
    overload(lateMs, now) {
      level.set(now);
      late.observe(lateMs / 1_000);
    },
  };
}
