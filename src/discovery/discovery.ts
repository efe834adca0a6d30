import {
  type FoundTarget,
  type Tables,
  TARGETS_STALE_AFTER_MS,
  type TargetSource,
  targetKey,
  UPSTREAM_TARGETS,
} from '../ports/index.ts';
import { type KeeperPorts, type SourceStatus, TargetKeeper } from './keeper.ts';

/** What finding the targets of all upstreams needs. Nothing else may replace the live table. */
export interface DiscoveryOptions extends KeeperPorts {
  readonly tables: Pick<Tables, 'declare' | 'read' | 'replace'>;
}

/** A source that a configuration asks for. `token`: the text of the secret that it names, null where it names none. */
export interface WantedSource {
  readonly source: TargetSource;
  readonly token: string | null;
}

/** The targets of a source, by its key, and when it last said so, in milliseconds since 1970. */
export interface HeldTargets {
  readonly key: string;
  readonly targets: readonly FoundTarget[];
  readonly atMs: number;
}

/** A configuration waits no longer than this for the targets of its upstreams. */
const FILL_LIMIT_MS = 5_000;
const SILENT = `it has not answered within ${FILL_LIMIT_MS / 1_000} seconds`;
/** Changes are spread over threads no more often: a rollout of a thousand instances is a thousand changes. */
const PUBLISH_GAP_MS = 50;

/**
 * Finds the targets of upstreams on the control side, and keeps the live table of them filled: a row for each source of
 * the configuration in force, and of one that is to come. A source that two configurations ask for goes on undisturbed.
 */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #active = new Map<string, TargetKeeper>();
  readonly #restored = new Map<string, HeldTargets>();
  #publishing: { cancel(): void } | null = null;
  #closed = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    options.tables.declare(UPSTREAM_TARGETS);
  }

  /**
   * Finds the targets of these sources too. Resolves when each new one has said what it has, or that it can't, after five
   * seconds at most, and the table is as new as that. Gives the sources that are new and have no targets; one that has
   * said nothing so far has that as its fault.
   */
  async fill(wanted: readonly WantedSource[]): Promise<readonly SourceStatus[]> {
    if (this.#closed) return [];
    const begun: TargetKeeper[] = [];
    for (const { source, token } of wanted) {
      const key = targetKey(source);
      const running = this.#active.get(key);
      const keeper = running ?? this.#createKeeper(key, source);
      keeper.begin(token);
      if (running === undefined) begun.push(keeper);
    }
    if (begun.length > 0) {
      await this.#within(FILL_LIMIT_MS, Promise.all(begun.map((keeper) => keeper.settled)));
      this.#publish();
    }
    return begun
      .filter((keeper) => keeper.row.targets.length === 0)
      .map((keeper) => keeper.status())
      .map((status) => (status.foundAtMs === null ? { ...status, fault: status.fault ?? SILENT } : status));
  }

  /** From now on only the targets of these sources are looked for; the rows of others go. */
  retain(wanted: readonly WantedSource[]): void {
    const keys = new Set(wanted.map(({ source }) => targetKey(source)));
    const ended = new Set<string>();
    for (const [key, keeper] of this.#active) {
      if (keys.has(key)) continue;
      keeper.end();
      this.#active.delete(key);
      ended.add(keeper.name);
    }
    if (ended.size === 0) return;
    // A source that differs in what its name does not say goes on: of that name there is not nothing now.
    for (const keeper of this.#active.values()) if (ended.has(keeper.name)) keeper.tell();
    this.#publish();
  }

  /** Takes targets that an earlier run has found, where they are not too old: they serve until their source says something. */
  restore(held: readonly HeldTargets[]): void {
    const nowMs = this.#options.clock.now();
    for (const targets of held) {
      const ageMs = nowMs - targets.atMs;
      if (ageMs >= 0 && ageMs <= TARGETS_STALE_AFTER_MS) this.#restored.set(targets.key, targets);
    }
  }

  /** The targets of each source that has any. */
  held(): readonly HeldTargets[] {
    return [...this.#active].flatMap(([key, { row, heldAtMs }]) =>
      row.targets.length === 0 || heldAtMs === null ? [] : [{ key, targets: row.targets, atMs: heldAtMs }],
    );
  }

  /** How each source is, by name. */
  status(): readonly SourceStatus[] {
    return [...this.#active.values()]
      .map((keeper) => keeper.status())
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Nothing is looked for or put into the table after this. */
  close(): void {
    this.#closed = true;
    this.#publishing?.cancel();
    for (const keeper of this.#active.values()) keeper.end();
    this.#active.clear();
  }

  #createKeeper(key: string, source: TargetSource): TargetKeeper {
    const keeper = new TargetKeeper(source, this.#options, () => this.#publishSoon());
    const restored = this.#restored.get(key);
    if (restored !== undefined) keeper.restore(restored.targets, restored.atMs);
    this.#restored.delete(key);
    this.#active.set(key, keeper);
    return keeper;
  }

  #publishSoon(): void {
    this.#publishing ??= this.#options.clock.after(PUBLISH_GAP_MS, () => this.#publish());
  }

  #publish(): void {
    this.#publishing?.cancel();
    this.#publishing = null;
    if (this.#closed) return;
    const { tables, clock } = this.#options;
    const rows = new Map([...this.#active].map(([key, keeper]) => [key, keeper.row]));
    tables.replace(UPSTREAM_TARGETS.name, tables.read(UPSTREAM_TARGETS.name).version + 1, rows, clock.now());
  }

  /** Resolves with the work, or after so long. */
  async #within(limitMs: number, work: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(limitMs, () => late.resolve());
    await Promise.race([work, late.promise]);
    timer.cancel();
  }
}
