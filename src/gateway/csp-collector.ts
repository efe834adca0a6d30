import { CSP_REPORTS_PATH, networkOf, type Problem } from '../base/index.ts';
import { parseMediaType } from '../body/index.ts';
import { type CanonicalRequest, NO_LINES, type Peer, type ServerExchange } from '../wire/index.ts';
import { Allowances } from './allowances.ts';
import type { BodyBudget } from './body-budget.ts';
import { BodyCollection } from './body-collection.ts';
import { recordOwnReply } from './ledger-records.ts';
import { readCspReports, REPORT_READERS, REPORTS_LIMIT_BYTES } from './read-csp-reports.ts';
import type { RefusalSums } from './refusal-sums.ts';
import { createDateSource, NO_BODY } from './reply.ts';
import type { GatewayPorts } from './runtime.ts';
import { addSecurityFields } from './security-fields.ts';
import type { Snapshot } from './snapshot.ts';

/** Reports of one network: a page full of violations at once, then one a second. Reports in one body count each. */
export const NETWORK_PACE = { burst: 60, perSecond: 1 };
/** The same of all networks together, for each thread. */
const THREAD_PACE = { burst: 200, perSecond: 10 };

/** Nobody is known who sends them, and more come than a page causes. */
const TOO_MANY: Problem = { code: 'rate-limited', headers: [['retry-after', '60']] };
const NO_REPORT: Problem = { code: 'malformed-body', internal: 'no report of a content security policy' };
const NO_CONTENT = 204;

/** What a collector works with. */
export interface CspCollectorOptions {
  readonly ports: GatewayPorts;
  readonly bodies: BodyBudget;
  /** Where so many requests of strangers come that they have no records of their own. */
  readonly sums: Pick<RefusalSums, 'counts'>;
  readonly turnDown: (stream: ServerExchange, problem: Problem, peer: Peer) => void;
}

/** A request that may bring reports, and what is said of the Snapshot that it came under, which lives no longer for its sake. */
interface Brought extends Pick<Snapshot, 'revision' | 'strictTransport'> {
  readonly stream: ServerExchange;
  readonly request: CanonicalRequest;
  /** The type of its body. */
  readonly type: string;
}

/**
 * Takes what browsers report of content security policies, on every host that the gateway answers for, from whoever
 * sends it: nothing in it is believed, little is kept, and whoever sends it learns nothing.
 */
export class CspCollector {
  readonly #options: CspCollectorOptions;
  readonly #date: () => string;
  readonly #allowances: Allowances;

  constructor(options: CspCollectorOptions) {
    const { clock } = options.ports;
    this.#options = options;
    this.#date = createDateSource(() => clock.now());
    this.#allowances = new Allowances(NETWORK_PACE, THREAD_PACE, clock.monotonic());
  }

  /** Answers a request for the collector's path, now or when its body is there; false where it is for another path. */
  answers(stream: ServerExchange, request: CanonicalRequest, snapshot: Snapshot): boolean {
    if (!snapshot.takesReports || request.path !== CSP_REPORTS_PATH) return false;
    const type = reportType(request);
    const fault = faultOf(stream, request, type) ?? (this.#mayPass(request) ? null : TOO_MANY);
    if (fault !== null || type === null) {
      this.#options.turnDown(stream, fault ?? NO_REPORT, request.peer);
      return true;
    }
    const { bodies } = this.#options;
    const { revision, strictTransport } = snapshot;
    const brought = { stream, request, revision, strictTransport, type };
    stream.events = new BodyCollection(bodies, request.peer, (outcome) => {
      const problem = outcome.ok ? this.#take(brought, outcome.value) : outcome.error;
      if (problem !== null) this.#options.turnDown(stream, problem, request.peer);
    });
    stream.receive();
    return true;
  }

  #mayPass({ peer }: CanonicalRequest): boolean {
    const { clock, metrics } = this.#options.ports;
    const may = this.#allowances.take(networkOf(peer.address), clock.monotonic());
    if (!may) metrics.cspReport('skipped');
    return may;
  }

  #take({ stream, request, revision, strictTransport, type }: Brought, bytes: Buffer): Problem | null {
    const { ports, sums } = this.#options;
    const read = readCspReports(type, bytes, request.host);
    if (read === null) return NO_REPORT;
    const id = ports.nextId();
    const outcome = { rule: 'csp-report', status: NO_CONTENT, bytes: 0 };
    if (!sums.counts('csp-report', request.peer.address) && !recordOwnReply(ports, { request, id, revision }, outcome))
      return { code: 'not-recorded' };
    // The first has been let through with its request.
    const passed = read.filter((_, at) => at === 0 || this.#mayPass(request));
    for (const { disposition } of passed) ports.metrics.cspReport(disposition);
    if (passed.length > 0) ports.cspReports(passed.map(({ report }) => report));
    ports.metrics.finished(null, NO_CONTENT, 0);
    const added = ['cache-control', 'no-store', 'date', this.#date(), 'x-request-id', id];
    const tls = request.peer.tls !== null;
    const setting = { status: NO_CONTENT, fields: null, tls, strictTransport, authenticated: false };
    addSecurityFields(added, { ...setting, wallMs: ports.clock.now() });
    stream.send({ ...NO_LINES, status: NO_CONTENT, fields: null, added, framing: NO_BODY, announcedLength: null }, '');
    return null;
  }
}

/** The type of its body, where that is one of reports. */
function reportType({ headers }: CanonicalRequest): string | null {
  const said = headers.get('content-type');
  const parsed = said === null ? null : parseMediaType(said);
  return parsed?.ok === true && REPORT_READERS.has(parsed.value.essence) ? parsed.value.essence : null;
}

/** What is wrong with it before any of its body has come. */
function faultOf(stream: ServerExchange, { method, headers }: CanonicalRequest, type: string | null): Problem | null {
  if (method !== 'POST') return { code: 'method-not-allowed', headers: [['allow', 'POST']] };
  if (type === null || headers.get('content-encoding') !== null) return { code: 'unsupported-media-type' };
  return stream.limitBody(REPORTS_LIMIT_BYTES) ? null : { code: 'body-too-large' };
}
