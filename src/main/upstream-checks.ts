import { createHash } from 'node:crypto';
import { CheckStreak } from '../balance/index.ts';
import { LineBudget } from '../base/index.ts';
import {
  authorityOf,
  type CheckConfig,
  type Gathered,
  type TargetConfig,
  type UpstreamConfig,
} from '../config/index.ts';
import { healthKey, UPSTREAM_HEALTH, type UpstreamHealthRow } from '../gateway/index.ts';
import type { Clock, Log, Tables, TargetSource, Timer } from '../ports/index.ts';
import { type CheckSubject, TargetCheck } from './target-check.ts';

/** What they work with. `found`: the targets that are known now of a source; `chance`: a number from 0 up to 1. */
export interface UpstreamChecksOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly chance: () => number;
  readonly tables: Pick<Tables, 'declare' | 'read' | 'replace'>;
  readonly found: (source: TargetSource) => readonly TargetConfig[];
}

/** So many checks are under way at once. */
const AT_ONCE = 64;
/** A check comes earlier or later by this part of its time, so that those of many targets spread. */
const JITTER = 0.1;
/** Changes of so long go to the threads together. */
const GATHER_MS = 20;
const SWEEP_MS = 1_000;

/** A target that is checked. */
interface Checked {
  readonly upstream: string;
  /** As a Host field says it. */
  readonly name: string;
  /** All that its checks depend on, as text. */
  readonly key: string;
  readonly check: CheckConfig;
  readonly runner: TargetCheck;
  readonly streak: CheckStreak;
  timer: Timer | null;
  giveUp: (() => void) | null;
  /** Why the last check has failed, and since when it is held to be down (wall time). */
  reason: string;
  sinceMs: number;
}

/**
 * Checks the targets of the configuration in force, for all threads; what is found goes to them in a live table. A target
 * that stays over a reload keeps what is known of it, and one whose checks are others now keeps it until the first of
 * those has ended.
 */
export class UpstreamChecks {
  readonly #options: UpstreamChecksOptions;
  /** Of targets that are checked otherwise now, or no more: what is left of their connections is held to its time. */
  readonly #retired = new Set<TargetCheck>();
  readonly #checked = new Map<string, Checked>();
  /** Those whose time has come and that wait for a place. */
  readonly #due = new Set<Checked>();
  readonly #lines = new LineBudget(50, 10_000);
  readonly #sweeper: Timer;
  #followed: Gathered | null = null;
  #running = 0;
  #publishing: Timer | null = null;

  constructor(options: UpstreamChecksOptions) {
    this.#options = options;
    options.tables.declare(UPSTREAM_HEALTH);
    this.#sweeper = options.clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** From now on the targets of this configuration are checked, and no others. New ones are asked at once. */
  follow(gathered: Gathered): void {
    this.#followed = gathered;
    this.refresh();
  }

  /** Other targets may have been found. */
  refresh(): void {
    if (this.#followed === null) return;
    const wanted = new Map(this.#wanted(this.#followed).map((each) => [healthKey(each.upstream, each.name), each]));
    let isLess = false;
    for (const [row, checked] of this.#checked) {
      if (wanted.get(row)?.key === checked.key) continue;
      this.#stop(checked);
      this.#retired.add(checked.runner);
      if (wanted.has(row)) continue;
      this.#checked.delete(row);
      isLess ||= !checked.streak.isUp;
    }
    for (const [row, { upstream, name, key, subject }] of wanted) {
      const before = this.#checked.get(row);
      if (before?.key === key) continue;
      const checked: Checked = {
        ...{ upstream, name, key, check: subject.check, timer: null, giveUp: null },
        runner: new TargetCheck(subject, this.#options.clock),
        streak: new CheckStreak(subject.check, before?.streak.isUp ?? true),
        reason: before?.reason ?? '',
        sinceMs: before?.sinceMs ?? this.#options.clock.now(),
      };
      this.#checked.set(row, checked);
      this.#due.add(checked);
    }
    if (isLess) this.#publishSoon();
    this.#runDue();
  }

  /** Checks nothing any more. What was found stays in the table. */
  close(): void {
    this.#sweeper.cancel();
    this.#publishing?.cancel();
    for (const checked of this.#checked.values()) this.#stop(checked);
    this.#checked.clear();
    this.#followed = null;
  }

  *#subjects({
    config,
  }: Gathered): Generator<readonly [name: string, upstream: UpstreamConfig, targets: readonly TargetConfig[]]> {
    for (const { name, upstream } of config.apis) {
      const { discover, canary, targets } = upstream;
      yield [name, upstream, discover === null ? targets : this.#options.found(discover.source)];
      if (canary !== null) yield [`${name} canary`, { ...upstream, discover: null }, canary.targets];
    }
  }

  #wanted(gathered: Gathered): readonly Wanted[] {
    const wanted: Wanted[] = [];
    for (const [name, upstream, targets] of this.#subjects(gathered)) {
      const { check } = upstream.health;
      if (check === null) continue;
      const proof = proofOf(upstream, gathered);
      const { protocol, scheme } = upstream;
      const asData = JSON.stringify([check, protocol, scheme, { ...proof, identity: proof.identity?.chainPem }]);
      // A digest: CAs may be long, and each of a thousand targets has it.
      const about = createHash('sha256').update(asData).digest('base64url');
      for (const { host, port } of targets) {
        const own = authorityOf(scheme, { host, port });
        const authority = upstream.discover?.authority ?? own;
        const subject = { protocol, authority, check, target: { scheme, host, port, ...proof } };
        wanted.push({ upstream: name, name: own, key: `${about} ${authority}`, subject });
      }
    }
    return wanted;
  }

  #runDue(): void {
    for (const checked of this.#due) {
      if (this.#running >= AT_ONCE) return;
      this.#due.delete(checked);
      this.#run(checked);
    }
  }

  #run(checked: Checked): void {
    const { clock } = this.#options;
    const startedMs = clock.monotonic();
    this.#running++;
    checked.giveUp = checked.runner.begin((fault) => {
      this.#running--;
      checked.giveUp = null;
      const everyMs = checked.check.everyMs * (1 - JITTER + 2 * JITTER * this.#options.chance());
      checked.timer = clock.after(Math.max(0, startedMs + everyMs - clock.monotonic()), () => {
        checked.timer = null;
        this.#due.add(checked);
        this.#runDue();
      });
      this.#take(checked, fault);
      this.#runDue();
    });
  }

  #take(checked: Checked, fault: string | null): void {
    const { streak } = checked;
    const changed = streak.take(fault === null);
    if (fault !== null && (changed || streak.isUp)) checked.reason = fault;
    if (!changed) return;
    checked.sinceMs = this.#options.clock.now();
    this.#tell(checked);
    this.#publishSoon();
  }

  #tell({ upstream: api, name: target, streak, reason }: Checked): void {
    const { clock, log } = this.#options;
    const room = this.#lines.take(clock.monotonic());
    if (room === 'last') log.write('warn', 'upstream.targets-change', 'more targets come and go than are told of');
    if (room !== 'tell') return;
    if (streak.isUp) log.write('info', 'upstream.check-passed', 'a target passes its checks again', { api, target });
    else log.write('warn', 'upstream.check-failed', `a target fails its checks: ${reason}`, { api, target, reason });
  }

  #publishSoon(): void {
    this.#publishing ??= this.#options.clock.after(GATHER_MS, () => {
      this.#publishing = null;
      const { tables, clock } = this.#options;
      const rows = new Map<string, UpstreamHealthRow>();
      for (const [row, { streak, reason, sinceMs }] of this.#checked)
        if (!streak.isUp) rows.set(row, { up: false, reason, sinceMs });
      tables.replace(UPSTREAM_HEALTH.name, tables.read(UPSTREAM_HEALTH.name).version + 1, rows, clock.now());
    });
  }

  #stop(checked: Checked): void {
    checked.timer?.cancel();
    this.#due.delete(checked);
    if (checked.giveUp === null) return;
    checked.giveUp();
    checked.giveUp = null;
    this.#running--;
  }

  #sweep(): void {
    const nowMs = this.#options.clock.monotonic();
    for (const { runner } of this.#checked.values()) runner.sweep(nowMs);
    for (const runner of this.#retired) {
      runner.sweep(nowMs);
      if (runner.isGone) this.#retired.delete(runner);
    }
  }
}

/** A target that is to be checked. */
interface Wanted {
  readonly upstream: string;
  readonly name: string;
  readonly key: string;
  readonly subject: CheckSubject;
}

/** What a target proves itself by, and what it is shown: the same that requests use. */
function proofOf(
  { caFile, identity, serverName, pins, allowedAddresses }: UpstreamConfig,
  { files, secrets }: Gathered,
) {
  const read = (held: Readonly<Record<string, Uint8Array>>, name: string): Uint8Array => {
    const bytes = Object.hasOwn(held, name) ? held[name] : undefined;
    if (bytes === undefined) throw new Error(`${name} was not gathered`);
    return bytes;
  };
  const text = (name: string): string => new TextDecoder().decode(read(files, name));
  return {
    ca: caFile === null ? null : text(caFile),
    identity: identity === null ? null : { chainPem: text(identity.certificate), keyPem: read(secrets, identity.key) },
    serverName,
    pins,
    allowedAddresses,
  };
}
