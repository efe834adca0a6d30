import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import { type ConfigChange, diffConfigurations, gather, type Gathered, parseConfig } from '../config/index.ts';
import type { ConductorOptions, Installed, Readiness, RefusedReload } from './conductor-options.ts';
import { sameText, type StagedText } from './configuration-file.ts';
import type { History } from './history.ts';
import { Journal } from './journal.ts';
import {
  CHANGED,
  LIST_FIX,
  NO_FILE,
  NOT_INSTALLED,
  NOT_RECORDED,
  refusalOf,
  restartIssues,
  UNWRITTEN,
} from './refusals.ts';
import type { Revision } from './revisions.ts';
import type { Overwritten, Unwritten, Wanted } from './wanted.ts';

/**
 * Turns the configuration file into what is in force, one revision after the other, and the other way round: a text that
 * is applied or rolled back to is built whole, put in force, and then written into the file. A refused one changes nothing.
 */
export class Conductor {
  readonly #options: ConductorOptions;
  readonly #journal: Journal;
  #current: Gathered | null = null;
  /** The file's text as it was last read or written here; null before that. */
  #lastRead: Uint8Array | null = null;
  #readiness: Readiness = { state: 'starting' };
  /** What could not be had at the start, in words. */
  #lacking: readonly string[] = [];
  #refusedReload: RefusedReload | null = null;
  #busy: Promise<unknown> = Promise.resolve();
  #previewing: Promise<unknown> = Promise.resolve();

  constructor(options: ConductorOptions) {
    this.#options = options;
    this.#journal = new Journal(options);
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  /** What is in force; null before the first. */
  get current(): Gathered | null {
    return this.#current;
  }

  /** What there was before. */
  get history(): Pick<History, 'find' | 'list'> {
    return this.#journal.history;
  }

  /** The last reload, where it was refused; else null. */
  get refusedReload(): RefusedReload | null {
    return this.#refusedReload;
  }

  /**
   * Puts the first configuration in force. Traffic may begin when it resolves. `lacking` names what could not be had and
   * was taken from what was kept.
   */
  async begin(
    gathered: Gathered,
    author: string,
    lacking: readonly string[] = [],
  ): Promise<Result<void, readonly Issue[]>> {
    const issues = await this.#options.threads.prepare(gathered);
    const refused = issues.length > 0 ? issues : await this.#testFirst(gathered);
    if (refused.length > 0) return err(refused);
    const failure = await this.#install(gathered, author);
    if (failure !== null) return err([failure]);
    this.#current = gathered;
    this.#lacking = lacking;
    this.#lastRead = Buffer.from(gathered.text);
    await this.#options.follow(gathered);
    return ok(undefined);
  }

  /** The ports are open: traffic comes, and the verifier builds behind it what has not been built yet. */
  opened(): void {
    const gathered = this.#current;
    const isTested = this.#readiness.state === 'verifying';
    if (gathered === null || !(isTested || this.#readiness.state === 'starting')) return;
    this.#readiness = { state: 'verifying' };
    if (isTested) this.#settleReadiness();
    else void this.#inTurn(() => this.#verifyFirst(gathered));
  }

  /** Gives out the next revision's number; they go on from the history's newest, and none is given twice. */
  async nextRevision(): Promise<number> {
    return await this.#journal.history.nextNumber();
  }

  /**
   * Reads the file again and puts it in force if all of it can be built. One change after the other. Where it is refused,
   * what is in force goes on with the secrets that have changed: nobody may wait for a new key because of a slip elsewhere.
   */
  reload(author: string): Promise<Installed> {
    return this.#inTurn(async () => {
      const result = await this.#reload(author);
      this.#refusedReload = result.ok ? null : refusalOf(result.error, this.#options.clock.now());
      if (!result.ok) await this.#reread(author, result.error);
      return result;
    });
  }

  /**
   * Builds a text whole, puts it in force and writes it into the file. Refused where the file holds something that was
   * not read here yet: another's change would be lost.
   */
  apply(text: Uint8Array, author: string): Promise<Installed> {
    return this.#inTurn(async () => {
      const present = await this.#presentText();
      if (!present.ok) return err([present.error]);
      const isKnown = this.#lastRead !== null && sameText(present.value, this.#lastRead);
      if (!isKnown) return err([CHANGED]);
      // What stands there and was refused would be lost; what is in force is in the history.
      const keeps = this.#current === null || !sameText(present.value, Buffer.from(this.#current.text));
      return await this.#putInForce({ text, author, over: { present: present.value, keeps } });
    });
  }

  /** The same with the text of an earlier revision: this one, or with null the one in force before the present one. */
  rollback(revision: number | null, author: string): Promise<Installed> {
    return this.#inTurn(async () => {
      const found = await this.#earlier(revision);
      if (!found.ok) return err([found.error]);
      const present = await this.#presentText();
      if (!present.ok) return err([present.error]);
      const text = Buffer.from(found.value.text);
      return await this.#putInForce({ text, author, over: { present: present.value, keeps: true } });
    });
  }

  /** What would change if a text, or the text of an earlier revision, were put in force; nothing is changed. */
  preview(wanted: Uint8Array | number): Promise<Result<readonly ConfigChange[], readonly Issue[]>> {
    // One at a time: each holds all documents of a configuration.
    const next = this.#previewing.then(() => this.#preview(wanted));
    this.#previewing = next.catch(() => undefined);
    return next;
  }

  /**
   * Puts the configuration in force once more, with its secrets read anew and the certificates that belong to them. No other
   * file is read, so that what stands there and was refused keeps nothing back.
   */
  reread(author: string): Promise<Installed> {
    return this.#inTurn(() => this.#reread(author));
  }

  /** Tries once more to have what could not be had at the start; whether nothing is lacking now. Refuses nothing aloud. */
  renew(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#lacking.length === 0) return true;
      const text = await this.#options.readText();
      if (!text.ok || !(await this.#load(text.value)).ok) return false;
      await this.#reload('renewal');
      return this.#lacking.length === 0;
    });
  }

  /** No longer to be sent traffic. */
  drain(): void {
    this.#readiness = { state: 'draining' };
  }

  /** Resolves when what is under way now has ended. */
  async settled(): Promise<void> {
    await this.#busy;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#busy.then(work);
    this.#busy = next.catch(() => undefined);
    return next;
  }

  async #preview(wanted: Uint8Array | number): Promise<Result<readonly ConfigChange[], readonly Issue[]>> {
    const found = typeof wanted === 'number' ? await this.#journal.history.find(wanted) : null;
    if (typeof wanted === 'number' && found === null)
      return err([errorIssue('', `there is no revision ${wanted}`, { fix: LIST_FIX })]);
    const next = await this.#load(found === null ? (wanted as Uint8Array) : Buffer.from(found.text));
    if (!next.ok) return next;
    if (this.#current === null) return err([errorIssue('', 'nothing is in force yet')]);
    return ok(diffConfigurations(this.#current, next.value));
  }

  /** A first configuration with tests of its own is verified before anything of it is in force, for they are part of that. */
  async #testFirst(gathered: Gathered): Promise<readonly Issue[]> {
    if (gathered.config.tests.length === 0) return [];
    this.#readiness = { state: 'verifying' };
    return await this.#verify(gathered);
  }

  async #verifyFirst(gathered: Gathered): Promise<void> {
    const issues = await this.#verify(gathered);
    if (this.#readiness.state !== 'verifying') return;
    if (issues.length === 0) this.#settleReadiness();
    else this.#readiness = { state: 'faulty', issues };
    if (issues.length > 0)
      this.#journal.complain(
        issues,
        'the first configuration can not be built whole; what can not be built is refused',
      );
  }

  /** What can't be verified is not sound, whatever kept it from being verified. */
  async #verify(gathered: Gathered): Promise<readonly Issue[]> {
    try {
      return await this.#options.verifier.verify(gathered);
    } catch (fault) {
      const detail = fault instanceof Error ? fault.message : 'unknown fault';
      return [errorIssue('', `the configuration could not be verified: ${detail}`)];
    }
  }

  #settleReadiness(): void {
    if (this.#readiness.state === 'draining' || this.#readiness.state === 'starting') return;
    this.#readiness = this.#lacking.length === 0 ? { state: 'ready' } : { state: 'last-good', lacking: this.#lacking };
  }

  async #reload(author: string): Promise<Installed> {
    const text = await this.#options.readText();
    if (!text.ok) return await this.#refuse([errorIssue('', text.error)], null, { author });
    this.#lastRead = text.value;
    return await this.#putInForce({ text: text.value, author, over: null });
  }

  /** `told`: what the operator has heard of already. */
  async #reread(author: string, told: readonly Issue[] = []): Promise<Installed> {
    const held = this.#current;
    if (held === null) return err([errorIssue('', 'nothing is in force yet')]);
    return await this.#putInForce({ text: Buffer.from(held.text), author, over: null, held, told });
  }

  async #putInForce({ text, author, over, held, told = [] }: Wanted): Promise<Installed> {
    const loaded = await this.#load(text, held);
    if (!loaded.ok) return await this.#refuse(loaded.error, null, { author, told });
    const before = this.#current;
    const isSame = before !== null && before.hash === loaded.value.hash;
    if (isSame && held === undefined) this.#nothingLacks();
    if (isSame && (over === null || sameText(over.present, text))) return ok({ revision: before.revision });
    const gathered: Gathered = isSame ? before : { ...loaded.value, revision: await this.nextRevision() };
    const issues = isSame ? [] : await this.#build(gathered, held === undefined);
    if (issues.length > 0) return await this.#refuse(issues, gathered, { author, told });
    const staged = over === null ? ok(null) : await this.#stage(text, over);
    if (!staged.ok) return await this.#refuse([staged.error], isSame ? null : gathered, { author });
    const failure = isSame ? null : await this.#install(gathered, author);
    if (failure !== null) {
      await staged.value?.discard();
      return await this.#refuse([failure], gathered, { author, told });
    }
    const placed = (await staged.value?.place()) ?? ok(undefined);
    if (!placed.ok) return await this.#takeBack({ gathered, author, reason: placed.error });
    if (staged.value !== null) this.#lastRead = text;
    if (isSame) return ok({ revision: gathered.revision });
    if (held === undefined) this.#nothingLacks();
    return await this.#installed(gathered, author);
  }

  /**
   * It is in the history before it is in force: the ledger tells of requests by their revision's number, and after a crash
   * in between another configuration would get the same one.
   */
  async #install(gathered: Gathered, author: string): Promise<Issue | null> {
    const taken = this.#journal.recordSecrets({ author, before: this.#current, after: gathered });
    if (!taken || !this.#record('install', gathered, author)) return NOT_RECORDED;
    await this.#journal.remember(gathered, author, 'installed');
    if (await this.#options.threads.install(gathered.revision)) return null;
    await this.#journal.remember(gathered, author, 'refused');
    return NOT_INSTALLED;
  }

  async #installed(gathered: Gathered, author: string): Promise<Installed> {
    this.#current = gathered;
    if (this.#readiness.state === 'faulty' || this.#readiness.state === 'verifying') this.#settleReadiness();
    await this.#options.follow(gathered);
    this.#options.log.write('info', 'configuration.installed', 'a new configuration is in force', {
      revision: gathered.revision,
      author,
    });
    return ok({ revision: gathered.revision });
  }

  #nothingLacks(): void {
    this.#lacking = [];
    if (this.#readiness.state === 'last-good') this.#settleReadiness();
  }

  /** The file does not hold what is in force, and would be another one after a restart: the one before comes back. */
  async #takeBack({ gathered, author, reason }: Unwritten): Promise<Installed> {
    const before = this.#current;
    const unwritten = errorIssue('', `the configuration file could not be written: ${reason}`);
    if (before === null || before === gathered) return await this.#refuse([unwritten], null, { author });
    const again: Gathered = { ...before, revision: await this.nextRevision() };
    // From where the ledger stands now, the one that is taken back is what was in force.
    this.#current = gathered;
    const lacking = await this.#options.threads.prepare(again);
    const failure = lacking[0] ?? (await this.#install(again, author));
    if (failure === null) {
      this.#current = again;
      return await this.#refuse([unwritten], gathered, { author });
    }
    this.#journal.warnOfUnwritten(reason, gathered.revision);
    await this.#options.follow(gathered);
    return err([unwritten, UNWRITTEN]);
  }

  async #presentText(): Promise<Result<Uint8Array, Issue>> {
    if (this.#options.store === null) return err(NO_FILE);
    const text = await this.#options.readText();
    return text.ok ? text : err(errorIssue('', text.error));
  }

  /** On the disk before it is in force: the new text beside the file, and what stands in the file where that is kept. */
  async #stage(text: Uint8Array, { present, keeps }: Overwritten): Promise<Result<StagedText | null, Issue>> {
    const { store, readText } = this.#options;
    if (store === null) return err(NO_FILE);
    const staged = await store.stage(text);
    if (!staged.ok) return err(errorIssue('', staged.error, { fix: 'let the gateway write there' }));
    const now = await readText();
    const isUntouched = now.ok && sameText(now.value, present);
    const kept = isUntouched && keeps ? await store.setAside(present) : ok(undefined);
    if (isUntouched && kept.ok) return staged;
    await staged.value.discard();
    return err(kept.ok ? CHANGED : errorIssue('', kept.error, { fix: 'let the gateway write there' }));
  }

  async #earlier(revision: number | null): Promise<Result<Revision, Issue>> {
    const current = this.#current;
    if (revision === null) {
      const before = current === null ? null : await this.#journal.history.previous(current.revision, current.text);
      return before === null ? err(errorIssue('', 'there is no earlier configuration in the history')) : ok(before);
    }
    const found = await this.#journal.history.find(revision);
    if (found === null) return err(errorIssue('', `there is no revision ${revision}`, { fix: LIST_FIX }));
    if (found.outcome === 'installed') return ok(found);
    return err(errorIssue('', `revision ${revision} was refused, and was never in force`, { fix: LIST_FIX }));
  }

  /** Without a number: only what is new gets one. `held`: whose documents stay. */
  async #load(text: Uint8Array, held?: Gathered): Promise<Result<Gathered, readonly Issue[]>> {
    const { file, kinds, io } = this.#options;
    const parsed = parseConfig(text, { file, kinds });
    if (!parsed.ok) return parsed;
    return await gather(parsed.value, { ...io, revision: 0, ...(held === undefined ? {} : { held }) });
  }

  /** `runsTests`: of what is in force already, with other secrets alone, they have been run. */
  async #build(gathered: Gathered, runsTests: boolean): Promise<readonly Issue[]> {
    const fixed = restartIssues(this.#current?.config ?? null, gathered);
    if (fixed.length > 0) return fixed;
    const issues = await this.#verify(runsTests ? gathered : withoutTests(gathered));
    if (issues.length > 0) return issues;
    const lacking = await this.#options.adapt(gathered);
    if (lacking.length > 0) return lacking;
    return await this.#options.threads.prepare(gathered);
  }

  async #refuse(
    issues: readonly Issue[],
    gathered: Gathered | null,
    { author, told = [] }: Pick<Wanted, 'author' | 'told'>,
  ): Promise<Result<never, readonly Issue[]>> {
    const isNew = (one: Issue): boolean =>
      !told.some(({ path, message }) => one.path === path && one.message === message);
    if (issues.some(isNew)) {
      this.#journal.complain(issues, 'the configuration was refused; the one before stays in force');
      this.#record('refuse', gathered, author);
      if (gathered !== null) await this.#journal.remember(gathered, author, 'refused');
    }
    if (this.#current !== null) await this.#options.follow(this.#current);
    return err(issues);
  }

  #record(what: 'install' | 'refuse', after: Gathered | null, author: string): boolean {
    return this.#journal.record({ action: `configuration.${what}`, author, before: this.#current, after });
  }
}

function withoutTests(gathered: Gathered): Gathered {
  return { ...gathered, config: { ...gathered.config, tests: [] } };
}
