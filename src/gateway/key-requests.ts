import { networkOf } from '../base/index.ts';
import type { KeyRequests } from '../policy/index.ts';
import type { Clock, Timer } from '../ports/index.ts';
import type { FromThread, ToThread } from './thread-protocol.ts';

/** A request waits no longer than this for newer keys. */
const WAIT_LIMIT_MS = 2_000;

/** More requests than these do not wait at once: what waits holds memory, and tokens with unknown keys cost a client nothing. */
const WAITING_LIMIT = 256;

/** Those of one network take no more than this of it, so that whoever waits for keys that an issuer has just made finds room. */
const NETWORK_LIMIT = WAITING_LIMIT / 2;

/** What a thread asks of the control side. */
export type KeyQuestion = Extract<FromThread, { kind: 'keysWanted' }>;
/** What it hears of that. */
export type KeyAnswer = Extract<ToThread, { kind: 'keysAnswered' }>;

/**
 * A thread's way to newer keys: it asks the control side, which fetches within its budgets and puts them into the
 * table before it answers. Requests that want keys of the same issuer for the same network wait for one answer.
 */
export class ThreadKeyRequests implements KeyRequests {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #send: (question: KeyQuestion) => void;
  readonly #asked = new Map<number, Asked>();
  readonly #byQuestion = new Map<string, Asked>();
  /** How many of each network wait. */
  readonly #ofNetwork = new Map<string, number>();
  #newest = 0;
  #waiting = 0;

  constructor(clock: Pick<Clock, 'after'>, send: (question: KeyQuestion) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  want(issuer: string, source: string): Promise<void> | null {
    if (this.#waiting >= WAITING_LIMIT) return null;
    const network = networkOf(source);
    const ofNetwork = this.#ofNetwork.get(network) ?? 0;
    if (ofNetwork >= NETWORK_LIMIT) return null;
    const name = `${issuer}\0${network}`;
    const asked = this.#byQuestion.get(name) ?? this.#ask({ name, network }, issuer, source);
    this.#waiting++;
    this.#ofNetwork.set(network, ofNetwork + 1);
    asked.waiting++;
    return asked.answered;
  }

  /** The control side has done what it will do. */
  answer(answer: KeyAnswer): void {
    const asked = this.#asked.get(answer.ask);
    if (asked !== undefined) this.#end(asked);
  }

  #ask(of: Pick<Asked, 'name' | 'network'>, issuer: string, source: string): Asked {
    const ask = ++this.#newest;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(WAIT_LIMIT_MS, () => this.#end(asked));
    const asked: Asked = { ask, ...of, answered: promise, resolve, timer, waiting: 0 };
    this.#asked.set(ask, asked);
    this.#byQuestion.set(of.name, asked);
    this.#send({ kind: 'keysWanted', ask, issuer, source });
    return asked;
  }

  #end(asked: Asked): void {
    asked.timer.cancel();
    this.#asked.delete(asked.ask);
    this.#byQuestion.delete(asked.name);
    this.#waiting -= asked.waiting;
    const left = (this.#ofNetwork.get(asked.network) ?? 0) - asked.waiting;
    if (left > 0) this.#ofNetwork.set(asked.network, left);
    else this.#ofNetwork.delete(asked.network);
    asked.resolve();
  }
}

interface Asked {
  readonly ask: number;
  readonly name: string;
  readonly network: string;
  readonly answered: Promise<void>;
  readonly resolve: () => void;
  readonly timer: Timer;
  waiting: number;
}
