import {
  createIdSource,
  type IntentRecord,
  type LedgerRecord,
  type ProblemCode,
  problemStatus,
} from '../base/index.ts';
import type { ProblemError } from '../base/index.ts';
import type { CallerConfig, GivenReply } from '../config/compiled.ts';
import type { Exchange, Match, Operation, Principal } from '../policy/index.ts';
import type { Clock } from '../ports/index.ts';
import {
  DIRECT,
  type HeaderFields,
  type OutgoingRequest,
  type Peer,
  readUpgrade,
  type UpstreamCall,
  type UpstreamEvents,
  upgradeLines,
} from '../wire/index.ts';
import { clockAt } from './clock-at.ts';
import { createGateway } from './gateway.ts';
import { NO_MESSAGES } from './message-steps.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Plan } from './plan.ts';
import { type CanonicalForm, type Question, type QuestionHeaders, readQuestionHead } from './question-head.ts';
import { wholeCacheShare } from './reply-caches.ts';
import { type Heard, principalOf, rehearsedPlan, type RehearsedStep } from './rehearsed-plan.ts';
import { givenAnswer, type RehearsedReply, repliedWith } from './rehearsed-reply.ts';
import { RehearsedStream } from './rehearsed-stream.ts';
import type { GatewayPorts } from './runtime.ts';
import { withRouter } from './rerouted-snapshot.ts';
import type { Upstreams } from './upstream-pools.ts';
import type { CompiledApi, CompiledOperation, Snapshot } from './snapshot.ts';
import { createTraceIds } from './trace-context.ts';

/** A whole request, and who sends it. Content-Length is written for a body that is given. */
export interface RehearsalQuestion extends Question {
  readonly headers: QuestionHeaders;
  /** Null for none. Of a gRPC method the one message of its call, without a prefix; where none is given none is judged. */
  readonly body: Uint8Array | null;
  readonly caller: CallerConfig | { readonly kind: 'told'; readonly principal: Principal };
  /** The client's address, where it matters; 127.0.0.1 if nothing is said. */
  readonly from?: string | null;
  /** What the upstream answers, where replies are to be judged too. */
  readonly reply?: GivenReply | null;
  /** What an owner service says of the object, where one would be asked: null for that there is none, undefined for not known. */
  readonly owner?: unknown;
  /** Wall time at which it comes; now if nothing is said. */
  readonly atMs?: number | null;
}

/** What nobody has given that something would be decided by. */
export type Lacking = 'owner' | 'response';

/**
 * What becomes of it. `pass`: it goes upstream, and asks for `upgrade` there; `added` are the fields that the gateway writes, `removed` those of the
 * client that do not get there. `observed` is what a policy in observe mode would have refused it for. `policy` and
 * `rule` are those that decided.
 */
export type RehearsedVerdict =
  | {
      readonly kind: 'pass';
      readonly upstream: { readonly method: string; readonly url: string };
      readonly upgrade: 'websocket' | null;
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly observed: {
        readonly code: ProblemCode | null;
        readonly policy: string | null;
        readonly rule: string | null;
      } | null;
      /** What the caller gets of a reply that was given; null where none was. */
      readonly reply: RehearsedReply | null;
      /** The policies that decide by the reply or by an owner, where none was given: they have not decided. */
      readonly undecided: readonly string[];
      /** What they would decide by. */
      readonly lacks: readonly Lacking[];
    }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly code: ProblemCode;
      readonly policy: string | null;
      readonly rule: string | null;
      /** For the operator: it may tell what clients are not told. */
      readonly why: string | null;
      readonly errors: readonly ProblemError[];
    }
  | { readonly kind: 'replied'; readonly status: number; readonly policy: string | null; readonly rule: string | null };

/** A rehearsal: how the request was read, where it leads, what each step said, and what becomes of it. */
export interface Rehearsal {
  /** Null where the request can't be read. */
  readonly canonical: CanonicalForm | null;
  /** Null where no operation matches. */
  readonly route: Pick<Operation, 'id' | 'api' | 'method' | 'template'> | null;
  readonly trail: readonly RehearsedStep[];
  readonly verdict: RehearsedVerdict;
}

/**
 * Sends a request that nobody sent through the very gateway that traffic goes through, up to the upstream, which hears
 * nothing. Nothing is recorded or counted, but limits are whatever the Snapshot's kinds of policy were given. For a
 * caller who is given, that stands for the credential; an anonymous one is judged by the headers alone.
 */
export async function rehearse(snapshot: Snapshot, question: RehearsalQuestion, timeless: Clock): Promise<Rehearsal> {
  const clock = clockAt(timeless, question.atMs ?? null);
  const { head, peer, body } = readAsSent(snapshot, question);
  if (typeof head === 'string') return { canonical: null, route: null, trail: [], verdict: unreadable(head) };
  const { method, authority, path, query, fields } = head;
  const scene = new Scene(snapshot, question, clock.now());
  const gateway = createGateway(scene.ports(clock), undefined, scene.upstreams(clock));
  try {
    const request = { method, host: authority.host, port: authority.port, path, query, headers: fields, peer };
    const { promise, resolve } = Promise.withResolvers<void>();
    scene.over = resolve;
    const { framing } = head;
    const upgrade = readUpgrade({ method, minorVersion: 1, fields, framing });
    const stream = new RehearsedStream(request, framing, { body, upgrade, answered: resolve });
    gateway.install(scene.snapshot);
    gateway.request(stream);
    await promise;
    // Whatever a step holds for the time of a request is released.
    stream.events.gone(null);
    const canonical = { host: authority.host, path, query };
    return { canonical, route: scene.route, trail: scene.trail, verdict: scene.verdict(stream) };
  } finally {
    gateway.close();
  }
}

/** Who may open a session is a matter of connections, and a question has none. */
const UNJUDGED = { trust: null, client: null, clientFault: null };
const PEER = {
  address: '127.0.0.1',
  port: 0,
  tls: { protocol: 'TLSv1.3', cipher: '', group: null, serverName: null, applicationProtocol: null, ...UNJUDGED },
  via: DIRECT,
};

const HTTP2_PEER = { ...PEER, tls: { ...PEER.tls, applicationProtocol: 'h2' } };

/** The head of a question. One to a gRPC method comes over HTTP/2; where it names no content type, as a library sends it. */
function readAsSent(
  snapshot: Snapshot,
  question: RehearsalQuestion,
): { readonly head: ReturnType<typeof readQuestionHead>; readonly peer: Peer; readonly body: Buffer } {
  const headers = framed(question.headers, question.body);
  const body = Buffer.from(question.body ?? []);
  const peerOf = (peer: Peer): Peer => ({ ...peer, address: question.from ?? peer.address });
  const head = readQuestionHead(question, headers);
  if (typeof head === 'string') return { head, peer: PEER, body };
  const peer = peerOf(PEER);
  const found = snapshot.router.find(head.authority.host, head.path, head.method);
  if (found.kind !== 'matched' || found.target.grpc === null) return { head, peer, body };
  const unsaid = head.fields.has('content-type') ? [] : GRPC_HEADERS.filter(([name]) => !head.fields.has(name));
  const message = prefixed(body);
  const sent = framed([...question.headers, ...unsaid], message);
  return { head: readQuestionHead(question, sent), peer: peerOf(HTTP2_PEER), body: message };
}

/** A message as it is sent, without a coding (gRPC over HTTP/2, Length-Prefixed-Message). */
function prefixed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const GRPC_HEADERS: QuestionHeaders = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

function framed(headers: QuestionHeaders, body: Uint8Array | null): QuestionHeaders {
  return body === null ? headers : [...headers, ['content-length', String(body.length)]];
}

function unreadable(code: ProblemCode): RehearsedVerdict {
  return { kind: 'refused', status: problemStatus(code), code, policy: null, rule: null, why: null, errors: [] };
}

const NO_METRICS: GatewayMetrics = {
  finished() {},
  refused() {},
  observed() {},
  cleaned() {},
  summed() {},
  rangesDropped() {},
  grpcStatus() {},
  turnedAway() {},
  handshake() {},
  http2Counted() {},
  http2Fault() {},
  cut() {},
  inFlight: { set() {} },
  shed() {},
  overload() {},
  streams: { opened() {}, closed() {} },
  messages() {},
  errorReplaced() {},
  cspReport() {},
  sideAnswered() {},
  retried() {},
  breakerOpen() {},
  mirrored() {},
  cache: { asked() {}, held() {}, evicted() {} },
  ejected() {},
};

/** Null for nobody. */
function callerOf(
  caller: RehearsalQuestion['caller'],
  { roles }: Pick<Snapshot, 'roles'>,
  nowMs: number,
): Principal | null {
  if (caller.kind === 'anonymous') return null;
  return caller.kind === 'told' ? caller.principal : principalOf(caller, roles, nowMs);
}

/** What stands around the gateway in a rehearsal: it hears everything and does nothing. */
class Scene implements Heard {
  readonly snapshot: Snapshot;
  readonly trail: RehearsedStep[] = [];
  route: Rehearsal['route'] = null;
  over: () => void = () => {};
  readonly #records: LedgerRecord[] = [];
  readonly owner: unknown;
  readonly #reply: GivenReply | null;
  #refusedFor: ProblemCode | null = null;
  #internal: string | null = null;
  /** What would judge the reply, where none was given. */
  #respond: Plan['respond'] | null = null;
  exchange: Exchange | null = null;
  #detail: string | null = null;
  #call: { readonly request: OutgoingRequest; readonly api: CompiledApi } | null = null;

  constructor(snapshot: Snapshot, { caller, body, reply = null, owner }: RehearsalQuestion, nowMs: number) {
    this.owner = owner;
    this.#reply = reply;
    const principal = callerOf(caller, snapshot, nowMs);
    // Of a call without a message the head alone is judged.
    const asked = (plan: Plan): Plan => (body === null ? { ...plan, messages: NO_MESSAGES } : plan);
    const replanned = (compiled: CompiledOperation): CompiledOperation => {
      this.route = compiled.operation;
      const plan = compiled.plan();
      if (plan.ok && reply === null) this.#respond = plan.value.respond;
      const rehearsed = plan.ok
        ? { ok: true as const, value: rehearsedPlan(asked(plan.value), principal, this, reply !== null) }
        : plan;
      const { operation, api, bodyLimitBytes, bodyDescribed, grpc, priority, websocket, timeoutMs, deadlineMs } =
        compiled;
      const same = { operation, api, bodyLimitBytes, bodyDescribed, grpc, priority, websocket, timeoutMs, deadlineMs };
      const { children } = compiled;
      // What is stored has been asked for by somebody: nobody did.
      return { ...same, children, cache: null, plan: () => rehearsed, tryPlan: () => rehearsed };
    };
    const heard = <M extends Match<CompiledOperation>>(found: M): M =>
      found.kind === 'matched' ? { ...found, params: found.params, target: replanned(found.target) } : found;
    const { router, preflights } = snapshot;
    this.snapshot = withRouter(snapshot, {
      router: { find: (...place) => heard(router.find(...place)) },
      preflights: preflights && {
        find: (request) => {
          const found = preflights.find(request);
          return found === null ? null : heard(found);
        },
        readable: (...refusal) => preflights.readable(...refusal),
      },
    });
  }

  ports(clock: Clock): GatewayPorts {
    const counted = (bytes: Uint8Array): void => void bytes.fill(1);
    return {
      clock,
      log: { write: (_level, _event, _message, fields) => this.#note(fields?.['detail']) },
      alerts: ({ fields }) => this.#note(fields?.['detail']),
      ledger: { append: (record) => this.#records.push(record) > 0 },
      nextId: createIdSource(counted, () => clock.now()),
      traces: createTraceIds(counted),
      chance: () => 0.5,
      pseudonym: () => '',
      metrics: { ...NO_METRICS, refused: (code, internal) => this.#refuse(code, internal) },
      cspReports() {},
      cacheShare: wholeCacheShare(),
    };
  }

  #refuse(code: ProblemCode, internal: string | undefined): void {
    this.#refusedFor ??= code;
    this.#internal ??= internal ?? null;
  }

  #note(detail: unknown): void {
    if (typeof detail === 'string') this.#detail = detail;
  }

  upstreams(clock: Clock): Upstreams {
    const taking = (api: CompiledApi) => ({
      waitingShare: () => 0,
      call: (request: OutgoingRequest, events: UpstreamEvents) => {
        if (this.#reply !== null) {
          this.#call ??= { request, api };
          return givenAnswer(this.#reply, request, events, () => clock.monotonic());
        }
        const heard = (): true => {
          this.#call ??= { request, api };
          this.over();
          return true;
        };
        // A stream may be opened before its first message has been judged.
        if (!request.mayStandStill) heard();
        return { write: heard, finish: heard, resume() {}, allowIdle() {}, abort() {} } satisfies UpstreamCall;
      },
    });
    return {
      forApis: (apis) => apis.map(taking),
      retain() {},
      sweep() {},
      close() {},
      tableReplaced() {},
      report: () => [],
    };
  }

  verdict(stream: RehearsedStream): RehearsedVerdict {
    const intent = this.#records.find((record) => record.kind === 'intent');
    if (intent === undefined) throw new Error('a rehearsal ended without a verdict');
    if (this.#call !== null && (this.#reply === null || this.#refusedFor === null))
      return this.#passed(this.#call, intent, stream);
    const completion = this.#records.find((record) => record.kind === 'completion');
    // What is refused behind its intent, as a message is, has who refused it in its completion.
    const policy = completion?.policy ?? intent.policy;
    const rule = completion?.rule ?? intent.rule;
    const code = intent.verdict === 'reply' ? null : (completion?.problem ?? intent.problem);
    if (code === null) return { kind: 'replied', status: stream.status, policy, rule };
    const step = this.trail.findLast((each) => each.code === code && each.policy === policy);
    const told = step?.why ?? this.#detail ?? (this.#call === null ? null : this.#internal);
    const why = told === rule ? null : told;
    return { kind: 'refused', status: problemStatus(code), code, policy, rule, why, errors: step?.errors ?? [] };
  }

  #passed(
    { request, api }: { readonly request: OutgoingRequest; readonly api: CompiledApi },
    intent: IntentRecord,
    { head, replied }: RehearsedStream,
  ): RehearsedVerdict {
    const { verdict, problem, policy, rule } = intent;
    const byOwner = this.trail.filter((step) => step.verdict === 'undecided').map((step) => step.policy);
    const byReply = undecidedBy(this.#respond, this.exchange);
    return {
      kind: 'pass',
      upstream: { method: request.method, url: `${api.upstream.scheme}://${api.authority}${request.target}` },
      upgrade: request.upgrade?.protocol ?? null,
      added: [...((request.host ?? null) === null ? [] : ['host']), ...namesOf(request)],
      removed: request.fields === null ? [] : removedFrom(request.fields),
      observed: verdict === 'observed' ? { code: problem, policy, rule } : this.#observedReply(),
      reply: this.#reply === null || head === null ? null : repliedWith(head, replied),
      undecided: [...byOwner, ...byReply],
      lacks: [...(byOwner.length > 0 ? ['owner' as const] : []), ...(byReply.length > 0 ? ['response' as const] : [])],
    };
  }

  /** What of a reply was noted first, where nothing was of the request. */
  #observedReply(): {
    readonly code: ProblemCode | null;
    readonly policy: string;
    readonly rule: string | null;
  } | null {
    const step = this.trail.find(({ observed, verdict }) => observed && verdict === 'deny');
    return step === undefined ? null : { code: step.code, policy: step.policy, rule: step.rule };
  }
}

/** Who would judge by the reply whether the caller may have it, and does not only observe. */
function undecidedBy(respond: Plan['respond'] | null, exchange: Exchange | null): readonly string[] {
  if (respond === null || exchange === null) return [];
  const deciding = respond.all.filter(({ observed, step }) => !observed && step.decides?.(exchange) === true);
  return deciding.map(({ policy }) => policy);
}

function namesOf({ lines = '', upgrade, added }: OutgoingRequest): readonly string[] {
  const all = upgrade === null ? lines : `${lines}${upgradeLines(upgrade)}`;
  const own = all.split('\r\n').flatMap((line) => (line === '' ? [] : [line.slice(0, line.indexOf(':'))]));
  return [...new Set([...own, ...added.filter((_, at) => at % 2 === 0)])];
}

/** Written anew for the upstream, in any case. */
const FRAMING: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding']);

function removedFrom(fields: HeaderFields): readonly string[] {
  const kept = new Set([...fields.kept()].map(([name]) => name));
  const names = new Set([...fields.entries()].map(([name]) => name));
  return [...names].filter((name) => !kept.has(name) && !FRAMING.has(name));
}
