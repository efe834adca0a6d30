/** So long nothing may be heard while a call waits before the upstream is asked whether it is there, */
const FIRST_QUIET_MS = 10_000;
/** and at most so long between two questions: a server may end the connection of who asks often (gRPC's do). */
const LONGEST_QUIET_MS = 300_000;
/** Far beyond any round trip. */
const ANSWER_MS = 10_000;
/** A connection without a call is kept so long: below what servers in wide use allow. */
const IDLE_MS = 60_000;
/** Only an upstream that takes next to nothing lets so much wait: beyond 256 KiB no call is added. */
const WAITING_LIMIT_BYTES = 1_048_576;

/** What a connection shows of itself when its silence is judged. */
export interface SilenceSight {
  readonly hasCalls: boolean;
  /** Bytes that wait to be sent, and those that the system has taken so far. */
  readonly waiting: number;
  readonly flushed: number;
}

/** How long nothing has been heard of a connection's other end, or taken by it, and what is to be done about it. */
export class Silence {
  /** What a PING holds (RFC 9113 §6.7). */
  readonly question = 'are you?';
  readonly #untakenMs: number;
  #heardMs = 0;
  #wholeCount = 0;
  #quietMs = FIRST_QUIET_MS;
  #askedMs: number | null = null;
  #flushed = 0;
  /** When something was taken last, or nothing waited to be. */
  #takenMs = 0;

  /** `untakenMs`: so long the other end may take nothing of what waits for it. */
  constructor(nowMs: number, untakenMs: number) {
    this.#heardMs = this.#takenMs = nowMs;
    this.#untakenMs = untakenMs;
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
    const asked = this.#askedMs;
    this.heard(nowMs);
    // Whatever it says, it is there: the answer may stand behind much else.
    if (asked !== ANSWERED) this.#askedMs = asked === null ? null : nowMs;
    else {
      this.#askedMs = null;
      // Only the answer came: the next question has more time.
      if (frames === 1) this.#quietMs = Math.min(quietMs * 2, LONGEST_QUIET_MS);
    }
  }

  /** An acknowledgement came; whether it is that of the question. */
  answered(opaque: string): boolean {
    if (this.#askedMs === null || this.#askedMs === ANSWERED || opaque !== this.question) return false;
    this.#askedMs = ANSWERED;
    return true;
  }

  /** What is to be done; `ask` is taken as done. `deaf`: nothing is taken any more, or too little; `dead`: nothing answers. */
  judge(nowMs: number, { hasCalls, waiting, flushed }: SilenceSight): 'fine' | 'ask' | 'idle' | 'dead' | 'deaf' {
    const moved = flushed !== this.#flushed;
    this.#flushed = flushed;
    if (moved || waiting === 0) this.#takenMs = nowMs;
    if (nowMs - this.#takenMs > this.#untakenMs || waiting > WAITING_LIMIT_BYTES) return 'deaf';
    const asked = this.#askedMs;
    if (asked !== null && asked !== ANSWERED) {
      if (!moved || waiting === 0) return nowMs - asked > ANSWER_MS ? 'dead' : 'fine';
      // The question stands behind what was to be sent before it, and that is being taken.
      this.#askedMs = nowMs;
      return 'fine';
    }
    const quiet = nowMs - this.#heardMs;
    if (!hasCalls) return quiet > IDLE_MS ? 'idle' : 'fine';
    if (quiet <= this.#quietMs) return 'fine';
    this.#askedMs = nowMs;
    return 'ask';
  }
}

/** The answer has come in the read that is being worked off. */
const ANSWERED = -1;
