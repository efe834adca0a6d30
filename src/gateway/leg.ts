import type {
  BodyFraming,
  HeaderFields,
  ReplyHead,
  TunnelEnds,
  TunnelSide,
  UpstreamCall,
  UpstreamEvents,
  UpstreamFailure,
  WholeBody,
} from '../wire/index.ts';
import { Deadline } from './deadline.ts';
import { upstreamLines } from './forwarded.ts';
import { dropManyRanges } from './many-ranges.ts';
import { lengthOf, NO_BODY } from './reply.ts';
import type { GrpcLeg } from './grpc-leg.ts';
import { mistakableReply, upgradeFor } from './offer-websocket.ts';
import type { ReplyTaker } from './reply-taker.ts';
import { dropUnsent } from './sent-fields.ts';
import { goesToCanary, hashFor } from './target-choice.ts';
import type { RoutedRequest } from './upstream-caller.ts';
import { takesTrailers } from './takes-trailers.ts';
import { Tunnel } from './tunnel.ts';
import { upstreamTarget } from './upstream-target.ts';
import type { ReplySource, Walk } from './walk.ts';

const EARLY_HINTS = 103;
/** What is said to an upstream whose trailers find a taker (RFC 9110 §10.1.4). Over HTTP/1.1 trailers are not read. */
const TE_TRAILERS = 'te: trailers\r\n';
const NONE: readonly string[] = [];

/** The upstream's half of a passage: carries the request there, and what comes back to the reply. */
export class Leg implements ReplySource, UpstreamEvents {
  readonly #passage: Walk;
  readonly #reply: ReplyTaker;
  #call: UpstreamCall | null = null;
  #startedMs: number | null = null;
  #endedMs: number | null = null;
  #over = false;
  #tunnel: Tunnel | null = null;
  #toCanary = false;
  #deadline: Deadline | null = null;
  /** The upstream's status, once it is known. */
  status: number | null = null;
  /** Whether all of the request was at hand. */
  isSent = false;
  /** When the upstream's reply was there whole, where it came in one read and nothing was waited for since; else null. */
  wholeAtMs: number | null = null;

  constructor(passage: Walk, reply: ReplyTaker) {
    this.#passage = passage;
    this.#reply = reply;
  }

  /** From the call to the end of the upstream's reply, in microseconds; null while there is none. */
  get elapsedUs(): number | null {
    if (this.#startedMs === null || this.#endedMs === null) return null;
    return Math.round((this.#endedMs - this.#startedMs) * 1_000);
  }

  /**
   * Sends the request with a body that is at hand, or with none. With one that streams it is sent with the first of that;
   * only where either side of a gRPC stream may speak first, at once.
   */
  start(): void {
    const { requestBody, stream } = this.#passage;
    this.#deadline = Deadline.of(this.#passage);
    if (this.#deadline?.begin(this.#passage, this.#reply) === false) return;
    const whole = requestBody === null ? null : requestBody.whole;
    this.isSent = whole !== null || stream.framing.kind === 'none';
    if (this.isSent) this.#sendWhole(whole);
    else if (this.#grpc?.isStream === true) this.#call = this.#open(stream.framing);
  }

  #sendWhole(body: Buffer | null): void {
    const call = this.#open(lengthOf(body === null ? 0 : body.length));
    if (body === null || body.length === 0) return;
    call.write([body]);
    call.finish();
  }

  /** Sends on what came of a streaming body; the upstream hears of the request with the first of it. */
  sendPieces(pieces: readonly Buffer[]): boolean {
    if (!this.#over) this.#call ??= this.#open(this.#passage.stream.framing);
    const more = this.#over || this.#call === null || this.#call.write(pieces);
    if (more) this.#grpc?.taken();
    return more;
  }

  sendEnd(): void {
    if (this.#over) return;
    if (this.#call === null) this.#open(NO_BODY);
    else this.#call.finish();
  }

  /** Gives the upstream up; nothing of it is heard any more. */
  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline?.end();
    this.#tunnel?.abandon();
    if (this.#call === null) return;
    this.#call.abort();
    this.#reply.abandoned?.();
  }

  /** Something is waited for: what has come does not go out in the moment in which it came. */
  linger(): void {
    this.wholeAtMs = null;
  }

  /** The client takes more again. */
  resume(): void {
    if (!this.#over) this.#call?.resume();
  }

  /** So long the upstream may be silent from now on. */
  allowIdle(idleMs: number): void {
    if (!this.#over) this.#call?.allowIdle(idleMs);
  }

  #open(framing: BodyFraming): UpstreamCall {
    const { compiled, context, edited, plan, request } = this.#passage;
    const pool = context.installed.pools[compiled.api.index];
    if (pool === undefined) throw new Error(`no pool for ${compiled.api.name}`);
    this.#startedMs = this.#passage.moment();
    const fields = request.headers as HeaderFields;
    if (!plan.respond.reads.whole && dropManyRanges(fields)) context.ports.metrics.rangesDropped();
    dropUnsent(this.#passage, fields);
    const outgoing: RoutedRequest = {
      method: request.method,
      target: upstreamTarget(compiled.api, request, edited),
      authority: compiled.api.authority,
      host: edited === null ? null : edited.host,
      fields,
      lines: this.#linesFor(fields),
      added: edited === null ? NONE : edited.added,
      framing,
      mayStandStill: this.#grpc?.isStream === true,
      upgrade: compiled.websocket === null ? null : upgradeFor(this.#passage),
      responseMs: compiled.timeoutMs,
      hash: hashFor(this.#passage),
      toCanary: goesToCanary(this.#passage),
      deadline: this.#deadline,
    };
    this.#toCanary = outgoing.toCanary;
    this.#call = pool.call(outgoing, this, request.peer, this.#startedMs);
    return this.#call;
  }

  switched(head: ReplyHead, side: TunnelSide): TunnelEnds {
    this.#deadline?.end();
    const rules = this.#passage.compiled.websocket;
    if (rules === null) throw new Error('an upgrade that was not asked for');
    const tunnel = new Tunnel(this.#passage, rules, side);
    this.#tunnel = tunnel;
    this.status = head.status;
    this.#endedMs = this.#nowMs();
    this.#countSide(head.status);
    this.#reply.switched(head, tunnel);
    return tunnel.upstreamEnds;
  }

  #linesFor(fields: HeaderFields): string {
    const { compiled, plan, stream } = this.#passage;
    const wanted = takesTrailers(stream) && !plan.respond.withheld.includes('trailers');
    const hears = compiled.api.upstream.protocol === 'h2' && wanted;
    // Who calls us, and by what trace, is none of a third party's business.
    const own = compiled.api.party === null ? upstreamLines(this.#passage, fields) : '';
    const lines = own + (hears ? TE_TRAILERS : '');
    if (this.#deadline === null) return lines;
    this.#deadline.dropFrom(fields);
    return this.#deadline.beside(lines).linesAt(this.#nowMs());
  }

  interim(status: number, fields: HeaderFields): void {
    if (this.#over || status !== EARLY_HINTS) return;
    // Hints are for the client alone; whatever else stands there has not been judged.
    const links = fields.all('link').flatMap((link) => ['link', link]);
    if (links.length > 0) this.#reply.hints(links);
  }

  whole(head: ReplyHead, body: WholeBody, atMs: number): void {
    if (this.#over) return;
    this.status = head.status;
    if (this.#isBroken(this.#grpc?.head(head, body) ?? null)) return;
    this.wholeAtMs = atMs;
    this.#settle(atMs, head.status);
    this.#reply.whole(head, body);
  }

  head(head: ReplyHead): void {
    if (this.#over) return;
    this.#deadline?.end();
    this.status = head.status;
    const fault = this.#grpc === null ? mistakableReply(this.#passage.stream, head) : this.#grpc.head(head, null);
    if (!this.#isBroken(fault)) this.#reply.head(head);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    if (this.#over) return true;
    if (this.#grpc === null) return this.#reply.pieces(pieces);
    const passed = this.#grpc.receive(pieces);
    if (typeof passed === 'string') return this.#isBroken(passed);
    // Where the walk was stopped, this is over.
    return this.#over || passed.length === 0 || this.#reply.pieces(passed);
  }

  end(trailers?: HeaderFields): void {
    if (this.#over || this.#isBroken(this.#grpc?.receiveEnd(trailers) ?? null)) return;
    this.#settle(this.#nowMs(), this.status ?? 0);
    this.#reply.end(trailers);
  }

  get #grpc(): GrpcLeg | null {
    return this.#passage.grpc;
  }

  /** Ends the call for what is wrong with its reply. */
  #isBroken(detail: string | null): boolean {
    if (detail === null) return false;
    this.#call?.abort();
    this.failed({ code: 'upstream-malformed-reply', detail });
    return true;
  }

  failed(failure: UpstreamFailure): void {
    if (this.#over) return;
    this.#settle(this.#nowMs(), 0);
    this.#reply.failed(failure);
  }

  drained(): void {
    this.#grpc?.taken();
    if (!this.#over) this.#passage.stream.resumeBody();
  }

  #nowMs(): number {
    return this.#passage.context.ports.clock.monotonic();
  }

  /** `status`: 0 where the reply is not whole. */
  #settle(atMs: number, status: number): void {
    this.#over = true;
    this.#deadline?.end();
    // Whoever follows its body hears that no more of it will come. A call that is over does nothing more.
    if (!this.isSent) this.#call?.abort();
    this.#endedMs = atMs;
    this.#countSide(status);
  }

  #countSide(status: number): void {
    const { compiled, context } = this.#passage;
    if (compiled.api.upstream.canary === null) return;
    context.ports.metrics.sideAnswered(compiled.api.name, this.#toCanary ? 'canary' : 'stable', status);
  }
}
