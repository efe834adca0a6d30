/** So long nothing may be heard while a call waits before the upstream is asked whether it is there, */
const FIRST_QUIET_MS = 10_000;
/** and at most so long between two questions: a server may end the connection of who asks often (gRPC's do). */
const LONGEST_QUIET_MS = 300_000;
/** Far beyond any round trip. */
const ANSWER_MS = 10_000;
/** A connection without a call is kept so long: below what servers in wide use allow. */
const IDLE_MS = 60_000;

/** How long nothing has been heard of a connection's other end, and what is to be done about it. */
export class Silence {
  /** What a PING holds (RFC 9113 §6.7). */
  readonly question = 'are you?';
  #heardMs: number;
  #wholeCount = 0;
  #quietMs = FIRST_QUIET_MS;
  #askedMs: number | null = null;

  constructor(nowMs: number) {
    this.#heardMs = nowMs;
  }

  /** Something was heard, or the wait for it begins now. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#quietMs = FIRST_QUIET_MS;
  }

  /** A read is over, with so many frames whole so far: pieces of one are nothing, for it may never end. */
  read(wholeCount: number, nowMs: number): void {
    const frames = wholeCount - this.#wholeCount;
    this.#wholeCount = wholeCount;
    if (frames === 0) return;
    const quietMs = this.#quietMs;
    const wasAnswer = this.#askedMs === ANSWERED;
    if (wasAnswer) this.#askedMs = null;
    this.heard(nowMs);
    // Only the answer came: the next question has more time.
    if (wasAnswer && frames === 1) this.#quietMs = Math.min(quietMs * 2, LONGEST_QUIET_MS);
  }

  /** An acknowledgement came; whether it is that of the question. */
  answered(opaque: string): boolean {
    if (this.#askedMs === null || this.#askedMs === ANSWERED || opaque !== this.question) return false;
    this.#askedMs = ANSWERED;
    return true;
  }

  /** What is to be done; `ask` is taken as done. */
  judge(nowMs: number, hasCalls: boolean): 'fine' | 'ask' | 'idle' | 'dead' {
    const asked = this.#askedMs;
    if (asked !== null && asked !== ANSWERED) return nowMs - asked > ANSWER_MS ? 'dead' : 'fine';
    const quiet = nowMs - this.#heardMs;
    if (!hasCalls) return quiet > IDLE_MS ? 'idle' : 'fine';
    if (quiet <= this.#quietMs) return 'fine';
    this.#askedMs = nowMs;
    return 'ask';
  }
}

/** The answer has come in the read that is being worked off. */
const ANSWERED = -1;
