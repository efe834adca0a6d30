import { networkOf, type Problem } from '../base/index.ts';
import { parseMediaType } from '../body/index.ts';
import type { OwnPage, OwnReply, PageVerdict } from '../policy/index.ts';
import type { CanonicalRequest, ExchangeEvents, Peer, ServerExchange } from '../wire/index.ts';
import { Allowance, Allowances } from './allowances.ts';
import { STEP_LIMIT_MS } from './await-verdict.ts';
import type { BodyBudget } from './body-budget.ts';
import { BodyCollection } from './body-collection.ts';
import { raiseFault } from './faults.ts';
import { recordOwnReply } from './ledger-records.ts';
import { answerHead, createDateSource, ownAnswer } from './reply.ts';
import type { GatewayPorts } from './runtime.ts';
import { addSecurityFields } from './security-fields.ts';
import type { Snapshot } from './snapshot.ts';

/** Requests of one network for pages of ours: a browser with some tabs at once, then five a second. */
export const PAGE_NETWORK_PACE = { burst: 120, perSecond: 5 };
/** Requests of one network for pages that servers call: a provider that signs all out tries none of them twice. */
export const PAGE_SERVER_PACE = { burst: 2_000, perSecond: 100 };
/** The same of all networks together, for each thread. */
export const PAGE_THREAD_PACE = { burst: 2_000, perSecond: 500 };
/** What each page has besides: a flood of requests to sign in must not keep reports of leaked keys out. */
export const PAGE_RESERVE_PACE = { burst: 200, perSecond: 50 };

const TOO_MANY: Problem = { code: 'rate-limited', headers: [['retry-after', '10']] };
const NO_BODY_BYTES = new Uint8Array();

/** What they work with. */
export interface OwnPagesOptions {
  readonly ports: GatewayPorts;
  readonly bodies: BodyBudget;
  readonly turnDown: (stream: ServerExchange, problem: Problem, peer: Peer) => void;
}

/** A request for a page, and what is said of the Snapshot that it came under, which lives no longer for its sake. */
interface Asked extends Pick<Snapshot, 'revision' | 'strictTransport'> {
  readonly stream: ServerExchange;
  readonly request: CanonicalRequest;
  readonly page: OwnPage;
}

/** Answers requests for the gateway's own pages: with what a policy says, recorded, and never stored by anybody. */
export class OwnPages {
  readonly #options: OwnPagesOptions;
  readonly #date: () => string;
  readonly #allowances: Readonly<Record<OwnPage['calledBy'], Allowances>>;
  /** By the name of a page; there are as many as the code has. */
  readonly #reserves = new Map<string, Allowance>();

  constructor(options: OwnPagesOptions) {
    const { clock } = options.ports;
    this.#options = options;
    this.#date = createDateSource(() => clock.now());
    const nowMs = clock.monotonic();
    this.#allowances = {
      browsers: new Allowances(PAGE_NETWORK_PACE, PAGE_THREAD_PACE, nowMs),
      servers: new Allowances(PAGE_SERVER_PACE, PAGE_THREAD_PACE, nowMs),
    };
  }

  /** Answers a request for a page, now or later; false where there is none at its path. */
  answers(stream: ServerExchange, request: CanonicalRequest, snapshot: Snapshot): boolean {
    const page = snapshot.pages?.find(request.host, request.path) ?? null;
    if (page === null) return false;
    const { revision, strictTransport } = snapshot;
    const asked = { stream, request, page, revision, strictTransport };
    const fault = this.#mayPass(asked) ? faultOf(asked) : TOO_MANY;
    if (fault !== null) this.#options.turnDown(stream, fault, request.peer);
    else if (stream.framing.kind === 'none') this.#answer(asked, NO_BODY_BYTES);
    else this.#collect(asked);
    return true;
  }

  #mayPass({ request, page: { name, calledBy } }: Asked): boolean {
    const nowMs = this.#options.ports.clock.monotonic();
    const reserve = this.#reserves.get(name) ?? new Allowance(PAGE_RESERVE_PACE, nowMs);
    this.#reserves.set(name, reserve);
    return this.#allowances[calledBy].take(networkOf(request.peer.address), nowMs, reserve);
  }

  #collect(asked: Asked): void {
    const { stream, request } = asked;
    stream.events = new BodyCollection(this.#options.bodies, request.peer, (outcome) => {
      if (outcome.ok) this.#answer(asked, outcome.value);
      else this.#options.turnDown(stream, outcome.error, request.peer);
    });
    stream.receive();
  }

  #answer(asked: Asked, body: Uint8Array): void {
    let verdict: PageVerdict | Promise<PageVerdict>;
    try {
      verdict = asked.page.answer({ request: asked.request, body });
    } catch (fault) {
      this.#failed(asked, fault);
      return;
    }
    if (verdict instanceof Promise) this.#await(asked, verdict);
    else this.#give(asked, verdict);
  }

  /** Exactly one of the two is told, and none when the client has gone meanwhile. */
  #await(asked: Asked, pending: Promise<PageVerdict>): void {
    let over = false;
    const once = (go: () => void): void => {
      if (over) return;
      over = true;
      timer.cancel();
      go();
    };
    const late = new Error(`no answer within ${STEP_LIMIT_MS} ms`);
    const timer = this.#options.ports.clock.after(STEP_LIMIT_MS, () => once(() => this.#failed(asked, late)));
    asked.stream.events = new Waiting(() => once(() => undefined));
    pending.then(
      (verdict) => once(() => this.#give(asked, verdict)),
      (fault: unknown) => once(() => this.#failed(asked, fault)),
    );
  }

  #give(asked: Asked, verdict: PageVerdict): void {
    const { stream, request } = asked;
    if (verdict?.kind === 'deny') {
      this.#options.turnDown(stream, verdict.problem, request.peer);
      return;
    }
    try {
      if (verdict?.kind !== 'reply') throw new Error('a page gave no verdict');
      this.#send(asked, verdict.response);
    } catch (fault) {
      this.#failed(asked, fault);
    }
  }

  #send({ stream, request, page, revision, strictTransport }: Asked, reply: OwnReply): void {
    const { ports, turnDown } = this.#options;
    const answer = ownAnswer(reply);
    const id = ports.nextId();
    const bytes = request.method === 'HEAD' ? 0 : answer.body.length;
    if (!recordOwnReply(ports, { request, id, revision }, { rule: page.name, status: answer.status, bytes })) {
      turnDown(stream, { code: 'not-recorded' }, request.peer);
      return;
    }
    ports.metrics.finished(null, answer.status, 0);
    const said = new Set(answer.added.filter((_, at) => at % 2 === 0));
    if (!said.has('cache-control')) answer.added.push('cache-control', 'no-store');
    answer.added.push('date', this.#date(), 'x-request-id', id);
    const tls = request.peer.tls !== null;
    const setting = { status: answer.status, fields: null, tls, strictTransport, authenticated: false };
    addSecurityFields(answer.added, { ...setting, wallMs: ports.clock.now() });
    stream.send(answerHead(answer), answer.body);
  }

  #failed({ stream, request, page }: Asked, fault: unknown): void {
    const { ports, turnDown } = this.#options;
    const place = { policy: page.name, operation: page.path, request: ports.nextId() };
    turnDown(stream, { code: 'gateway-fault', internal: raiseFault(ports, place, fault) }, request.peer);
  }
}

/** Hears of a client whose whole request is there, while it waits for its answer. */
class Waiting implements ExchangeEvents {
  readonly gone: () => void;

  constructor(gone: () => void) {
    this.gone = gone;
  }

  pieces(): boolean {
    return true;
  }

  bodyEnd(): void {}

  bodyFailed(): void {}

  drained(): void {}
}

/** What is wrong with a request before any of its body has come. */
function faultOf({ stream, request, page }: Asked): Problem | null {
  const { method, headers } = request;
  const takes = page.methods.includes(method) || (method === 'HEAD' && page.methods.includes('GET'));
  if (!takes) return { code: 'method-not-allowed', headers: [['allow', allowed(page)]] };
  if (stream.framing.kind === 'none') return null;
  if (page.body === null || method === 'GET' || method === 'HEAD') return { code: 'unexpected-body' };
  const said = headers.get('content-type');
  const type = said === null ? null : parseMediaType(said);
  if (type?.ok !== true || !page.body.types.includes(type.value.essence) || headers.get('content-encoding') !== null)
    return { code: 'unsupported-media-type' };
  return stream.limitBody(page.body.limitBytes) ? null : { code: 'body-too-large' };
}

function allowed({ methods }: OwnPage): string {
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}
