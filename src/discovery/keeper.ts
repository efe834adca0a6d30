import { AddressSet } from '../base/index.ts';
import {
  type Alerts,
  type FoundTarget,
  type Log,
  TARGET_LIMIT,
  TARGETS_STALE_AFTER_MS,
  type TargetRow,
  type TargetSource,
  targetKey,
  type Timer,
} from '../ports/index.ts';
import { startConsul } from './consul-source.ts';
import { startDns, startSrv } from './dns-sources.ts';
import { startFile } from './file-source.ts';
import { startKubernetes } from './kubernetes-source.ts';
import type { Finding, SourcePorts, SourceSink, StopSource } from './source.ts';
import { judgeTargets, sameTargets, settleTargets } from './target-list.ts';

/**
 * An answer that there is nothing counts when it has been given for so long: a registry that is being started anew, or a
 * zone that is just being written, says so too, and the targets of a moment ago most likely still answer.
 */
const EMPTY_GRACE_MS = 60_000;
/** A source that can't say anything is told of by an alert after so long; at once where nothing is known of it. */
const ALERT_AFTER_MS = 60_000;
/** Notes that one line of the log tells. */
const TOLD_LIMIT = 5;

/** What keeping a source needs. */
export interface KeeperPorts extends SourcePorts {
  readonly log: Log;
  readonly alerts: Pick<Alerts, 'raise'>;
  /** Counts each time that a source of this kind could not say what it has. */
  readonly failed: (kind: TargetSource['kind']) => void;
  /** Hears how a source is, each time that it has said what it has, and when it ends: then with no targets. */
  readonly told: (status: SourceStatus) => void;
}

/** How a source is. Times in milliseconds since 1970; null where it never came so far. */
export interface SourceStatus {
  /** That of its row in the live table. */
  readonly key: string;
  /** What it asks for, in words, without anything secret. */
  readonly name: string;
  readonly kind: TargetSource['kind'];
  readonly targets: number;
  /** When it last said what it has. */
  readonly foundAtMs: number | null;
  /** Why it can't say now; null where it can. */
  readonly fault: string | null;
}

/**
 * Keeps the targets of one source. What is found is judged, put in order and published when it differs. Where the source
 * fails, what was found last stays, for three days at most (that of a file for as long as it takes); where it says that
 * there is nothing, for a minute.
 */
export class TargetKeeper implements SourceSink {
  readonly name: string;
  readonly #source: TargetSource;
  readonly #ports: KeeperPorts;
  readonly #publish: () => void;
  readonly #allowed: AddressSet | null;
  readonly #settled = Promise.withResolvers<void>();
  #row: TargetRow | null = null;
  #stop: StopSource | null = null;
  #token: string | null = null;
  /** When the source last said what it has, also in an earlier run. */
  #foundAtMs: number | null = null;
  /** When the source last said that it has targets. */
  #heldAtMs: number | null = null;
  #fault: string | null = null;
  #failingSinceMs: number | null = null;
  #notes = '';
  /** Runs out when the targets that are held are held for too long. */
  #expiry: Timer | null = null;
  #isEmptying = false;

  constructor(source: TargetSource, ports: KeeperPorts, publish: () => void) {
    this.#source = source;
    this.name = nameOf(source);
    this.#ports = ports;
    this.#publish = publish;
    this.#allowed = source.kind === 'file' || source.allowed.length === 0 ? null : AddressSet.of(source.allowed);
  }

  /** Resolves when the source has said something, or that it can't. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Its row in the live table; without targets where nothing is known. */
  get row(): TargetRow {
    return this.#row ?? { targets: [], atMs: 0 };
  }

  /** How old the targets are that it has: that it once said that there are none makes those of before no younger. */
  get heldAtMs(): number | null {
    return this.#heldAtMs;
  }

  /** Targets that an earlier run has found; they stand until the source has said something. */
  restore(targets: readonly FoundTarget[], atMs: number): void {
    this.#row ??= { targets, atMs };
    this.#foundAtMs ??= atMs;
    this.#heldAtMs ??= atMs;
  }

  /** Begins, or goes on with another token: what was found stays. */
  begin(token: string | null): void {
    if (this.#stop !== null && token === this.#token) return;
    this.#stop?.();
    this.#token = token;
    this.#stop = start(this.#source, this.#ports, { sink: this, token });
  }

  /** Nothing is looked for or published after this. */
  end(): void {
    this.#stop?.();
    this.#stop = null;
    this.#expiry?.cancel();
    this.#ports.told({ ...this.status(), targets: 0 });
  }

  found(finding: Finding): void {
    const { targets, refused } = this.#judge(finding.targets);
    if (refused.length > 0) this.#tellOfRefused(refused);
    if (targets.length === 0 && refused.length > 0) {
      this.failed(`every address that it gave is refused: ${refused.join(', ')}`);
      return;
    }
    const { clock, log } = this.#ports;
    this.#foundAtMs = clock.now();
    if (this.#fault !== null)
      log.write('info', 'targets.back', 'the targets of an upstream can be found again', { source: this.name });
    this.#fault = null;
    this.#failingSinceMs = null;
    const settled = settleTargets(targets);
    const beyond = settled.length === TARGET_LIMIT && targets.length > TARGET_LIMIT;
    this.#tellOfNotes(
      beyond ? [...finding.notes, `more targets than the ${TARGET_LIMIT} that are used`] : finding.notes,
    );
    if (settled.length === 0 && this.row.targets.length > 0) this.#beginEmptying();
    else {
      this.#stopExpiry();
      this.#heldAtMs = this.#foundAtMs;
      this.#put(settled);
    }
    this.tell();
    this.#settled.resolve();
  }

  failed(detail: string): void {
    const { clock, log, failed } = this.#ports;
    failed(this.#source.kind);
    const nowMs = clock.now();
    this.#failingSinceMs ??= nowMs;
    if (this.#fault === null) {
      log.write('warn', 'targets.failed', 'the targets of an upstream can not be found; those known serve on', {
        source: this.name,
        targets: this.row.targets.length,
        detail,
      });
    }
    this.#fault = detail;
    const holds = this.row.targets.length > 0;
    if (!holds || nowMs - this.#failingSinceMs >= ALERT_AFTER_MS) this.#alarm(detail);
    // What was said before the failure is not said any more.
    if (this.#isEmptying) this.#stopExpiry();
    if (holds && this.#source.kind !== 'file' && this.#expiry === null) {
      this.#expireAfter(Math.max(0, (this.#heldAtMs ?? nowMs) + TARGETS_STALE_AFTER_MS - nowMs));
    }
    this.#settled.resolve();
  }

  /** Tells how the source is, as it does by itself each time that it has said something. */
  tell(): void {
    this.#ports.told(this.status());
  }

  status(): SourceStatus {
    const { kind } = this.#source;
    const targets = this.row.targets.length;
    return {
      key: targetKey(this.#source),
      name: this.name,
      kind,
      targets,
      foundAtMs: this.#foundAtMs,
      fault: this.#fault,
    };
  }

  /** What stands in a file was written by whoever writes the configuration; all else is judged each time. */
  #judge(targets: readonly FoundTarget[]): ReturnType<typeof judgeTargets> {
    return this.#source.kind === 'file' ? { targets, refused: [] } : judgeTargets(targets, this.#allowed);
  }

  #beginEmptying(): void {
    if (this.#isEmptying) return;
    this.#stopExpiry();
    this.#isEmptying = true;
    this.#ports.log.write(
      'warn',
      'targets.none',
      'an upstream has no targets any more; those known serve for a minute',
      {
        source: this.name,
        targets: this.row.targets.length,
      },
    );
    this.#expireAfter(EMPTY_GRACE_MS);
  }

  #expireAfter(delayMs: number): void {
    this.#expiry = this.#ports.clock.after(delayMs, () => {
      this.#expiry = null;
      this.#isEmptying = false;
      this.#put([]);
      this.tell();
      this.#alarm(this.#fault ?? 'it says that there are none');
    });
  }

  #stopExpiry(): void {
    this.#expiry?.cancel();
    this.#expiry = null;
    this.#isEmptying = false;
  }

  #put(targets: readonly FoundTarget[]): void {
    const before = this.#row;
    if (before !== null && sameTargets(before.targets, targets)) return;
    const { clock, log } = this.#ports;
    this.#row = { targets, atMs: clock.now() };
    log.write('info', 'targets.found', 'the targets of an upstream have changed', {
      source: this.name,
      targets: targets.length,
      before: before?.targets.length ?? 0,
    });
    this.#publish();
  }

  #alarm(fault: string): void {
    const targets = this.row.targets.length;
    const then = targets > 0 ? 'those known serve on' : 'its requests are refused';
    this.#ports.alerts.raise({
      kind: 'upstream.targets-unavailable',
      // That requests are refused is another occasion than that targets grow old: neither hides the other.
      key: targets > 0 ? this.name : `${this.name} refused`,
      severity: targets > 0 ? 'medium' : 'high',
      message: `the targets of an upstream can't be found (${this.name}); ${then}`,
      fields: { source: this.name, targets, fault },
    });
  }

  #tellOfRefused(refused: readonly string[]): void {
    this.#ports.alerts.raise({
      kind: 'upstream.address-refused',
      key: this.name,
      severity: 'high',
      message: `a source of targets names addresses that no upstream may have (${this.name}); they get no requests`,
      fields: { source: this.name, refused: refused.join(', ') },
    });
  }

  #tellOfNotes(notes: readonly string[]): void {
    const text = notes.slice(0, TOLD_LIMIT).join('; ');
    if (text !== '' && text !== this.#notes) {
      this.#ports.log.write('warn', 'targets.partial', 'not all that a source of targets says can be used', {
        source: this.name,
        detail: text,
      });
    }
    this.#notes = text;
  }
}

function start(
  source: TargetSource,
  ports: SourcePorts,
  { sink, token }: { readonly sink: SourceSink; readonly token: string | null },
): StopSource {
  switch (source.kind) {
    case 'dns':
      return startDns(source, ports, sink);
    case 'srv':
      return startSrv(source, ports, sink);
    case 'file':
      return startFile(source, ports, sink);
    case 'consul':
      return startConsul(source, ports, sink, token);
    case 'kubernetes':
      return startKubernetes(source, ports, sink);
  }
}

/** What a source asks for, as logs, alerts and the status call it. */
function nameOf(source: TargetSource): string {
  switch (source.kind) {
    case 'dns':
      return `dns ${source.name}:${source.port}`;
    case 'srv':
      return `srv ${source.name}`;
    case 'file':
      return `file ${source.path}`;
    case 'consul':
      return `consul ${source.service}${source.tag === null ? '' : ` tagged ${source.tag}`} of ${source.url}`;
    case 'kubernetes':
      return `kubernetes ${source.namespace}/${source.service}:${source.port}`;
  }
}
