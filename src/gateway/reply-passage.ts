import type { Problem } from '../base/index.ts';
import type { BodyUse, BodyViews, ReplyVerdict, ReplyView } from '../policy/index.ts';
import {
  type HeaderFields,
  type HeaderMap,
  NO_FIELDS,
  type ReplyHead,
  type UpstreamFailure,
  type WholeBody,
} from '../wire/index.ts';
import { AddedFields } from './added-fields.ts';
import { awaitVerdict } from './await-verdict.ts';
import { BodyAccess, viewOf } from './body-access.ts';
import { NO_EDITS, ReplyEdits } from './edits.ts';
import { LATE } from './deadline.ts';
import { THREW } from './faults.ts';
import { type BodyNeed, isWhole } from './body-need.ts';
import type { PlannedStep } from './planned-step.ts';
import type { Answer } from './reply.ts';
import { type ChosenSteps, NO_STEPS, openedBy } from './reply-steps.ts';
import { readReplacement } from './reply-replacement.ts';
import { ReplyStart } from './reply-start.ts';
import { announcedLengthOf, beginBody, finishBody, openTunnel, sendWhole, writeBody } from './reply-sending.ts';
import type { ReplyTaker } from './reply-taker.ts';
import type { SpokenReply } from './spoken-reply.ts';
import type { Tunnel } from './tunnel.ts';
import {
  isBlind,
  NO_BODY_TO_READ,
  READ_LIMIT_BYTES,
  refuseUnread,
  toldUnreadable,
  TOO_LARGE,
  unreadable,
} from './unread-reply.ts';
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
  fields: HeaderFields | null = null;
  #state: 'idle' | 'starting' | 'collecting' | 'judging' | 'streaming' | 'over' = 'idle';
  /** The upstream's head, or else an answer of the gateway's own. */
  #head: ReplyHead | null = null;
  #own: Answer | null = null;
  /** What the cache says of it besides its own fields, names and values in turn. */
  #said: readonly string[] = NONE;
  #edits: ReplyEdits | null = null;
  #chosen: ChosenSteps = NO_STEPS;
  #body: BodyAccess | null = null;
  #starting: ReplyStart | null = null;
  #isStartRead = false;
  /** The step that is next once the body is whole. */
  #next = 0;
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

  /** Until something of a reply has come, the request may get another plan. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Something else takes this reply's place: nothing of it is sent any more. */
  abandon(): void {
    this.#state = 'over';
    this.#starting?.close();
  }

  /** An answer of the gateway's own. */
  answer(answer: Answer): void {
    this.#own = answer;
    this.status = answer.status;
    if (this.#passage.plan.respond.all.length > 0) this.headers = new AddedFields([...answer.added]);
    if (this.#choose()) this.#complete(answer.body);
  }

  /** Fields that the reply of the upstream's gets besides its own, names and values in turn: to be called before it. */
  say(fields: readonly string[]): void {
    this.#said = fields;
  }

  hints(links: readonly string[]): void {
    const { compiled, request, stream, plan } = this.#passage;
    const led = plan.respond.withheld.includes('hints') ? [] : compiled.api.cleaning.hints(links, request);
    if (led.length > 0) stream.interim(103, led);
  }

  failed(failure: UpstreamFailure): void {
    (this.#starting ?? this.#passage).failed(failure);
  }

  late(): void {
    this.#passage.stop(LATE);
  }

  /** A whole reply of the upstream's. */
  whole(head: ReplyHead, body: WholeBody): void {
    if (!this.#take(head)) return;
    const { steps, reads, opening } = this.#chosen;
    if (steps.length === 0) {
      this.#send(body);
      return;
    }
    if (this.#body === null) {
      this.#whole = body;
      this.#judge(0);
      return;
    }
    const octets = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    if (reads.start || opening !== null) {
      this.#awaitStart();
      this.pieces(octets.length > 0 ? [octets] : []);
      this.end();
    } else if (!reads.whole || this.#passage.hold([octets])) this.#complete(octets);
  }

  /** A reply of the upstream's whose body follows. */
  head(head: ReplyHead): void {
    if (!this.#take(head)) return;
    if (this.#chosen.reads.start || this.#chosen.opening !== null) this.#awaitStart();
    else this.#receive(head, 0);
  }

  /** Its steps that read the start of the body run when that is there, before anything is collected for the others. */
  #awaitStart(): void {
    const { reads, opening } = this.#chosen;
    this.#state = 'starting';
    this.#starting = new ReplyStart(this.#passage, this, reads.start ? null : opening, (start) => {
      this.#starting = null;
      this.#isStartRead = true;
      this.#chosen = openedBy(this.#chosen, start);
      this.#body = BodyAccess.of(this.#chosen.reads, start);
      this.#judge(0);
    });
  }

  /** Collects the body where the steps from number `from` on read it whole, else lets it stream behind them. */
  #receive(head: ReplyHead, from: number): void {
    const { reads } = this.#chosen;
    const problem = reads.whole ? unreadable(head) : null;
    this.#next = from;
    if (problem !== null && !this.#passUnread(reads, problem)) this.#refuseBody(problem);
    else if (problem !== null || !reads.whole) this.#judge(from);
    else this.#state = 'collecting';
  }

  /** Lets a reply pass that can't be read whole, where all who would only observe. False where one does not only that. */
  #passUnread(reads: BodyNeed, problem: Problem): boolean {
    const observer = reads.wholeObserver;
    if (observer === null) return false;
    this.#passage.observe(problem, observer, 'body');
    this.#unread = true;
    this.#body = BodyAccess.of({ ...reads, whole: false, parsed: false }, this.#body?.start);
    return true;
  }

  /** The upstream switches, and so will the client where no step has anything against it. */
  switched(head: ReplyHead, tunnel: Tunnel): void {
    this.#tunnel = tunnel;
    if (!this.#take(head)) return;
    if (this.#chosen.reads.whole) this.#refuseBody(NO_BODY_TO_READ);
    else this.#judge(0);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    if (this.#starting !== null) return this.#starting.pieces(pieces);
    if (this.#state === 'over' || (this.#state === 'collecting' && !this.#passage.hold(pieces))) return true;
    this.#body?.add(pieces);
    if (this.#state === 'streaming') return writeBody(this.#passage, pieces);
    if (this.#state === 'collecting') {
      if (this.#body === null || this.#body.bytes <= READ_LIMIT_BYTES) return true;
      this.#held = [this.#body.gather()];
      if (this.#passUnread(this.#chosen.reads, TOO_LARGE)) {
        this.#body?.add(this.#held);
        this.#judge(this.#next);
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
    if (this.#starting !== null) this.#starting.end(trailers);
    else if (this.#state === 'collecting') this.#complete(null);
    else if (this.#state === 'streaming') this.#finish();
    else this.#endHeld = true;
  }

  /** False where it leads where it must not or the steps for it can't be told, which has been dealt with. */
  #take(came: ReplyHead): boolean {
    const { compiled, request, principal } = this.#passage;
    const head = compiled.api.cleaning.head(came, request, principal !== null);
    this.#head = typeof head === 'string' ? came : head;
    this.status = came.status;
    this.fields = this.#head.fields;
    this.headers = this.fields;
    if (typeof head !== 'string') return this.#choose();
    this.#refuseBody({ code: 'upstream-refused-location', internal: head }, 'location');
    return false;
  }

  /** Finds the steps that are about this reply, and what they read of it. */
  #choose(): boolean {
    try {
      this.#chosen = this.#passage.plan.respond.for(this.#passage, this);
    } catch (fault) {
      this.#state = 'over';
      this.#passage.fault('gateway', fault);
      return false;
    }
    this.#body = BodyAccess.of(this.#chosen.reads);
    // What steps take out of a stored reply stays in it.
    if (this.#chosen.steps.length > 0 && this.fields !== null) this.fields = this.fields.copy();
    return true;
  }

  get added(): readonly string[] {
    if (this.#edits !== null) return this.#edits.added;
    return this.#own === null ? this.#said : this.#own.added;
  }

  get announcedLength(): number | null {
    return announcedLengthOf(this.#head, this.#own, this.#chosen.reads.whole || this.#isStartRead);
  }

  get closes(): boolean {
    return this.#own !== null && this.#own.closes;
  }

  /** The body is at hand, or (null) has been collected. */
  #complete(body: Buffer | null): void {
    this.#state = 'judging';
    if (body !== null) this.#body?.add([body]);
    this.#whole = body ?? NOTHING;
    if (this.#body !== null && this.#chosen.reads.whole && this.#own?.refusal !== true) {
      const given = { body: this.#body, headers: this.headers, forwarded: this.fields, limitBytes: READ_LIMIT_BYTES };
      closeWhole(this.#passage, given, (fault) => this.#closed(fault));
      return;
    }
    this.#judge(this.#next);
  }

  /** The body has been read. One that can't be is refused, and noted where only observers want it. */
  #closed(fault: WholeFault | null): void {
    if (this.#state === 'over') return;
    this.#whole = this.#body?.whole ?? NOTHING;
    if (fault !== null) {
      const problem = toldUnreadable(fault.problem);
      if (fault.observer === null) {
        this.#refuseBody(problem);
        return;
      }
      this.#passage.observe(problem, fault.observer, 'body');
    }
    this.#judge(this.#next);
  }

  #refuseBody(problem: Problem, rule = 'body'): void {
    this.#state = 'over';
    refuseUnread(this.#passage, { source: this.source, problem, rule });
  }

  /** Runs the steps of `respond` from number `from` on, then sends the reply. A refusal takes the reply's place. */
  #judge(from: number): void {
    this.#state = 'judging';
    const { steps } = this.#chosen;
    for (let at = from; at < steps.length; at++) {
      const planned = steps[at] as PlannedStep<'respond'>;
      if (this.#isStartRead && this.#whole === null && !this.#unread && isWhole(planned.step.reads.response)) {
        this.#receive(this.#head as ReplyHead, at);
        return;
      }
      const isUnread = this.#own?.refusal === true || this.#unread || this.#body?.isLeft === true;
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
    if (this.#tunnel !== null) {
      this.#state = 'over';
      openTunnel(this.#passage, this, this.#tunnel);
    } else if (this.#whole === null) this.#begin();
    else this.#send(this.#whole);
  }

  #run(planned: PlannedStep<'respond'>, edits: ReplyEdits): ReplyVerdict | Promise<ReplyVerdict> | typeof THREW {
    if (planned.releases) this.#passage.enter(planned);
    this.#passage.reading = planned.reads;
    this.#reading = planned.step.reads.response;
    edits.readsBody = isWhole(this.#reading) || this.#reading === 'start';
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
    const isNoted = verdict?.kind === 'note' || (verdict?.kind === 'deny' && planned.observed);
    if (isNoted) this.#passage.observe(verdict.problem, planned.policy, verdict.rule ?? null);
    if (isNoted || verdict?.kind === 'pass') return this.#edits === null || this.#takeReplacement(at, this.#edits);
    if (verdict?.kind !== 'deny') this.#fail(planned, new Error(`a step of respond said ${verdict?.kind}`));
    else if (this.#own?.refusal !== true) this.#passage.refuse(verdict.problem, planned.policy, verdict.rule ?? null);
    else this.#fail(planned, new Error('a step of respond refused a refusal'));
    return false;
  }

  /** Later steps see what this one made of the body, else the last to replace it would undo what the others did. */
  #takeReplacement(at: number, edits: ReplyEdits): boolean {
    const body = edits.takeBody();
    if (body === null) return true;
    this.#whole = body;
    this.#passage.originalHash ??= edits.originalHash;
    if (this.#isStartRead) {
      this.#passage.abandon();
      this.#state = 'judging';
    }
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

  #fail({ policy }: PlannedStep<'respond'>, fault: unknown): void {
    if (this.#state !== 'over') this.#passage.fault(policy, fault);
  }

  #send(body: WholeBody): void {
    this.#state = 'over';
    sendWhole(this.#passage, this, this.#head, body);
  }

  #begin(): void {
    this.#state = 'streaming';
    // No step runs any more, and what they saw of the body would be held for as long as it streams.
    this.#body = null;
    beginBody(this.#passage, this, this.#head);
    const held = this.#held;
    this.#held = null;
    const more = held === null || writeBody(this.#passage, held);
    if (this.#endHeld) this.#finish();
    else if (held !== null && more) this.#passage.drained();
  }

  #finish(): void {
    this.#state = 'over';
    finishBody(this.#passage, this.#passage.plan.respond.withheld.includes('trailers') ? undefined : this.#trailers);
  }
}
