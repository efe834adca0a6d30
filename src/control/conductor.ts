import { posix } from 'node:path';
import { type ChangeRecord, err, errorIssue, formatIssue, type Issue, ok, type Result } from '../base/index.ts';
import {
  type Config,
  gather,
  type Gathered,
  type GatherOptions,
  parseConfig,
  type ParsedConfig,
} from '../config/index.ts';
import type { PolicyKind } from '../policy/index.ts';
import type { Alerts, Clock, Collection, Log } from '../ports/index.ts';
import { type Revision, revisionId } from './revisions.ts';

/** The gateway threads, as the conductor sees them: all do it, or none. */
export interface GatewayThreads {
  /** Builds routing everywhere; what any thread finds wrong. Nothing is in force yet. */
  prepare(gathered: Gathered): Promise<readonly Issue[]>;
  /** Puts the prepared Snapshot in force everywhere; false when a thread would not. */
  install(revision: number): Promise<boolean>;
}

/** Builds everything of a configuration once, in a thread of its own, and reports all issues. */
export interface Verifier {
  verify(gathered: Gathered): Promise<readonly Issue[]>;
}

/** Whether the gateway should get traffic, and why not. */
export type Readiness =
  | { readonly state: 'starting' | 'verifying' | 'draining' }
  | { readonly state: 'ready' }
  | { readonly state: 'faulty'; readonly issues: readonly Issue[] };

/** A change as the ledger records it; `before` and `after` are the hashes of configurations. */
export type RecordedChange = Pick<ChangeRecord, 'author' | 'action' | 'target' | 'before' | 'after'>;

/** A reload that was refused: when, in wall time, how much is wrong, and the first of it in words. */
export interface RefusedReload {
  readonly at: number;
  readonly issues: number;
  readonly first: string;
}

/** What the conductor works with. */
export interface ConductorOptions {
  readonly file: string;
  readonly readText: () => Promise<Result<Uint8Array, string>>;
  readonly kinds: readonly PolicyKind<unknown>[];
  readonly io: Omit<GatherOptions, 'revision'>;
  readonly threads: GatewayThreads;
  readonly verifier: Verifier;
  readonly revisions: Collection<Revision>;
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts;
  /** Records a change before it is made; false when that can't be done, and then it must not be made. */
  readonly record: (change: RecordedChange) => boolean;
  /**
   * What a new configuration asks of the rest of the node before it is in force: certificates for new hosts, keys of new
   * issuers. What can't be had of it; then the configuration is refused.
   */
  readonly adapt: (gathered: Gathered) => Promise<readonly Issue[]>;
  /** This is in force now, or is so still after another one was refused, and the rest of the node goes by it alone. */
  readonly follow: (gathered: Gathered) => Promise<void>;
}

/** Turns the configuration file into what is in force, one revision after the other. A refused one changes nothing. */
export class Conductor {
  readonly #options: ConductorOptions;
  /** The newest number given to a configuration, in force or refused. */
  #newest = 0;
  #current: Gathered | null = null;
  #readiness: Readiness = { state: 'starting' };
  #refusedReload: RefusedReload | null = null;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(options: ConductorOptions) {
    this.#options = options;
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  /** What is in force; null before the first. */
  get current(): Gathered | null {
    return this.#current;
  }

  /** The last reload, where it was refused; else null. */
  get refusedReload(): RefusedReload | null {
    return this.#refusedReload;
  }

  /** Puts the first configuration in force. Traffic may begin when it resolves. */
  async begin(gathered: Gathered, author: string): Promise<Result<void, readonly Issue[]>> {
    const issues = await this.#options.threads.prepare(gathered);
    if (issues.length > 0) return err(issues);
    if (!this.#record('configuration.install', gathered, author)) return err([NOT_RECORDED]);
    if (!(await this.#options.threads.install(gathered.revision)))
      return err([errorIssue('', 'the gateway thread did not install the configuration')]);
    this.#current = gathered;
    await this.#options.follow(gathered);
    await this.#remember(gathered, author, 'installed');
    return ok(undefined);
  }

  /** The ports are open: traffic comes, and the verifier builds behind it what has not been built yet. */
  opened(): void {
    const gathered = this.#current;
    if (gathered === null || this.#readiness.state !== 'starting') return;
    this.#readiness = { state: 'verifying' };
    this.#busy = this.#busy.then(() => this.#verifyFirst(gathered));
  }

  /** Gives out the next revision's number; they go on from the history's newest, and none is given twice. */
  async nextRevision(): Promise<number> {
    if (this.#newest === 0) {
      const [newest] = await this.#options.revisions.query({ orderBy: 'revision', descending: true, limit: 1 });
      this.#newest = newest?.document.revision ?? 0;
    }
    this.#newest++;
    return this.#newest;
  }

  /** Reads the file again and puts it in force if all of it can be built. One reload after the other. */
  reload(author: string): Promise<Result<{ readonly revision: number }, readonly Issue[]>> {
    const next = this.#busy.then(async () => {
      const result = await this.#reload(author);
      this.#refusedReload = result.ok ? null : refusalOf(result.error, this.#options.clock.now());
      return result;
    });
    this.#busy = next.catch(() => undefined);
    return next;
  }

  /** No longer to be sent traffic. */
  drain(): void {
    this.#readiness = { state: 'draining' };
  }

  /** Resolves when what is under way now has ended. */
  async settled(): Promise<void> {
    await this.#busy;
  }

  async #verifyFirst(gathered: Gathered): Promise<void> {
    const issues = await this.#options.verifier.verify(gathered);
    if (this.#readiness.state !== 'verifying') return;
    this.#readiness = issues.length === 0 ? { state: 'ready' } : { state: 'faulty', issues };
    if (issues.length > 0)
      this.#complain(issues, 'the first configuration can not be built whole; what can not be built is refused');
  }

  async #reload(author: string): Promise<Result<{ readonly revision: number }, readonly Issue[]>> {
    const loaded = await this.#load();
    if (!loaded.ok) return this.#refuse(loaded.error, null, author);
    const unnumbered = loaded.value;
    if (this.#current !== null && unnumbered.hash === this.#current.hash)
      return ok({ revision: this.#current.revision });
    const gathered: Gathered = { ...unnumbered, revision: await this.nextRevision() };
    const fixed = restartIssues(this.#current?.config ?? null, gathered);
    const issues = fixed.length > 0 ? fixed : await this.#build(gathered);
    if (issues.length > 0) return this.#refuse(issues, gathered, author);
    if (!this.#record('configuration.install', gathered, author)) return this.#refuse([NOT_RECORDED], gathered, author);
    if (!(await this.#options.threads.install(gathered.revision))) {
      return this.#refuse(
        [errorIssue('', 'the gateway thread did not install the configuration', { fix: 'see its log, then reload' })],
        gathered,
        author,
      );
    }
    this.#current = gathered;
    await this.#options.follow(gathered);
    if (this.#readiness.state === 'faulty' || this.#readiness.state === 'verifying')
      this.#readiness = { state: 'ready' };
    await this.#remember(gathered, author, 'installed');
    this.#options.log.write('info', 'configuration.installed', 'a new configuration is in force', {
      revision: gathered.revision,
      author,
    });
    return ok({ revision: gathered.revision });
  }

  /** Without a number: only what is new gets one. */
  async #load(): Promise<Result<Gathered, readonly Issue[]>> {
    const { file, kinds, io, readText } = this.#options;
    const text = await readText();
    if (!text.ok) return err([errorIssue('', text.error)]);
    const parsed: Result<ParsedConfig, readonly Issue[]> = parseConfig(text.value, { file, kinds });
    if (!parsed.ok) return parsed;
    return await gather(parsed.value, { ...io, revision: 0 });
  }

  async #build(gathered: Gathered): Promise<readonly Issue[]> {
    const issues = await this.#options.verifier.verify(gathered);
    if (issues.length > 0) return issues;
    const lacking = await this.#options.adapt(gathered);
    if (lacking.length > 0) return lacking;
    return await this.#options.threads.prepare(gathered);
  }

  async #refuse(
    issues: readonly Issue[],
    gathered: Gathered | null,
    author: string,
  ): Promise<Result<never, readonly Issue[]>> {
    this.#complain(issues, 'the configuration was refused; the one before stays in force');
    this.#record('configuration.refuse', gathered, author);
    if (gathered !== null) await this.#remember(gathered, author, 'refused');
    if (this.#current !== null) await this.#options.follow(this.#current);
    return err(issues);
  }

  #complain(issues: readonly Issue[], message: string): void {
    const { alerts, log } = this.#options;
    for (const issue of issues.slice(0, 20)) {
      const place = issue.place === null ? '' : `${issue.place.file}:${issue.place.line}:${issue.place.column}`;
      log.write('error', 'configuration.issue', issue.message, { path: issue.path, place, fix: issue.fix });
    }
    alerts.raise({
      kind: 'snapshot.refused',
      key: this.#options.file,
      severity: 'high',
      message,
      fields: { issues: issues.length, first: issues[0]?.message },
    });
  }

  /** False, and a line in the log, when the ledger takes nothing. */
  #record(action: string, gathered: Gathered | null, author: string): boolean {
    const { file, log, record } = this.#options;
    const hashes = { before: this.#current?.hash ?? null, after: gathered?.hash ?? null };
    const taken = record({ author, action, target: posix.basename(file), ...hashes });
    if (!taken) log.write('error', 'change.not-recorded', 'a change could not be recorded', { action, author });
    return taken;
  }

  async #remember(gathered: Gathered, author: string, outcome: Revision['outcome']): Promise<void> {
    const { alerts, revisions, clock, log } = this.#options;
    const { revision, hash, text } = gathered;
    try {
      await revisions.put(revisionId(revision), { revision, hash, author, at: clock.now(), outcome, text });
    } catch (fault) {
      const detail = fault instanceof Error ? fault.message : 'unknown fault';
      const message = 'the history of configurations could not be written';
      log.write('error', 'revision.not-kept', message, { revision, detail });
      alerts.raise({ kind: 'data-folder.fault', key: 'revisions', severity: 'high', message, fields: { detail } });
    }
  }
}

function refusalOf(issues: readonly Issue[], at: number): RefusedReload {
  const [first] = issues;
  return { at, issues: issues.length, first: first === undefined ? '' : formatIssue(first).slice(0, WORDS_LIMIT) };
}

/** Of an issue, what a line of a report has room for. */
const WORDS_LIMIT = 500;

const NOT_RECORDED = errorIssue('', 'the configuration was not put in force, because the ledger could not record it', {
  fix: 'see in the log why the ledger can not be written',
});

/** What a running node can't change about itself. */
function restartIssues(before: Config | null, { config: after, places }: Gathered): readonly Issue[] {
  if (before === null) return [];
  const fixed = [
    ['server', before.server, after.server],
    ['admin', before.admin, after.admin],
    ['data', before.dataFolder, after.dataFolder],
    ['audit', before.audit, after.audit],
  ] as const;
  return fixed
    .filter(([, old, next]) => JSON.stringify(old) !== JSON.stringify(next))
    .map(([key]) =>
      errorIssue(key, 'can not change while the gateway runs', { place: places[key] ?? null, fix: 'restart it' }),
    );
}
