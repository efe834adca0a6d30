import type { Entry } from './entry.ts';
import { isFailureStatus } from './failure-status.ts';
import { type EjectionSettings, TargetHealth, type TargetState } from './target-health.ts';

/** How the health of an upstream's targets is judged. */
export interface HealthSettings {
  /** Null where no target is left out for what its replies were like. */
  readonly eject: EjectionSettings | null;
  /** How long a target that is back, or new, takes to get all of its part; 0 for none. */
  readonly slowStartMs: number;
  /** What becomes of requests while every target fails its checks: they are refused, or all targets are asked all the same. */
  readonly whenAllDown: 'refuse' | 'serve';
}

/** A target as its health sees it: `share` is written here, and read by whoever picks. */
export type HealthEntry = Pick<Entry, 'name' | 'share'>;

/** Something happened to a target. `forMs`: how long its ejection lasts. */
export type HealthChange =
  | { readonly kind: 'ejected'; readonly name: string; readonly reason: string; readonly forMs: number }
  | { readonly kind: 'down'; readonly name: string; readonly reason: string }
  | { readonly kind: 'returned'; readonly name: string };

/** Who hears of the health of a pool. */
export interface HealthEvents {
  /** The share of one or more targets is another. */
  sharesChanged(): void;
  happened(change: HealthChange): void;
}

/** How a target is, for operators. `sinceMs` and `untilMs` (the end of an ejection, else null) are of the monotonic clock. */
export interface TargetReport {
  readonly name: string;
  readonly state: TargetState;
  readonly sinceMs: number;
  readonly untilMs: number | null;
  readonly reason: string;
}

/** So many targets may be left out at once, of so many that pass their checks: one at least, and never all. */
export function mostEjected(up: number, maxPercent: number): number {
  return Math.min(up - 1, Math.max(1, Math.floor((up * maxPercent) / 100)));
}

interface Member<E> {
  readonly entry: E;
  readonly health: TargetHealth;
}

/**
 * The health of the targets of one upstream, in one thread: what their replies are like, what their checks say, and what
 * time has passed becomes the share that each gets. Made anew for another set of targets or other settings, it goes on
 * from what the one before knew of the targets that it still has.
 *
 * Replies never take out all targets: at least one that passes its checks is asked, however bad it is. Checks may.
 */
export class PoolHealth<E extends HealthEntry> {
  readonly #settings: HealthSettings;
  readonly #events: HealthEvents;
  readonly #members = new Map<string, Member<E>>();
  /** Targets that pass their checks, and those of them that are ejected. */
  #up = 0;
  #ejected = 0;
  #starting = 0;
  /** When the first ejection ends. */
  #nextEndMs = Infinity;

  constructor(
    settings: HealthSettings,
    entries: readonly E[],
    nowMs: number,
    { events, before = null }: { readonly events: HealthEvents; readonly before?: PoolHealth<E> | null },
  ) {
    this.#settings = settings;
    this.#events = events;
    for (const entry of entries) this.#add(entry, nowMs, before);
    // Where settings or the number of targets have changed, fewer may be left out than were.
    if (settings.eject === null) this.#returnAll(nowMs);
    this.#holdFloor(nowMs);
    this.#settle(nowMs);
  }

  /** How many targets get requests now. */
  get usable(): number {
    return this.#up - this.#ejected;
  }

  get size(): number {
    return this.#members.size;
  }

  /** The targets by name. */
  names(): Iterable<string> {
    return this.#members.keys();
  }

  /** The head of a reply came: by its status it may be a failure already. */
  replied(entry: E, status: number, nowMs: number): void {
    if (isFailureStatus(status)) this.failed(entry, `status ${status}`, nowMs);
  }

  /** A reply is whole. One that breaks off is none, however good its status was. */
  completed({ name }: E, status: number, nowMs: number): void {
    if (this.#settings.eject !== null && !isFailureStatus(status)) this.#members.get(name)?.health.succeeded(nowMs);
  }

  /** No reply, or none that could be read or was whole; `reason` is for people. Only what is the target's fault belongs here. */
  failed({ name }: E, reason: string, nowMs: number): void {
    const { eject } = this.#settings;
    const member = this.#members.get(name);
    if (eject === null || member === undefined) return;
    if (!member.health.failed(nowMs, eject) || this.#ejected >= mostEjected(this.#up, eject.maxPercent)) return;
    if (member.health.state === 'starting') this.#starting--;
    const forMs = member.health.eject(reason, nowMs, eject);
    this.#ejected++;
    this.#nextEndMs = Math.min(this.#nextEndMs, nowMs + forMs);
    this.#events.happened({ kind: 'ejected', name, reason, forMs });
    this.#settle(nowMs);
  }

  /** What the checks of a target say now, by its name; told again it changes nothing. */
  checked(name: string, isUp: boolean, reason: string, nowMs: number): void {
    const member = this.#members.get(name);
    if (member === undefined || (member.health.state !== 'down') === isUp) return;
    const { health } = member;
    if (isUp) {
      this.#up++;
      this.#return(member, nowMs);
    } else {
      if (health.state === 'ejected') this.#ejected--;
      if (health.state === 'starting') this.#starting--;
      this.#up--;
      health.fall(reason, nowMs);
      this.#events.happened({ kind: 'down', name, reason });
      this.#holdFloor(nowMs);
    }
    this.#settle(nowMs);
  }

  /** Time has passed: ejections end, and those that start get more. Call it about twice a second. */
  sweep(nowMs: number): void {
    if (this.#starting === 0 && nowMs < this.#nextEndMs) return;
    this.#nextEndMs = Infinity;
    for (const member of this.#members.values()) {
      const { health } = member;
      if (health.state === 'ejected') {
        if (nowMs >= health.untilMs) this.#readmit(member, nowMs);
        else this.#nextEndMs = Math.min(this.#nextEndMs, health.untilMs);
      } else if (health.state === 'starting' && health.shareAt(nowMs, this.#settings.slowStartMs) >= 1) {
        this.#starting--;
        health.finishStart(nowMs);
      }
    }
    this.#settle(nowMs);
  }

  /** How each target is. */
  report(): readonly TargetReport[] {
    return Array.from(this.#members, ([name, { health }]) => ({
      name,
      state: health.state,
      sinceMs: health.sinceMs,
      untilMs: health.state === 'ejected' ? health.untilMs : null,
      reason: health.reason,
    }));
  }

  #add(entry: E, nowMs: number, before: PoolHealth<E> | null): void {
    const known = before === null ? undefined : before.#members.get(entry.name)?.health;
    // A copy: requests under way are still told to the one before.
    const health = known?.copy() ?? new TargetHealth(nowMs);
    if (known === undefined && before !== null && before.usable > 0) health.start(nowMs);
    this.#members.set(entry.name, { entry, health });
    if (health.state !== 'down') this.#up++;
    if (health.state === 'starting') this.#starting++;
    if (health.state !== 'ejected') return;
    this.#ejected++;
    this.#nextEndMs = Math.min(this.#nextEndMs, health.untilMs);
  }

  #returnAll(nowMs: number): void {
    for (const member of this.#members.values()) if (member.health.state === 'ejected') this.#readmit(member, nowMs);
  }

  /** Where fewer pass their checks than before, those come back whose time would have ended first. */
  #holdFloor(nowMs: number): void {
    const { eject } = this.#settings;
    const most = eject === null ? 0 : Math.max(0, mostEjected(this.#up, eject.maxPercent));
    if (this.#ejected <= most) return;
    const ejected = [...this.#members.values()].filter(({ health }) => health.state === 'ejected');
    ejected.sort((one, other) => one.health.untilMs - other.health.untilMs);
    for (const member of ejected.slice(0, this.#ejected - most)) this.#readmit(member, nowMs);
  }

  #readmit(member: Member<E>, nowMs: number): void {
    this.#ejected--;
    this.#return(member, nowMs);
  }

  #return({ entry, health }: Member<E>, nowMs: number): void {
    health.return(nowMs, this.#settings.eject);
    this.#starting++;
    this.#events.happened({ kind: 'returned', name: entry.name });
  }

  /** Writes the shares. */
  #settle(nowMs: number): void {
    const { slowStartMs, whenAllDown } = this.#settings;
    const isDesperate = this.#up === 0 && whenAllDown === 'serve';
    let changed = false;
    for (const { entry, health } of this.#members.values()) {
      const share = isDesperate ? 1 : health.shareAt(nowMs, slowStartMs);
      if (share === entry.share) continue;
      entry.share = share;
      changed = true;
    }
    if (changed) this.#events.sharesChanged();
  }
}
