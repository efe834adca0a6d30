import type { Clock, Log, Timer } from '../ports/index.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Installed } from './runtime.ts';
import type { Place, Walk, WalkContext } from './walk.ts';

/** Snapshots that may live at once: the one in force, and two that older requests still walk through. */
const SNAPSHOT_LIMIT = 3;
/**
 * So long may older requests keep a new Snapshot out before the oldest are cut. Long enough for nearly every request to
 * end by itself, short beside the 30 s that the control side waits; without an end a client that reads slowly enough
 * would keep every later configuration out, the one that blocks it among them.
 */
const ROOM_GRACE_MS = 5_000;

/** The time of one Snapshot, and the requests that walk through it. */
export interface Era {
  readonly context: WalkContext;
  /** In no order; each knows its seat. */
  readonly passages: Walk[];
}

/** Somebody waits until one more Snapshot may live. */
interface RoomWait {
  readonly room: Promise<void>;
  readonly made: () => void;
  readonly timer: Timer;
}

/** What eras work with. */
export interface EraOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<GatewayMetrics, 'cut' | 'inFlight'>;
  /** Hears what is still in use, whenever an era has ended. */
  readonly retain: (installed: readonly Installed[]) => void;
}

/** The Snapshots that live in one thread: the one in force, and those that older requests still walk through. */
export class Eras {
  readonly #options: EraOptions;
  readonly #living = new Set<Era>();
  #current: Era | null = null;
  #inFlight = 0;
  #wait: RoomWait | null = null;
  #closed = false;

  constructor(options: EraOptions) {
    this.#options = options;
  }

  /** The one in force; null before the first. */
  get current(): Era | null {
    return this.#current;
  }

  /** Those that requests still walk through and the one in force, the oldest first. */
  get living(): ReadonlySet<Era> {
    return this.#living;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether one more may live. The one in force makes room by itself where no request walks through it. */
  get #hasRoom(): boolean {
    const idle = this.#current !== null && this.#current.passages.length === 0 ? 1 : 0;
    return this.#living.size - idle < SNAPSHOT_LIMIT;
  }

  /** Begins a new era; `over` of its context is told to whoever makes it. False where there is no room, or all is closed. */
  begin(contextOf: (over: WalkContext['over']) => WalkContext): boolean {
    if (this.#closed || !this.#hasRoom) return false;
    const last = this.#current;
    const era: Era = { passages: [], context: contextOf((walk) => this.#over(era, walk)) };
    this.#living.add(era);
    this.#current = era;
    if (last !== null && last.passages.length === 0) this.#end(last);
    return true;
  }

  /** Resolves when there is room: at once, when requests of an older era have ended or moved, or when those of the oldest were cut. */
  makeRoom(): Promise<void> {
    if (this.#closed || this.#hasRoom) return Promise.resolve();
    if (this.#wait === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = this.#options.clock.after(ROOM_GRACE_MS, () => this.#forceRoom());
      this.#wait = { room: promise, made: resolve, timer };
    }
    return this.#wait.room;
  }

  /** A request begins to walk through an era. */
  enter(era: Era, walk: Walk): void {
    walk.seat = era.passages.push(walk) - 1;
    this.#count(1);
  }

  /** A request that was judged again goes on by that: in the same era, or in another than it began in. */
  move(walk: Walk, place: Place): void {
    const from = this.#eraOf(walk.context);
    const to = this.#eraOf(place.context);
    if (from !== to) {
      this.#leave(from, walk);
      walk.seat = to.passages.push(walk) - 1;
    }
    walk.adopt(place);
    this.#endIfIdle(from);
  }

  #eraOf(context: WalkContext): Era {
    for (const era of this.#living) if (era.context === context) return era;
    throw new Error('a request walks through a Snapshot that lives no more');
  }

  /** No further era begins. */
  close(): void {
    this.#closed = true;
    this.#roomMade();
  }

  #forceRoom(): void {
    const [oldest] = this.#living;
    if (oldest !== undefined && !this.#hasRoom) this.#cut(oldest);
    this.#roomMade();
  }

  #cut({ context, passages }: Era): void {
    const { log, metrics } = this.#options;
    const { revision } = context.installed.snapshot;
    const cut = [...passages];
    for (const passage of cut) passage.cut('gateway-overloaded');
    metrics.cut('snapshot', cut.length);
    const message = 'requests of the oldest configuration were cut, so that the newest could be installed';
    log.write('warn', 'snapshot.cut', message, { revision, passages: cut.length });
  }

  #roomMade(): void {
    const wait = this.#wait;
    this.#wait = null;
    wait?.timer.cancel();
    wait?.made();
  }

  #over(era: Era, walk: Walk): void {
    this.#leave(era, walk);
    this.#count(-1);
    this.#endIfIdle(era);
  }

  #leave(era: Era, walk: Walk): void {
    // The last one takes the seat of the one that leaves.
    const last = era.passages.pop();
    if (last === undefined || last === walk) return;
    era.passages[walk.seat] = last;
    last.seat = walk.seat;
  }

  #count(change: 1 | -1): void {
    this.#inFlight += change;
    this.#options.metrics.inFlight.set(this.#inFlight);
  }

  #endIfIdle(era: Era): void {
    if (era !== this.#current && era.passages.length === 0) this.#end(era);
  }

  /** No request walks through this Snapshot any more, so upstreams that only it had are left. */
  #end(era: Era): void {
    this.#living.delete(era);
    this.#options.retain([...this.#living].map(({ context }) => context.installed));
    if (this.#hasRoom) this.#roomMade();
  }
}
