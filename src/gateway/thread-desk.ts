import type { Desk, Told } from '../policy/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { FromThread, ToThread } from './thread-protocol.ts';

/** Unless said otherwise a request waits no longer than this for an answer. */
const WAIT_LIMIT_MS = 5_000;

/**
 * No more of a subject is asked at once than this: what waits holds memory, and costs a client nothing. Each subject has a
 * bound of its own, so that a server that is slow to answer for one leaves no other without answers.
 */
const WAITING_LIMIT = 1_024;

/** What a thread asks and tells. */
export type DeskQuestion = Extract<FromThread, { kind: 'deskAsked' | 'deskTold' }>;
/** What it hears. */
export type DeskAnswer = Extract<ToThread, { kind: 'deskAnswered' | 'deskNotice' }>;

/** A thread's end of the desk: questions go to the control side, and wait here for their answers. */
export class ThreadDesk implements Desk {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #send: (question: DeskQuestion) => void;
  readonly #asked = new Map<number, Asked>();
  /** How many questions of each subject wait; there are as many subjects as the code names. */
  readonly #waiting = new Map<string, number>();
  readonly #heeded = new Map<string, (notice: Told) => void>();
  #newest = 0;

  constructor(clock: Pick<Clock, 'after'>, send: (question: DeskQuestion) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  ask(subject: string, question: Told, limitMs: number = WAIT_LIMIT_MS): Promise<Told> {
    const waiting = this.#waiting.get(subject) ?? 0;
    if (waiting >= WAITING_LIMIT) return Promise.resolve(null);
    this.#waiting.set(subject, waiting + 1);
    const ask = ++this.#newest;
    const { promise, resolve } = Promise.withResolvers<Told>();
    const timer = this.#clock.after(limitMs, () => this.#end(ask, null));
    this.#asked.set(ask, { subject, resolve, timer });
    this.#send({ kind: 'deskAsked', ask, subject, question });
    return promise;
  }

  tell(subject: string, notice: Told): void {
    this.#send({ kind: 'deskTold', subject, notice });
  }

  heed(subject: string, heard: (notice: Told) => void): void {
    this.#heeded.set(subject, heard);
  }

  /** The control side has answered, or announces something. */
  receive(answer: DeskAnswer): void {
    if (answer.kind === 'deskAnswered') this.#end(answer.ask, answer.answer);
    else this.#heeded.get(answer.subject)?.(answer.notice);
  }

  #end(ask: number, answer: Told): void {
    const asked = this.#asked.get(ask);
    if (asked === undefined) return;
    this.#asked.delete(ask);
    this.#waiting.set(asked.subject, (this.#waiting.get(asked.subject) ?? 1) - 1);
    asked.timer.cancel();
    asked.resolve(answer);
  }
}

interface Asked {
  readonly subject: string;
  readonly resolve: (answer: Told) => void;
  readonly timer: Timer;
}
