import type { Problem } from '../base/index.ts';
import type { Clock } from '../ports/index.ts';
import type { Era, Eras } from './eras.ts';
import { type Judgement, judgeAgain } from './judge-again.ts';
import { Slices } from './slices.ts';
import type { StreamEnd, StreamMetrics } from './stream-metrics.ts';
import type { Standing, StreamRegister, Walk } from './walk.ts';

/** What nobody is told of, such as a key that was withdrawn, ends a stream within this time. */
const JUDGED_EVERY_MS = 30_000;

/** What the streams of a thread work with. */
export interface StandingOptions {
  readonly clock: Clock;
  readonly metrics: StreamMetrics;
  readonly eras: Pick<Eras, 'current' | 'move'>;
}

interface Seat {
  readonly stream: Standing;
  /** Monotonic time. */
  judgedMs: number;
  /** The version of the lists that it was judged by. */
  lists: number;
  /** How often a table that policies read had been replaced by then. */
  tables: number;
  isBeingJudged: boolean;
  /** What the gateway itself did to end it; null while it did nothing. */
  end: StreamEnd | null;
}

/**
 * The streams that stand in one thread. Each is judged again when another Snapshot, another list or another live table
 * of a policy is in force, when the credential it began with has expired, and every half a minute: then it goes on by
 * the Snapshot in force, or is closed. Each is a client's connection or a stream of one, and so is their number bounded.
 */
export class StandingStreams implements StreamRegister {
  readonly #options: StandingOptions;
  readonly #seats = new Map<Walk, Seat>();
  readonly #slices: Slices;
  #draining = false;
  #tables = 0;

  constructor(options: StandingOptions) {
    this.#options = options;
    this.#slices = new Slices(options.clock);
  }

  /** How many stand. */
  get size(): number {
    return this.#seats.size;
  }

  /** Whether this request is one of them. */
  has(walk: Walk): boolean {
    return this.#seats.has(walk);
  }

  add(stream: Standing): void {
    const judgedMs = this.#options.clock.monotonic();
    const lists = this.#options.eras.current?.context.installed.snapshot.material.version ?? 0;
    const seat: Seat = { stream, judgedMs, lists, tables: this.#tables, isBeingJudged: false, end: null };
    this.#seats.set(stream.walk, seat);
    this.#options.metrics.opened(stream.kind);
    if (this.#draining) queueMicrotask(() => this.#drainOne(seat));
  }

  remove(stream: Standing, end: StreamEnd): void {
    const seat = this.#seats.get(stream.walk);
    if (seat === undefined || seat.stream !== stream) return;
    this.#seats.delete(stream.walk);
    // Who leaves while the thread ends was told to, or cut with all others.
    const left = this.#draining && end === 'client' ? 'drain' : end;
    this.#options.metrics.closed(stream.kind, seat.end ?? left);
  }

  /** A table that policies judge by is another: what it took away, such as a key or a session, opens nothing any more. */
  tableReplaced(): void {
    this.#tables++;
  }

  /** Asks all to end, and those that begin from now on. */
  drain(): void {
    this.#draining = true;
    for (const seat of [...this.#seats.values()]) this.#drainOne(seat);
  }

  #drainOne(seat: Seat): void {
    if (seat.stream.drain === undefined || seat.end !== null || !this.#stands(seat)) return;
    seat.end = 'drain';
    seat.stream.drain();
  }

  #stands({ stream }: Seat): boolean {
    return this.#seats.get(stream.walk)?.stream === stream;
  }

  /** Judges those again whose time has come; for calling about twice a second. */
  sweep(): void {
    if (this.#seats.size === 0) return;
    this.#slices.round(
      () => this.#seats.values(),
      (seat) => this.#look(seat),
    );
  }

  /** Whether it was judged. */
  #look(seat: Seat): boolean {
    const { clock, eras } = this.#options;
    const era = eras.current;
    if (era === null || !this.#isDue(seat, era)) return false;
    seat.isBeingJudged = true;
    seat.lists = era.context.installed.snapshot.material.version;
    seat.tables = this.#tables;
    const { walk, replied = null } = seat.stream;
    const again = { context: era.context, atMs: clock.now(), replied };
    judgeAgain(walk, again, (judgement) => this.#heed(seat, era, judgement));
    return true;
  }

  #isDue({ stream, judgedMs, lists, tables, isBeingJudged, end }: Seat, { context }: Era): boolean {
    const { walk } = stream;
    if (isBeingJudged || end !== null || walk.ended) return false;
    if (tables !== this.#tables) return true;
    if (walk.context !== context || lists !== context.installed.snapshot.material.version) return true;
    const { clock } = this.#options;
    if (walk.principal !== null && walk.principal.expiresAtMs <= clock.now()) return true;
    return clock.monotonic() - judgedMs >= JUDGED_EVERY_MS;
  }

  #heed(seat: Seat, { context }: Era, judgement: Judgement): void {
    const { clock, eras } = this.#options;
    const { stream } = seat;
    seat.isBeingJudged = false;
    if (!this.#stands(seat) || seat.end !== null) return;
    // By what is in force now it is judged in the next round.
    if (eras.current?.context !== context) return;
    if (judgement.kind === 'refused') this.#close(seat, judgement.problem, judgement.end);
    else if (stream.fits?.(judgement.place.compiled) === false) this.#close(seat, NO_MORE, 'reload');
    else if (stream.walk.movable) {
      seat.judgedMs = clock.monotonic();
      eras.move(stream.walk, judgement.place);
    }
  }

  #close(seat: Seat, problem: Problem, end: StreamEnd): void {
    seat.end = end;
    seat.stream.close(problem);
  }
}

const NO_MORE: Problem = { code: 'gateway-overloaded', internal: 'its operation offers such streams no more' };
