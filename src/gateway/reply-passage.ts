import type { Problem } from '../base/index.ts';
import type { BodyUse, BodyViews, ReplyVerdict, ReplyView } from '../policy/index.ts';
import {
  type HeaderFields,
  type HeaderMap,
  NO_FIELDS,
  passedTrailers,
  type ReplyHead,
  type UpstreamFailure,
  type WholeBody,
} from '../wire/index.ts';
import { AddedFields } from './added-fields.ts';
import { awaitVerdict } from './await-verdict.ts';
import { BodyAccess, viewOf } from './body-access.ts';
import { NO_EDITS, ReplyEdits } from './edits.ts';
import { LATE } from './deadline.ts';
import { EventStream, isEventStream } from './event-stream.ts';
import { THREW } from './faults.ts';
import { type BodyNeed, isWhole } from './body-need.ts';
import type { PlannedStep } from './planned-step.ts';
import { type Answer, framingOf, isBodiless, NO_BODY } from './reply.ts';
import { type ChosenSteps, NO_STEPS } from './reply-steps.ts';
import { readReplacement } from './reply-replacement.ts';
import type { ReplyTaker } from './reply-taker.ts';
import { outgoingHead, type SpokenReply } from './spoken-reply.ts';
import { takesTrailers } from './takes-trailers.ts';
import type { Tunnel } from './tunnel.ts';
import { isBlind, NO_BODY_TO_READ, READ_LIMIT_BYTES, TOO_LARGE, unreadable } from './unread-reply.ts';
import type { Walk } from './walk.ts';
import { closeWhole, type WholeFault } from './whole-body.ts';

const NOTHING = Buffer.alloc(0);
const NONE: readonly string[] = [];

/**
 * The reply's half of a passage: whatever the gateway or the upstream answers goes through the steps of `respond`, then
 * to the client. Without such steps a reply streams, or goes out whole in one write.
 */
export class Reply implements ReplyView, ReplyTaker, SpokenReply {
  readonly #passage: Walk;
  status = 0;
  headers: HeaderMap = NO_FIELDS;
  #state: 'idle' | 'collecting' | 'judging' | 'streaming' | 'over' = 'idle';
  /** The upstream's head, or else an answer of the gateway's own. */
  #head: ReplyHead | null = null;
  #own: Answer | null = null;
  /** What the cache says of it besides its own fields, names and values in turn. */
  #said: readonly string[] = NONE;
  #edits: ReplyEdits | null = null;
  /** The steps that are about this reply. */
  #chosen: ChosenSteps = NO_STEPS;
  #body: BodyAccess | null = null;
  #reading: BodyUse = 'none';
  /** The body where it is at hand; null where it streams. */
  #whole: WholeBody | null = null;
  #held: readonly Buffer[] | null = null;
  #endHeld = false;
  /** Whether it streams past steps that only observe and would have read it whole. */
  #unread = false;
  #trailers: HeaderFields | undefined;
  #tunnel: Tunnel | null = null;

  constructor(passage: Walk) {
    this.#passage = passage;
  }

  get source(): 'upstream' | 'gateway' {
    return this.#own === null ? 'upstream' : 'gateway';
  }

  body<U extends keyof BodyViews>(use: U): BodyViews[U] {
    return viewOf(this.#body, use, this.#reading);
  }

  /** Whether nothing of a reply has come: until then the request may get another plan. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Something else takes this reply's place: nothing of it is sent any more. */
  abandon(): void {
    this.#state = 'over';
  }

  /** An answer of the gateway's own. */
  answer(answer: Answer): void {
    this.#own = answer;
    this.status = answer.status;
    // Steps see what was said first, whatever others have edited before them.
    if (this.#passage.plan.respond.all.length > 0) this.headers = new AddedFields([...answer.added]);
    if (this.#choose()) this.#complete(answer.body);
  }

  /** Fields that the reply of the upstream's gets besides its own, names and values in turn: to be called before it. */
  say(fields: readonly string[]): void {
    this.#said = fields;
  }

  hints(links: readonly string[]): void {
    this.#passage.stream.interim(103, links);
  }

  failed(failure: UpstreamFailure): void {
    this.#passage.failed(failure);
  }

  late(): void {
    this.#passage.stop(LATE);
  }

  /** A whole reply of the upstream's. */
  whole(head: ReplyHead, body: WholeBody): void {
    if (!this.#take(head)) return;
    const { steps, reads } = this.#chosen;
    if (steps.length === 0) {
      this.#send(body);
      return;
    }
    if (this.#body === null) {
      this.#state = 'judging';
      this.#whole = body;
      this.#judge(0);
      return;
    }
    const octets = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    if (!reads.whole || this.#passage.hold([octets])) this.#complete(octets);
  }

  /** A reply of the upstream's whose body follows. */
  head(head: ReplyHead): void {
    if (!this.#take(head)) return;
    const { reads } = this.#chosen;
    const problem = reads.whole ? unreadable(head) : null;
    if (problem !== null && !this.#passUnread(reads, problem)) this.#refuseBody(problem);
    else if (problem !== null || !reads.whole) {
      this.#state = 'judging';
      this.#judge(0);
    } else this.#state = 'collecting';
  }

  /** Lets a reply pass that can't be read whole, where all who would only observe. False where one does not only that. */
  #passUnread(reads: BodyNeed, problem: Problem): boolean {
    const observer = reads.wholeObserver;
    if (observer === null) return false;
    this.#passage.observe(problem, observer, 'body');
    this.#unread = true;
    this.#body = BodyAccess.of({ ...reads, whole: false, parsed: false });
    return true;
  }

  /** The upstream switches, and so will the client where no step has anything against it. */
  switched(head: ReplyHead, tunnel: Tunnel): void {
    this.#tunnel = tunnel;
    if (!this.#take(head)) return;
    this.#state = 'judging';
    if (this.#chosen.reads.whole) this.#refuseBody(NO_BODY_TO_READ);
    else this.#judge(0);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    if (this.#state === 'over' || (this.#state === 'collecting' && !this.#passage.hold(pieces))) return true;
    this.#body?.add(pieces);
    if (this.#state === 'streaming') return this.#write(pieces);
    if (this.#state === 'collecting') {
      if (this.#body === null || this.#body.bytes <= READ_LIMIT_BYTES) return true;
      this.#held = [this.#body.gather()];
      if (this.#passUnread(this.#chosen.reads, TOO_LARGE)) {
        this.#body?.add(this.#held);
        this.#state = 'judging';
        this.#judge(0);
      } else this.#refuseBody(TOO_LARGE);
      return true;
    }
    // A step of `respond` is still waiting: what has come is held, and no more is asked for until it has spoken.
    this.#held = this.#held === null ? pieces : [...this.#held, ...pieces];
    return false;
  }

  /** The upstream's reply is whole. Trailers are passed on where the client takes them and no step has read the body before them. */
  end(trailers?: HeaderFields): void {
    this.#trailers = trailers;
    if (this.#state === 'collecting') this.#complete(null);
    else if (this.#state === 'streaming') this.#finish();
    else this.#endHeld = true;
  }

  /** False where it leads where it must not or the steps for it can't be told, which has been dealt with. */
  #take(came: ReplyHead): boolean {
    const { compiled, request, principal } = this.#passage;
    const head = compiled.api.cleaning.head(came, request, principal !== null);
    this.#head = typeof head === 'string' ? came : head;
    this.status = came.status;
    this.headers = this.#head.fields;
    if (typeof head !== 'string') return this.#choose();
    this.#refuseBody({ code: 'upstream-refused-location', internal: head }, 'location');
    return false;
  }

  /** Finds the steps that are about this reply, and what they read of it. */
  #choose(): boolean {
    const passage = this.#passage;
    try {
      this.#chosen = passage.plan.respond.for(passage, this);
    } catch (fault) {
      this.#state = 'over';
      passage.fault('gateway', fault);
      return false;
    }
    this.#body = BodyAccess.of(this.#chosen.reads);
    return true;
  }

  get #refusal(): boolean {
    return this.#own !== null && this.#own.refusal;
  }

  get fields(): HeaderFields | null {
    return this.#head === null ? null : this.#head.fields;
  }

  get added(): readonly string[] {
    if (this.#edits !== null) return this.#edits.added;
    return this.#own === null ? this.#said : this.#own.added;
  }

  get closes(): boolean {
    return this.#own !== null && this.#own.closes;
  }

  /** The length that a reply without a body names all the same. */
  get #announcedLength(): number | null {
    if (this.#head === null) return this.#own === null || this.status === 304 ? null : this.#own.body.length;
    // A step that reads the body may change it, so nobody knows how long it would be where none is sent.
    return this.#chosen.reads.whole ? null : this.#head.announcedLength;
  }

  /** The body is at hand, or (null) has been collected. */
  #complete(body: Buffer | null): void {
    this.#state = 'judging';
    if (body !== null) this.#body?.add([body]);
    this.#whole = body ?? NOTHING;
    if (this.#body !== null && this.#chosen.reads.whole && !this.#refusal) {
      const given = { body: this.#body, headers: this.headers, forwarded: this.fields, limitBytes: READ_LIMIT_BYTES };
      closeWhole(this.#passage, given, (fault) => this.#closed(fault));
      return;
    }
    this.#judge(0);
  }

  /** The body has been read. One that can't be is refused, and noted where only observers want it. */
  #closed(fault: WholeFault | null): void {
    if (this.#state === 'over') return;
    this.#whole = this.#body?.whole ?? NOTHING;
    if (fault !== null) {
      const { code, internal = '' } = fault.problem;
      const problem: Problem = { code: code === 'gateway-overloaded' ? code : 'upstream-refused-body', internal };
      if (fault.observer === null) {
        this.#refuseBody(problem);
        return;
      }
      this.#passage.observe(problem, fault.observer, 'body');
    }
    this.#judge(0);
  }

  /** A policy must read the body and can't. */
  #refuseBody(problem: Problem, rule = 'body'): void {
    this.#state = 'over';
    const passage = this.#passage;
    if (this.source === 'gateway')
      passage.fault(passage.decidedBy ?? 'gateway', new Error(`its reply can't be read: ${problem.internal}`));
    else passage.refuse(problem, null, rule);
  }

  /** Runs the steps of `respond` from number `from` on, then sends the reply. A refusal takes the reply's place. */
  #judge(from: number): void {
    const { steps } = this.#chosen;
    for (let at = from; at < steps.length; at++) {
      const planned = steps[at] as PlannedStep<'respond'>;
      const isUnread = this.#refusal || this.#unread || this.#body?.isLeft === true;
      if (isBlind(planned, this.#passage.requestBody, this.#body, isUnread)) continue;
      this.#edits ??= new ReplyEdits(this.fields, this.#own === null ? [...this.#said] : this.#own.added);
      const verdict = this.#run(planned, this.#edits);
      if (verdict === THREW) return;
      if (verdict instanceof Promise) {
        awaitVerdict(this.#passage, verdict, {
          settled: (settled) => this.#apply(at, settled) && this.#judge(at + 1),
          failed: (fault) => this.#fail(planned, fault),
        });
        return;
      }
      if (!this.#apply(at, verdict)) return;
    }
    if (this.#tunnel !== null) this.#switch(this.#tunnel, this.#head as ReplyHead);
    else if (this.#whole === null) this.#begin();
    else this.#send(this.#whole);
  }

  #run(planned: PlannedStep<'respond'>, edits: ReplyEdits): ReplyVerdict | Promise<ReplyVerdict> | typeof THREW {
    if (planned.releases) this.#passage.enter(planned);
    this.#passage.reading = planned.reads;
    this.#reading = planned.step.reads.response;
    edits.readsBody = isWhole(this.#reading);
    try {
      return planned.step.run(this.#passage, this, planned.observed ? NO_EDITS : edits);
    } catch (fault) {
      this.#fail(planned, fault);
      return THREW;
    }
  }

  /** True when the reply may go on behind step `at`. */
  #apply(at: number, verdict: ReplyVerdict): boolean {
    const planned = this.#chosen.steps[at] as PlannedStep<'respond'>;
    if (this.#state === 'over') return false;
    if (verdict?.kind === 'pass') return this.#edits === null || this.#takeReplacement(at, this.#edits);
    if (verdict?.kind === 'note' || (verdict?.kind === 'deny' && planned.observed)) {
      this.#passage.observe(verdict.problem, planned.policy, verdict.rule ?? null);
      return this.#edits === null || this.#takeReplacement(at, this.#edits);
    }
    if (verdict?.kind !== 'deny') this.#fail(planned, new Error(`a step of respond said ${verdict?.kind}`));
    else if (!this.#refusal) this.#passage.refuse(verdict.problem, planned.policy, verdict.rule ?? null);
    else this.#fail(planned, new Error('a step of respond refused a refusal'));
    return false;
  }

  /** Later steps see what this one made of the body, else the last to replace it would undo what the others did. */
  #takeReplacement(at: number, edits: ReplyEdits): boolean {
    const body = edits.takeBody();
    if (body === null) return true;
    this.#whole = body;
    const { steps, reads } = this.#chosen;
    if (!steps.slice(at + 1).some(({ step }) => isWhole(step.reads.response))) return true;
    const read = readReplacement(body, { reads, added: edits.added, headers: this.headers });
    if (typeof read === 'string') {
      this.#fail(steps[at] as PlannedStep<'respond'>, new Error(`the body it made can't be read: ${read}`));
      return false;
    }
    this.#body = read;
    return true;
  }

  #fail(planned: PlannedStep<'respond'>, fault: unknown): void {
    if (this.#state !== 'over') this.#passage.fault(planned.policy, fault);
  }

  #send(body: WholeBody): void {
    const passage = this.#passage;
    const bodiless = isBodiless(passage.request.method, this.status);
    const head = bodiless
      ? outgoingHead(passage, this, NO_BODY, this.#announcedLength)
      : outgoingHead(passage, this, framingOf(this.#head, body.length), null);
    this.#state = 'over';
    passage.begun(this.status);
    if (!bodiless) passage.sent(body.length);
    passage.finished();
    passage.stream.send(head, bodiless ? NOTHING : body);
  }

  #switch(tunnel: Tunnel, { fields }: ReplyHead): void {
    this.#state = 'over';
    this.#passage.begun(this.status);
    const head = outgoingHead(this.#passage, this, NO_BODY, null);
    const chosen = fields.get('sec-websocket-protocol');
    tunnel.open(chosen === null ? head : { ...head, added: [...head.added, 'sec-websocket-protocol', chosen] });
  }

  #begin(): void {
    this.#state = 'streaming';
    this.#passage.begun(this.status);
    const framing = this.#head === null ? NO_BODY : this.#head.framing;
    this.#passage.stream.begin(outgoingHead(this.#passage, this, framing, this.#announcedLength));
    if (this.#head !== null && isEventStream(this.#head)) this.#passage.stand(new EventStream(this.#passage));
    const held = this.#held;
    this.#held = null;
    const more = held === null || this.#write(held);
    if (this.#endHeld) this.#finish();
    else if (held !== null && more) this.#passage.drained();
  }

  #write(pieces: readonly Buffer[]): boolean {
    let more = true;
    for (const piece of pieces) {
      this.#passage.sent(piece.length);
      more = this.#passage.stream.write(piece);
    }
    return more;
  }

  #finish(): void {
    this.#state = 'over';
    this.#passage.finished();
    const { stream } = this.#passage;
    if (this.#trailers !== undefined && takesTrailers(stream)) stream.finish(passedTrailers(this.#trailers));
    else stream.finish();
  }
}
