import type { ReverseNames } from '../lists/index.ts';
import type { Clock } from '../ports/index.ts';
import type { FromThread, ToThread } from './thread-protocol.ts';

/** Addresses whose names a thread remembers; beyond it the oldest are asked for anew. */
const REMEMBERED = 4_096;
/** More questions do not wait at once: strangers' addresses cost them nothing. */
const WAITING_LIMIT = 64;

/** What a thread asks of the control side. */
type NameQuestion = Extract<FromThread, { kind: 'namesWanted' }>;

interface Known {
  readonly names: readonly string[];
  /** Monotonic time: from then on it is asked for anew, and a while later no longer said. */
  readonly freshUntilMs: number;
  readonly saidUntilMs: number;
}

/**
 * What a thread knows of the names of addresses. No request waits: where nothing is known the control side is asked, and
 * the next request of the same address may find an answer. One that has become old is said until the new one is there,
 * but not for longer than it was fresh.
 */
export class ThreadReverseNames implements ReverseNames {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #send: (question: NameQuestion) => void;
  readonly #known = new Map<string, Known>();
  readonly #asked = new Set<string>();

  constructor(clock: Pick<Clock, 'monotonic'>, send: (question: NameQuestion) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  of(address: string): readonly string[] | null {
    const known = this.#known.get(address);
    const nowMs = this.#clock.monotonic();
    if (known === undefined || nowMs >= known.freshUntilMs) this.#ask(address);
    return known === undefined || nowMs >= known.saidUntilMs ? null : known.names;
  }

  /** The control side has found out; `names` is null where it could not. */
  answer({ address, names, holdMs }: Extract<ToThread, { kind: 'namesAnswered' }>): void {
    this.#asked.delete(address);
    if (names === null) return;
    const nowMs = this.#clock.monotonic();
    this.#known.delete(address);
    this.#known.set(address, { names, freshUntilMs: nowMs + holdMs, saidUntilMs: nowMs + 2 * holdMs });
    if (this.#known.size <= REMEMBERED) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  #ask(address: string): void {
    if (this.#asked.size >= WAITING_LIMIT || this.#asked.has(address)) return;
    this.#asked.add(address);
    this.#send({ kind: 'namesWanted', address });
  }
}
