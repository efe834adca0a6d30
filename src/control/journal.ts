import { posix } from 'node:path';
import type { Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { ConductorOptions } from './conductor-options.ts';
import { sameText } from './configuration-file.ts';
import { History } from './history.ts';
import type { Revision } from './revisions.ts';

/** Issues of one refusal that the log tells one by one. */
const TOLD_LIMIT = 20;

/** Where the changes of the configuration are told: ledger, history, log and alerts. */
export class Journal {
  readonly history: History;
  readonly #options: Pick<ConductorOptions, 'file' | 'alerts' | 'log' | 'clock' | 'record'>;

  constructor(options: ConductorOptions) {
    this.#options = options;
    this.history = new History(options.revisions);
  }

  /** Tells the operator what is wrong. */
  complain(issues: readonly Issue[], message: string): void {
    const { alerts, file, log } = this.#options;
    for (const issue of issues.slice(0, TOLD_LIMIT)) {
      const place = issue.place === null ? '' : `${issue.place.file}:${issue.place.line}:${issue.place.column}`;
      log.write('error', 'configuration.issue', issue.message, { path: issue.path, place, fix: issue.fix });
    }
    const fields = { issues: issues.length, first: issues[0]?.message };
    alerts.raise({ kind: 'snapshot.refused', key: file, severity: 'high', message, fields });
  }

  /** What is in force is not what the file says, and the next start would bring another. */
  warnOfUnwritten(reason: string, revision: number): void {
    this.#options.alerts.raise({
      kind: 'snapshot.refused',
      key: 'unwritten',
      severity: 'critical',
      message: 'the configuration in force is not the one in the file, which could not be written',
      fields: { reason, revision },
    });
  }

  /** Records a change in the ledger; false, and a line in the log, when the ledger takes nothing. */
  record(change: {
    readonly action: string;
    readonly author: string;
    readonly before: Gathered | null;
    readonly after: Gathered | null;
  }): boolean {
    const { file, log, record } = this.#options;
    const { action, author, before, after } = change;
    const hashes = { before: before?.hash ?? null, after: after?.hash ?? null };
    const taken = record({ author, action, target: posix.basename(file), ...hashes });
    if (!taken) log.write('error', 'change.not-recorded', 'a change could not be recorded', { action, author });
    return taken;
  }

  /** Records each secret of both that is another now, by its reference; false as above. */
  recordSecrets({
    author,
    before,
    after,
  }: {
    readonly author: string;
    readonly before: Pick<Gathered, 'secrets'> | null;
    readonly after: Pick<Gathered, 'secrets'>;
  }): boolean {
    const change = { author, action: 'secret.change', before: null, after: null };
    return Object.entries(before?.secrets ?? {}).every(([target, bytes]) => {
      const now = Object.hasOwn(after.secrets, target) ? after.secrets[target] : undefined;
      return now === undefined || sameText(now, bytes) || this.#options.record({ ...change, target });
    });
  }

  /** Puts a configuration into the history; where that fails, the operator is told, and nothing else happens. */
  async remember(gathered: Gathered, author: string, outcome: Revision['outcome']): Promise<void> {
    const { alerts, clock, log } = this.#options;
    const { revision, hash, text } = gathered;
    try {
      await this.history.keep({ revision, hash, author, at: clock.now(), outcome, text });
    } catch (fault) {
      const detail = fault instanceof Error ? fault.message : 'unknown fault';
      const message = 'the history of configurations could not be written';
      log.write('error', 'revision.not-kept', message, { revision, detail });
      alerts.raise({ kind: 'data-folder.fault', key: 'revisions', severity: 'high', message, fields: { detail } });
    }
  }
}
