/**
 * How a flight ended, for one who waited. `landed`: the reply is stored, to be looked up again. `alone`: fetch for
 * yourself. `lead`: fetch, the others wait for you now. `failed`: the upstream failed.
 */
export type FlightWord = 'landed' | 'alone' | 'lead' | 'failed';

/** One who waits. It hears exactly one word, unless it left before. Behind `landed` and `alone` it must not join again. */
export interface Waiter {
  told(word: FlightWord): void;
}

/** So long nobody waits for replies like one that was not stored, since waiting would only make them come one by one. */
const SHUNNED_MS = 10_000;
/** So many such keys are remembered at most, the latest, */
const SHUNNED_LIMIT = 4_096;
/** and so many characters of them: clients choose how long they are. */
const SHUNNED_CHARACTERS = 1_048_576;

/**
 * Misses for one key that wait for one fetch: the first leads and asks the upstream, the others wait for what becomes of
 * that. Keys hold all that makes requests differ, so nobody waits for what is another's. Nobody waits twice, and of those
 * who can't be served nobody waits for another of them.
 */
export class Flights {
  readonly #waitersLimit: number;
  /** By flight key, those who wait, in the order in which they came. Who leads stands in none. */
  readonly #flights = new Map<string, Set<Waiter>>();
  /** Those who are being told, in flights that are over. */
  readonly #told: Set<Waiter>[] = [];
  /** By flight key: whether who has just been told to lead has given up already. */
  readonly #handing = new Map<string, boolean>();
  /** Until when nobody waits, by flight key, the oldest first. */
  readonly #shunned = new Map<string, number>();
  #shunnedCharacters = 0;

  /** `waitersLimit`: so many wait for one fetch at most. */
  constructor(waitersLimit: number) {
    this.#waitersLimit = waitersLimit;
  }

  /**
   * `lead`: fetch, and say how it ended. `wait`: the waiter will be told. `alone`: fetch, and say nothing, since too many
   * wait, or such replies were not stored a moment ago. `nowMs` is of the monotonic clock.
   */
  join(flightKey: string, waiter: Waiter, nowMs: number): 'lead' | 'wait' | 'alone' {
    if (this.#isShunned(flightKey, nowMs)) return 'alone';
    const waiting = this.#flights.get(flightKey);
    if (waiting === undefined) {
      this.#flights.set(flightKey, new Set());
      return 'lead';
    }
    if (waiting.size >= this.#waitersLimit) return 'alone';
    waiting.add(waiter);
    return 'wait';
  }

  #isShunned(flightKey: string, nowMs: number): boolean {
    const untilMs = this.#shunned.get(flightKey);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#forgive(flightKey);
    return false;
  }

  #shun(flightKey: string, untilMs: number): void {
    this.#forgive(flightKey);
    this.#shunned.set(flightKey, untilMs);
    this.#shunnedCharacters += flightKey.length;
    for (const first of this.#shunned.keys()) {
      if (this.#shunned.size <= SHUNNED_LIMIT && this.#shunnedCharacters <= SHUNNED_CHARACTERS) return;
      this.#forgive(first);
    }
  }

  #forgive(flightKey: string): void {
    if (this.#shunned.delete(flightKey)) this.#shunnedCharacters -= flightKey.length;
  }

  /** A waiter doesn't wait any longer, and is told nothing. */
  leave(flightKey: string, waiter: Waiter): void {
    this.#flights.get(flightKey)?.delete(waiter);
    for (const waiting of this.#told) waiting.delete(waiter);
  }

  /** Whether somebody fetches this now. */
  isFlying(flightKey: string): boolean {
    return this.#flights.has(flightKey);
  }

  /** How many characters the keys have for which nobody waits. */
  get shunnedCharacters(): number {
    return this.#shunnedCharacters;
  }

  /** How many fetches others may wait for. */
  get size(): number {
    return this.#flights.size;
  }

  /** The leader's reply is stored. */
  landed(flightKey: string): void {
    this.#forgive(flightKey);
    this.#end(flightKey, 'landed');
  }

  /** The leader's reply is not stored: everybody fetches alone, and for a while nobody waits for such a one. */
  notStored(flightKey: string, nowMs: number): void {
    this.#shun(flightKey, nowMs + SHUNNED_MS);
    this.#end(flightKey, 'alone');
  }

  /** The leader's reply is not stored, though such replies are: everybody fetches alone. */
  lost(flightKey: string): void {
    this.#end(flightKey, 'alone');
  }

  /** The upstream failed, and would for those who wait as well. */
  failed(flightKey: string): void {
    this.#end(flightKey, 'failed');
  }

  /** The leader has left, or got nothing, before its reply was there: who has waited longest leads. */
  abandoned(flightKey: string): void {
    // Where nobody is asked, as behind an open breaker, each gives up at once: a thousand of them in turn, not one in another.
    if (this.#handing.has(flightKey)) {
      this.#handing.set(flightKey, true);
      return;
    }
    try {
      do {
        this.#handing.set(flightKey, false);
        const waiting = this.#flights.get(flightKey);
        const [next] = waiting ?? [];
        if (waiting === undefined || next === undefined) {
          this.#flights.delete(flightKey);
          return;
        }
        waiting.delete(next);
        next.told('lead');
      } while (this.#handing.get(flightKey) === true);
    } finally {
      this.#handing.delete(flightKey);
    }
  }

  /** Whoever is told may join another flight at once, even one of the same key: this one is over before. */
  #end(flightKey: string, word: FlightWord): void {
    const waiting = this.#flights.get(flightKey);
    this.#flights.delete(flightKey);
    if (waiting === undefined || waiting.size === 0) return;
    this.#told.push(waiting);
    for (const waiter of waiting) waiter.told(word);
    this.#told.splice(this.#told.indexOf(waiting), 1);
  }
}
