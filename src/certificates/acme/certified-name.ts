import { err, ok, type Result } from '../../base/index.ts';
import type { CertificateMaterial, Store } from '../../ports/index.ts';
import { ExpiryWatch, nextLevelMs } from '../expiry.ts';
import type { CertificatePorts } from '../keeper.ts';
import { fraction, Schedule } from '../schedule.ts';
import { Attempts } from './attempts.ts';
import { AuthorityChoice } from './authorities.ts';
import type { Answers } from './challenge.ts';
import { type AcmeFault, fault } from './fault.ts';
import { type Issued, judgeIssued } from './issued.ts';
import { type Authority, obtainCertificate } from './obtain.ts';
import { KeptName } from './kept-name.ts';
import type { FellowNodes } from './fellow-nodes.ts';
import type { Guard, Held, NameLeases } from './lease.ts';
import { ACME_ATTEMPTS, type OrderRecord } from './records.ts';
import { RenewalMoment } from './renewal-moment.ts';
import type { ChallengeKind } from './settings.ts';
import type { Turns } from './turns.ts';

const HOUR_MS = 3_600_000;
const NEXT_AUTHORITY_MS = 1_000;
/** How soon one node serves what another has obtained. */
const LOOK_AT_OTHERS_MS = 60_000;
/** The same while another is at it and this one has none that is good. */
const LOOK_AT_HOLDER_MS = 10_000;

/** What keeping the certificate of one name takes. */
export interface CertifiedNameOptions {
  readonly name: string;
  readonly authorities: readonly Authority[];
  readonly challenges: readonly ChallengeKind[];
  readonly profile: string | null;
  readonly store: Store;
  /** Who may order, where several nodes keep the same names. */
  readonly leases: NameLeases;
  /** The nodes that keep the same names; null where there are none. */
  readonly fellows: FellowNodes | null;
  readonly answers: Answers;
  /** How many orders are under way at once, over all names, and how many questions for advice. */
  readonly turns: { readonly orders: Turns; readonly questions: Turns };
  readonly ports: CertificatePorts;
  /** An order with the CA of this directory ended so. */
  readonly ordered: (directory: string, result: 'issued' | 'failed') => void;
  /** There is another certificate than before. */
  readonly changed: () => void;
}

/**
 * Keeps a certificate for one name: takes up the kept one, obtains one where there is none, and renews it when its CA
 * advises so (RFC 9773), else at two thirds of its life. Until there is another the old one serves, even past its end.
 */
export class CertifiedName {
  readonly #options: CertifiedNameOptions;
  readonly #schedule: Schedule;
  /** Looks for what other nodes have obtained; without them it never runs. */
  readonly #others: Schedule;
  readonly #choice: AuthorityChoice;
  readonly #attempts: Attempts;
  readonly #kept: KeptName;
  readonly #moment: RenewalMoment;
  readonly #expiry: ExpiryWatch;
  readonly #closing = new AbortController();
  #challenges: readonly ChallengeKind[];
  #issued: Issued | null = null;
  #saved = true;
  /** The kept chain that was looked at last. */
  #seen: string | null = null;
  #fault: AcmeFault | null = null;
  /** How long the CA is left alone at least after the failure of this run. */
  #restMs = 0;
  #switched = false;

  constructor(options: CertifiedNameOptions) {
    this.#options = options;
    this.#choice = new AuthorityChoice(options.authorities.length);
    this.#expiry = new ExpiryWatch(options.ports);
    this.#challenges = options.challenges;
    const { name, store, leases } = options;
    const { clock, random, log } = options.ports;
    const records = store.collection(ACME_ATTEMPTS);
    this.#attempts = new Attempts({ name, records, clock, log });
    this.#kept = new KeptName({ name, store, isShared: leases.isShared, log });
    this.#moment = new RenewalMoment({ attempts: this.#attempts, clock, random, log });
    const failed = (reason: string, inRow: number, retryMs: number): void => this.#failed(reason, inRow, retryMs);
    this.#schedule = new Schedule({ clock, random, work: () => this.#work(), failed });
    this.#others = new Schedule({
      clock,
      random,
      work: () => this.#lookAtOthers(),
      failed: (why) => this.#unread(why),
    });
  }

  /** What is served for the name, null while there is nothing. */
  get material(): CertificateMaterial | null {
    return this.#issued?.material ?? null;
  }

  /** Takes up what is kept. What is no longer good, or can't be read, is passed over, and said so. Never rejects. */
  async load(): Promise<void> {
    await this.#attempts.load();
    try {
      await this.#takeUp();
    } catch (error) {
      this.#unread(error instanceof Error ? error.message : 'unknown fault');
    }
  }

  /** Begins to obtain and renew. */
  begin(): void {
    void this.#schedule.run();
    if (this.#options.leases.isShared) void this.#others.run();
  }

  /** Gives up what is under way, where the CA has not issued yet; resolves when nothing is. Never rejects. */
  async close(): Promise<void> {
    this.#schedule.close();
    this.#others.close();
    this.#closing.abort();
    await Promise.all([this.#schedule.settled(), this.#others.settled()]);
  }

  /** Serves what is kept where that is newer than what is served; whether it is. */
  async #takeUp(): Promise<boolean> {
    const { name, ports } = this.#options;
    const record = await this.#kept.certificate();
    if (record === null || record.chain === this.#seen) return false;
    this.#seen = record.chain;
    const kept = judgeIssued(name, record, { nowMs: ports.clock.now(), random: ports.random });
    if (!kept.ok) this.#unread(kept.error);
    if (!kept.ok || (this.#issued !== null && kept.value.notBeforeMs < this.#issued.notBeforeMs)) return false;
    this.#issued = kept.value;
    this.#saved = true;
    this.#moment.forget();
    return true;
  }

  async #takeUpAndTell(): Promise<boolean> {
    const { name, ports, changed } = this.#options;
    const isNewer = await this.#takeUp();
    if (!isNewer) return false;
    ports.log.write('info', 'acme.taken-up', `serves what another node has obtained for ${name}`);
    changed();
    return true;
  }

  #unread(why: string): void {
    const { name, ports } = this.#options;
    ports.log.write('warn', 'acme.discarded', `the kept certificate for ${name} is not used: ${why}`);
  }

  async #lookAtOthers(): Promise<Result<{ readonly dueMs: number }, string>> {
    const { ports } = this.#options;
    // It is due at another time than the one before.
    if (await this.#takeUpAndTell()) void this.#schedule.run();
    return ok({ dueMs: ports.clock.now() + LOOK_AT_OTHERS_MS * (1 - fraction(ports.random) / 4) });
  }

  async #work(): Promise<Result<{ readonly dueMs: number }, string>> {
    const { clock } = this.#options.ports;
    this.#fault = null;
    this.#switched = false;
    this.#restMs = 0;
    await this.#heedAdvice();
    if (this.#isDue()) {
      // An order may take long, and is no reason to be silent about what is late.
      this.#look();
      const restUntilMs = this.#attempts.restUntilMs(this.#authority().session.url);
      if (restUntilMs > clock.now()) return ok({ dueMs: restUntilMs });
      const renewed = await this.#options.turns.orders.run(() => this.#renewAlone());
      if (!renewed.held) return ok({ dueMs: Math.min(renewed.untilMs, clock.now() + LOOK_AT_HOLDER_MS) });
      if (!renewed.value.ok) return err(`${renewed.value.error.type}: ${renewed.value.error.detail}`);
    }
    if (this.#issued === null) {
      // Another node has failed while this one waited.
      const untilMs = this.#attempts.restUntilMs(this.#authority().session.url);
      return untilMs > clock.now() ? ok({ dueMs: untilMs }) : err('closed');
    }
    await this.#save(this.#issued);
    this.#look();
    const [renewAtMs, levelMs] = [this.#moment.renewAtMs(this.#issued), nextLevelMs(this.#issued, clock.now())];
    // Of a CA that only others ask no advice is sought, and the moment for it never passes.
    const askAtMs = this.#asks(this.#issued) ? this.#moment.askAtMs : Infinity;
    return ok({ dueMs: Math.min(renewAtMs, levelMs, askAtMs) });
  }

  #isDue(): boolean {
    const issued = this.#issued;
    if (issued === null || this.#isForeign(issued)) return true;
    return this.#options.ports.clock.now() >= this.#moment.renewAtMs(issued);
  }

  /** Of a CA that no node asks any more, such as one for trying out: it serves until there is another, which is due now. */
  #isForeign(issued: Issued): boolean {
    const { fellows } = this.#options;
    return !this.#asks(issued) && (fellows === null || !fellows.ask(issued.record.directory));
  }

  /** Whether this node asks the CA that gave it. */
  #asks({ record }: Issued): boolean {
    return this.#options.authorities.some(({ session }) => session.url === record.directory);
  }

  #authority(): Authority {
    const { authorities, ports } = this.#options;
    const authority = authorities[this.#choice.current(ports.clock.monotonic())];
    if (authority === undefined) throw new Error('there is no CA to ask');
    return authority;
  }

  async #heedAdvice(): Promise<void> {
    const issued = this.#issued;
    const authority = this.#options.authorities.find(({ session }) => session.url === issued?.record.directory);
    if (issued === null || authority === undefined || !this.#moment.isToAsk(issued)) return;
    await this.#options.turns.questions.run(() => this.#moment.ask(authority.session, issued));
  }

  /** One node at a time; whoever comes behind another finds what that has obtained, or that it has failed. */
  async #renewAlone(): Promise<Held<Result<void, AcmeFault>>> {
    const { name, leases } = this.#options;
    if (!leases.isShared) return await leases.hold(name, (guard) => this.#renew(guard));
    try {
      return await leases.hold(name, (guard) => this.#renewBehindOthers(guard));
    } catch (error) {
      // Without the store nobody knows whether another is at it.
      this.#fault = fault('notKept', `the shared folder: ${error instanceof Error ? error.message : 'unknown fault'}`);
      return { held: true, value: err(this.#fault) };
    }
  }

  async #renewBehindOthers(guard: Guard): Promise<Result<void, AcmeFault>> {
    await this.#options.fellows?.look();
    await this.#attempts.load();
    await this.#takeUpAndTell();
    const isResting = this.#attempts.restUntilMs(this.#authority().session.url) > this.#options.ports.clock.now();
    return this.#isDue() && !isResting ? await this.#renew(guard) : ok(undefined);
  }

  async #renew(guard: Guard): Promise<Result<void, AcmeFault>> {
    const { ports, ordered } = this.#options;
    if (this.#closing.signal.aborted) return ok(undefined);
    const authority = this.#authority();
    const { url: directory } = authority.session;
    const issued = await this.#obtain(authority, guard);
    if (!issued.ok && this.#closing.signal.aborted) return issued;
    ordered(directory, issued.ok ? 'issued' : 'failed');
    if (!issued.ok) {
      this.#fault = issued.error;
      this.#restMs = await this.#attempts.failed(directory, issued.error.counted);
      this.#switched = this.#choice.failed(issued.error, ports.clock.monotonic());
      return issued;
    }
    this.#choice.succeeded();
    const kept = await this.#kept.keepCertificate(issued.value.record, guard);
    if (kept === 'lost') return err(fault('leaseLost', 'another node has taken over meanwhile'));
    // A store that can't be written is tried again with the next run.
    this.#saved = kept === 'kept';
    this.#serve(issued.value);
    return ok(undefined);
  }

  async #obtain(authority: Authority, guard: Guard): Promise<Result<Issued, AcmeFault>> {
    const { name, profile, answers, ports } = this.#options;
    const refusal = this.#attempts.refusal();
    if (refusal !== null) return err(refusal);
    const { clock, random } = ports;
    const before = this.#issued;
    const replaces = before?.record.directory === authority.session.url ? before.id : null;
    const wanted = { name, profile, replaces, challenges: this.#challenges };
    const signal = AbortSignal.any([this.#closing.signal, guard.signal]);
    const keep = (order: OrderRecord | null): Promise<boolean> => this.#kept.keepOrder(order, guard);
    const open = await this.#kept.openOrder();
    const obtained = await obtainCertificate(authority, wanted, { clock, answers, signal, open, keep });
    if (!obtained.ok) return obtained;
    const { chain, key, challenge } = obtained.value;
    const judged = judgeIssued(name, { directory: authority.session.url, chain, key }, { nowMs: clock.now(), random });
    await this.#attempts.issued(judged.ok ? judged.value.renewAtMs - clock.now() : null);
    if (!judged.ok) {
      await keep(null);
      return err({ ...fault('badCertificate', `what the CA gave is not served: ${judged.error}`), counted: 1 });
    }
    // What was good comes first the next time.
    this.#challenges = [challenge, ...this.#challenges.filter((other) => other !== challenge)];
    return judged;
  }

  #serve(issued: Issued): void {
    const { name, ports, changed } = this.#options;
    this.#issued = issued;
    this.#seen = issued.record.chain;
    this.#moment.forget();
    const notAfter = new Date(issued.notAfterMs).toISOString();
    const { directory } = issued.record;
    ports.log.write('info', 'acme.issued', `got a certificate for ${name}`, { notAfter, directory });
    changed();
  }

  async #save(issued: Issued): Promise<void> {
    if (this.#saved) return;
    const { name, leases } = this.#options;
    const saved = await leases.hold(name, async (guard) =>
      (await this.#takeUpAndTell()) ? 'kept' : await this.#kept.keepCertificate(issued.record, guard),
    );
    // Where another node is at it, that one will have a newer one.
    this.#saved = saved.held && saved.value !== 'failed';
  }

  #failed(reason: string, inRow: number, retryMs: number): void {
    const { name, ports } = this.#options;
    const waitMs = Math.max(retryMs, this.#restMs, this.#fault?.retryAfterMs ?? 0);
    this.#schedule.runAfter(this.#switched ? NEXT_AUTHORITY_MS : waitMs);
    const message = `no certificate could be had for ${name}: ${reason}`;
    ports.log.write('warn', 'acme.failed', message, { attempts: inRow, type: this.#fault?.type ?? 'fault' });
    this.#look();
    if (this.#issued !== null) return;
    ports.alerts.raise({
      kind: 'certificate.missing',
      key: name,
      severity: 'high',
      message: `${message}; clients of it see the certificate of the local CA`,
    });
  }

  /** Says how near its end a certificate is whose renewal is late; one that is renewed in time is nobody's care. */
  #look(): void {
    const issued = this.#issued;
    if (issued === null) return;
    const { fingerprint: id, notBeforeMs, notAfterMs } = issued;
    const graceMs = Math.min(HOUR_MS, (notAfterMs - notBeforeMs) / 24);
    if (this.#options.ports.clock.now() < this.#moment.renewAtMs(issued) + graceMs) return;
    const what = `the certificate for ${this.#options.name}`;
    const advice = 'its renewal fails or is late, see acme.failed in the log';
    this.#expiry.look([{ id, what, advice, notBeforeMs, notAfterMs }]);
  }
}
