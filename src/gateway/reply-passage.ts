import type { BodyUse, BodyViews, ReplyView, Verdict } from '../policy/index.ts';
import { type BodyFraming, type HeaderFields, type HeaderMap, NO_FIELDS, type OutgoingHead, type ReplyHead } from '../wire/index.ts';
import { BodyAccess } from './body-access.ts';
import { ReplyEdits } from './edits.ts';
import type { Passage } from './passage.ts';
import { isWhole, type PlannedStep } from './plan.ts';
import { type Answer, lengthOf } from './reply.ts';

/** A reply that a policy must read may be this large. */
const READ_LIMIT_BYTES = 10 * 1024 * 1024;

/**
 * The reply's half of a passage: whatever the gateway or the upstream answers goes through the steps of `respond`, then
 * to the client. Without such steps a reply streams, or goes out whole in one write.
 */
export class Reply implements ReplyView {
  readonly #passage: Passage;
  status = 0;
  headers: HeaderMap = NO_FIELDS;
  source: 'upstream' | 'gateway' = 'upstream';
  #fields: HeaderFields | null = null;
  #added: string[] = [];
  #framing: BodyFraming = { kind: 'none' };
  #announcedLength: number | null = null;
  #body: BodyAccess;
  #reading: BodyUse = 'none';
  #collecting = false;
  #streaming = false;
  #held: Buffer[] = [];
  #endHeld = false;

  constructor(passage: Passage) {
    this.#passage = passage;
    this.#body = new BodyAccess(passage.plan.readsResponse);
  }

  body<U extends keyof BodyViews>(use: U): BodyViews[U] {
    return this.#body.view(use, this.#reading);
  }

  /** An answer of the gateway's own. */
  answer(answer: Answer): void {
    this.source = 'gateway';
    this.status = answer.status;
    this.#added = answer.added;
    const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
    this.#announcedLength = body.length;
    this.#complete(body);
  }

  /** A whole reply of the upstream's. */
  whole(head: ReplyHead, body: Buffer): void {
    this.#take(head);
    this.#complete(body);
  }

  /** A reply of the upstream's whose body follows. */
  head(head: ReplyHead): void {
    this.#take(head);
    if (this.#passage.plan.readsResponse.whole) this.#collecting = true;
    else this.#judge(() => this.#begin());
  }

  pieces(pieces: readonly Buffer[]): boolean {
    this.#body.add(pieces);
    if (this.#collecting) {
      if (this.#body.bytes <= READ_LIMIT_BYTES) return true;
      this.#collecting = false;
      this.#passage.failed({ code: 'upstream-refused-body', detail: `more than ${READ_LIMIT_BYTES} bytes, and a policy must read it` });
      return false;
    }
    if (!this.#streaming) {
      // A step of `respond` is still waiting for its answer; what has come meanwhile is held, and no more is asked for.
      this.#held.push(...pieces);
      return false;
    }
    return this.#write(pieces);
  }

  end(): void {
    if (this.#collecting) {
      this.#collecting = false;
      this.#complete(null);
    } else if (this.#streaming) this.#finish();
    else this.#endHeld = true;
  }

  #take(head: ReplyHead): void {
    this.status = head.status;
    this.#fields = head.fields;
    this.headers = head.fields;
    this.#framing = head.framing;
    this.#announcedLength = head.announcedLength;
  }

  /** The body is at hand, or (null) has been collected. */
  #complete(body: Buffer | null): void {
    if (body !== null && body.length > 0) this.#body.add([body]);
    if (!this.#passage.plan.readsResponse.whole) {
      this.#judge(() => this.#send(body ?? EMPTY));
      return;
    }
    const steps = this.#passage.plan.respond;
    const parse = steps.some(({ step }) => step.reads.response === 'parsed');
    const contentType = this.source === 'gateway' ? addedValue(this.#added, 'content-type') : this.headers.get('content-type');
    const parsed = this.#body.close(contentType, parse && this.source === 'upstream');
    if (parsed !== null && !parsed.ok) {
      this.#passage.failed({ code: 'upstream-refused-body', detail: parsed.error.internal });
      return;
    }
    this.#judge((replaced) => this.#send(replaced ?? this.#body.whole ?? EMPTY));
  }

  /** Runs the steps of `respond`, then goes on. A refusal takes the reply's place. */
  #judge(onward: (replaced: Buffer | null) => void): void {
    const { respond } = this.#passage.plan;
    if (respond.length === 0) {
      onward(null);
      return;
    }
    const edits = new ReplyEdits(this.#fields, this.#added, this.#passage.plan.readsResponse.whole);
    this.#step(respond, 0, { edits, onward });
  }

  #step(steps: readonly PlannedStep<'respond'>[], from: number, then: { edits: ReplyEdits; onward: (replaced: Buffer | null) => void }): void {
    for (let at = from; at < steps.length; at++) {
      const planned = steps[at] as PlannedStep<'respond'>;
      // What the gateway says itself has no foreign body to judge, and it must not fail for want of one.
      if (this.source === 'gateway' && isWhole(planned.step.reads.response)) continue;
      this.#passage.enter(planned);
      this.#passage.reading = planned.step.reads.request;
      this.#reading = planned.step.reads.response;
      let verdict: Verdict | Promise<Verdict>;
      try {
        verdict = planned.step.run(this.#passage, this, then.edits);
      } catch (fault) {
        this.#failed(planned, fault);
        return;
      }
      if (verdict instanceof Promise) {
        verdict.then(
          (settled) => {
            if (this.#apply(planned, settled)) this.#step(steps, at + 1, then);
          },
          (fault: unknown) => this.#failed(planned, fault),
        );
        return;
      }
      if (!this.#apply(planned, verdict)) return;
    }
    then.onward(then.edits.body);
  }

  #apply(planned: PlannedStep<'respond'>, verdict: Verdict): boolean {
    if (this.#passage.ended) return false;
    switch (verdict.kind) {
      case 'pass':
        return true;
      case 'deny':
        this.#replace(() => this.#passage.refuse(verdict.problem, planned.policy, verdict.rule ?? null));
        return false;
      case 'reply':
      case 'wait':
        this.#failed(planned, new Error(`a step of respond said ${verdict.kind}`));
        return false;
    }
  }

  #failed(planned: PlannedStep<'respond'>, fault: unknown): void {
    if (!this.#passage.ended) this.#replace(() => this.#passage.fault(planned.policy, fault));
  }

  /** A refusal in the place of a refusal could go round in circles: then the connection is cut. */
  #replace(refuse: () => void): void {
    if (this.source === 'gateway') this.#passage.cut('gateway-fault');
    else refuse();
  }

  #headOf(framing: BodyFraming): OutgoingHead {
    const added = this.#added;
    if (this.#fields === null || !this.#fields.has('date')) added.push('date', this.#passage.context.date());
    added.push('x-request-id', this.#passage.id);
    return { status: this.status, fields: this.#fields, added, framing, announcedLength: this.#announcedLength };
  }

  #send(body: Buffer): void {
    const bodiless = this.#framing.kind === 'none' && body.length === 0;
    const head = this.#headOf(bodiless ? this.#framing : lengthOf(body.length));
    this.#passage.begun(head);
    this.#passage.sent(body.length);
    this.#passage.stream.send(bodiless ? head : { ...head, announcedLength: head.announcedLength ?? body.length }, body);
    this.#passage.finished();
  }

  #begin(): void {
    const head = this.#headOf(this.#framing);
    this.#passage.begun(head);
    this.#passage.stream.begin(head);
    this.#streaming = true;
    const held = this.#held;
    this.#held = [];
    if (held.length > 0 && this.#write(held)) this.#passage.drained();
    if (this.#endHeld) this.#finish();
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
    this.#passage.stream.finish();
    this.#passage.finished();
  }
}

const EMPTY = Buffer.alloc(0);

function addedValue(added: readonly string[], name: string): string | null {
  const at = added.findIndex((entry, index) => index % 2 === 0 && entry === name);
  return at < 0 ? null : (added[at + 1] ?? null);
}
