import type { Problem, Result } from '../base/index.ts';
import { type CodingFault, decodedLimitOf, decodeNow, decodeSingleMember } from '../body/index.ts';
import type { MessageVerdict } from '../policy/index.ts';
import { HeldMessages, type MessageTaker } from '../wire/index.ts';
import type { MessageStep } from './message-steps.ts';
import type { Walk } from './walk.ts';

/**
 * A message in a coding holds no more than this, whatever its operation takes: it is decoded at once, which takes the
 * thread a millisecond at most.
 */
const DECODED_MESSAGE_BYTES = 1024 * 1024;

/** One side of a call. */
export type CallSide = 'request' | 'response';

/** The messages of one side of a gRPC call on their way through the steps that judge them. */
export class JudgedMessages implements MessageTaker {
  readonly #walk: Walk;
  readonly #side: CallSide;
  /** What `grpc-encoding` names. */
  readonly #coding: string | null;
  readonly #held: HeldMessages;
  /**
   * What the messages in a coding may still hold together: as much as one message may, and for each that comes what a coded
   * body of its size may. Without it small messages that each hold a thousand times their size could be sent without end.
   */
  #decodableBytes = DECODED_MESSAGE_BYTES;
  /** Room of messages that have gone on, and that the upstream may not have taken yet. */
  #goingBytes = 0;
  #isNoted = false;
  #isClosed = false;

  constructor(walk: Walk, side: CallSide, coding: string | null) {
    this.#walk = walk;
    this.#side = side;
    this.#coding = coding;
    this.#held = new HeldMessages(this);
  }

  /** What may go on of these pieces and of what was held: nothing where a message may not, and the walk has been stopped. */
  read(pieces: readonly Buffer[]): readonly Buffer[] {
    return this.#isClosed ? NOTHING : (this.#held.read(pieces) ?? NOTHING);
  }

  /** The call is over: nothing is held any more. */
  close(): void {
    this.#isClosed = true;
    this.#held.close();
    this.taken();
  }

  /** What has gone on was taken: it needs no room here any more. */
  taken(): void {
    if (this.#goingBytes === 0) return;
    const { context, request } = this.#walk;
    context.bodies.giveBack(request.peer, this.#goingBytes);
    this.#goingBytes = 0;
  }

  wants(): boolean {
    return this.#steps.length > 0;
  }

  keep(bytes: number): boolean {
    const { context, request } = this.#walk;
    if (context.bodies.take(request.peer, bytes)) return true;
    const internal = 'too many messages are being collected';
    this.#walk.stop({ code: 'gateway-overloaded', internal }, null, 'message');
    return false;
  }

  release(bytes: number): void {
    this.#goingBytes += bytes;
    // What waits for the client is counted by its connection.
    if (this.#side === 'response' || this.#isClosed) this.taken();
  }

  /** Those of the plan that is in force now: a stream that stands goes on by another. */
  get #steps(): readonly MessageStep[] {
    return this.#walk.plan.messages[this.#side];
  }

  judge(isCoded: boolean, message: Buffer): 'as it came' | Uint8Array | null {
    // They may be gone since the message began: a reload judges no more.
    if (this.#steps.length === 0) return 'as it came';
    const binding = this.#steps.find(({ observed }) => !observed)?.policy ?? null;
    if (!isCoded) return this.#judgePlain(message);
    const decoded = this.#decode(message);
    // One that no step replaces goes on in its coding: of that there is one reading.
    if (decoded.ok) return this.#judgePlain(decoded.value);
    const problem = this.#codingProblem(decoded.error);
    if (binding !== null) {
      this.#walk.stop(problem, binding, CODING);
      return null;
    }
    this.#note(problem, this.#steps[0] as MessageStep, CODING);
    return 'as it came';
  }

  #judgePlain(message: Buffer): 'as it came' | Uint8Array | null {
    let going: Uint8Array | null = null;
    for (const each of this.#steps) {
      const verdict = this.#ask(each, going ?? message);
      if (verdict === null) return null;
      switch (verdict.kind) {
        case 'pass':
          break;
        case 'note':
          this.#note(verdict.problem, each, verdict.rule);
          break;
        case 'replace':
          if (!each.observed) going = verdict.message;
          break;
        case 'deny':
          if (!each.observed) {
            this.#walk.stop(verdict.problem, each.policy, verdict.rule);
            return null;
          }
          this.#note(verdict.problem, each, verdict.rule);
      }
    }
    return going ?? 'as it came';
  }

  /** Null where the step threw: then the walk has been stopped for it. */
  #ask(step: MessageStep, message: Uint8Array): MessageVerdict | null {
    try {
      return step.judge(this.#walk, message);
    } catch (fault) {
      this.#walk.fault(step.policy, fault);
      return null;
    }
  }

  /** One note a call and side is enough: the others would say the same. */
  #note(problem: Problem, { policy }: MessageStep, rule: string): void {
    if (this.#isNoted) return;
    this.#isNoted = true;
    this.#walk.observe(problem, policy, rule);
  }

  #decode(bytes: Buffer): Result<Buffer, CodingFault> {
    this.#decodableBytes += decodedLimitOf(bytes.length);
    const { bodyLimitBytes } = this.#walk.compiled;
    const limitBytes = Math.min(bodyLimitBytes, DECODED_MESSAGE_BYTES, this.#decodableBytes);
    const decoded = this.#decodeWithin(bytes, limitBytes);
    // What is too large has been decoded up to the bound.
    this.#decodableBytes -= decoded.ok ? decoded.value.length : limitBytes;
    return decoded;
  }

  #decodeWithin(bytes: Buffer, limitBytes: number): Result<Buffer, CodingFault> {
    const name = this.#coding?.toLowerCase();
    if (name === 'gzip') return decodeSingleMember(bytes, limitBytes);
    return name === 'deflate' ? decodeNow({ bytes, coding: name, limitBytes }) : { ok: false, error: 'malformed' };
  }

  #codingProblem(fault: CodingFault): Problem {
    const internal = fault === 'too-large' ? 'a message that holds too much' : 'a coding that can not be undone';
    if (this.#side === 'response') return { code: 'upstream-reply-invalid', internal };
    return { code: fault === 'too-large' ? 'message-too-large' : 'malformed-message', internal };
  }
}

const CODING = 'message.coding';
const NOTHING: readonly Buffer[] = [];
