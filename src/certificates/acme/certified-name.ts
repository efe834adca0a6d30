import { err, ok, type Result } from '../../base/index.ts';
import type { CertificateMaterial, Collection } from '../../ports/index.ts';
import { ExpiryWatch, nextLevelMs } from '../expiry.ts';
import type { CertificatePorts } from '../keeper.ts';
import { Schedule } from '../schedule.ts';
import { Attempts } from './attempts.ts';
import { AuthorityChoice } from './authorities.ts';
import type { Answers } from './challenge.ts';
import { type AcmeFault, fault } from './fault.ts';
import { type Issued, judgeIssued } from './issued.ts';
import { type Authority, obtainCertificate } from './obtain.ts';
import type { AttemptsRecord, CertificateRecord } from './records.ts';
import { RenewalMoment } from './renewal-moment.ts';
import type { ChallengeKind } from './settings.ts';
import type { Turns } from './turns.ts';

const HOUR_MS = 3_600_000;
const NEXT_AUTHORITY_MS = 1_000;

/** What keeping the certificate of one name takes. */
export interface CertifiedNameOptions {
  readonly name: string;
  readonly authorities: readonly Authority[];
  readonly challenges: readonly ChallengeKind[];
  readonly profile: string | null;
  readonly certificates: Collection<CertificateRecord>;
  readonly attempts: Collection<AttemptsRecord>;
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
  readonly #choice: AuthorityChoice;
  readonly #attempts: Attempts;
  readonly #moment: RenewalMoment;
  readonly #expiry: ExpiryWatch;
  readonly #closing = new AbortController();
  #challenges: readonly ChallengeKind[];
  #issued: Issued | null = null;
  #saved = true;
  #fault: AcmeFault | null = null;
  /** How long the CA is left alone at least after the failure of this run. */
  #restMs = 0;
  #switched = false;

  constructor(options: CertifiedNameOptions) {
    this.#options = options;
    this.#choice = new AuthorityChoice(options.authorities.length);
    this.#expiry = new ExpiryWatch(options.ports);
    this.#challenges = options.challenges;
    const { name, attempts: records } = options;
    const { clock, random, log } = options.ports;
    this.#attempts = new Attempts({ name, records, clock, log });
    this.#moment = new RenewalMoment({ attempts: this.#attempts, clock, random, log });
    const failed = (reason: string, inRow: number, retryMs: number): void => this.#failed(reason, inRow, retryMs);
    this.#schedule = new Schedule({ clock, random, work: () => this.#work(), failed });
  }

  /** What is served for the name, null while there is nothing. */
  get material(): CertificateMaterial | null {
    return this.#issued?.material ?? null;
  }

  /** Takes up what is kept. What is no longer good, or can't be read, is passed over, and said so. Never rejects. */
  async load(): Promise<void> {
    const { name, certificates, ports } = this.#options;
    await this.#attempts.load();
    const discard = (why: string): void =>
      ports.log.write('warn', 'acme.discarded', `the kept certificate for ${name} is not used: ${why}`);
    try {
      const record = await certificates.get(name);
      if (record === null) return;
      const issued = judgeIssued(name, record, { nowMs: ports.clock.now(), random: ports.random });
      if (issued.ok) this.#issued = issued.value;
      else discard(issued.error);
    } catch (error) {
      discard(error instanceof Error ? error.message : 'unknown fault');
    }
  }

  /** Begins to obtain and renew. */
  begin(): void {
    void this.#schedule.run();
  }

  /** Gives up what is under way, where the CA has not issued yet; resolves when nothing is. Never rejects. */
  async close(): Promise<void> {
    this.#schedule.close();
    this.#closing.abort();
    await this.#schedule.settled();
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
      const renewed = await this.#options.turns.orders.run(() => this.#renew());
      if (!renewed.ok) return err(`${renewed.error.type}: ${renewed.error.detail}`);
    }
    if (this.#issued === null) return err('closed');
    await this.#save(this.#issued);
    this.#look();
    const [renewAtMs, levelMs] = [this.#moment.renewAtMs(this.#issued), nextLevelMs(this.#issued, clock.now())];
    return ok({ dueMs: Math.min(renewAtMs, levelMs, this.#moment.askAtMs) });
  }

  #isDue(): boolean {
    const issued = this.#issued;
    if (issued === null || this.#isForeign(issued)) return true;
    return this.#options.ports.clock.now() >= this.#moment.renewAtMs(issued);
  }

  /** Of a CA that is not asked any more, such as one for trying out: it serves until there is another, which is due now. */
  #isForeign({ record }: Issued): boolean {
    return !this.#options.authorities.some(({ session }) => session.url === record.directory);
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

  async #renew(): Promise<Result<void, AcmeFault>> {
    const { ports, ordered } = this.#options;
    if (this.#closing.signal.aborted) return ok(undefined);
    const authority = this.#authority();
    const { url: directory } = authority.session;
    const issued = await this.#obtain(authority);
    if (!issued.ok && this.#closing.signal.aborted) return issued;
    ordered(directory, issued.ok ? 'issued' : 'failed');
    if (!issued.ok) {
      this.#fault = issued.error;
      this.#restMs = await this.#attempts.failed(directory, issued.error.counted);
      this.#switched = this.#choice.failed(issued.error, ports.clock.monotonic());
      return issued;
    }
    this.#choice.succeeded();
    this.#serve(issued.value);
    return ok(undefined);
  }

  async #obtain(authority: Authority): Promise<Result<Issued, AcmeFault>> {
    const { name, profile, answers, ports } = this.#options;
    const refusal = this.#attempts.refusal();
    if (refusal !== null) return err(refusal);
    const { clock, random } = ports;
    const before = this.#issued;
    const replaces = before?.record.directory === authority.session.url ? before.id : null;
    const wanted = { name, profile, replaces, challenges: this.#challenges };
    const { signal } = this.#closing;
    const obtained = await obtainCertificate(authority, wanted, { clock, answers, signal });
    if (!obtained.ok) return obtained;
    const { chain, key, challenge } = obtained.value;
    const judged = judgeIssued(name, { directory: authority.session.url, chain, key }, { nowMs: clock.now(), random });
    await this.#attempts.issued(judged.ok ? judged.value.renewAtMs - clock.now() : null);
    if (!judged.ok) {
      return err({ ...fault('badCertificate', `what the CA gave is not served: ${judged.error}`), counted: 1 });
    }
    // What was good comes first the next time.
    this.#challenges = [challenge, ...this.#challenges.filter((other) => other !== challenge)];
    return judged;
  }

  #serve(issued: Issued): void {
    const { name, ports, changed } = this.#options;
    this.#issued = issued;
    this.#saved = false;
    this.#moment.forget();
    const notAfter = new Date(issued.notAfterMs).toISOString();
    const { directory } = issued.record;
    ports.log.write('info', 'acme.issued', `got a certificate for ${name}`, { notAfter, directory });
    changed();
  }

  /** It serves already: a store that can't be written is tried again with the next run. */
  async #save({ record }: Issued): Promise<void> {
    if (this.#saved) return;
    await this.#options.certificates.put(this.#options.name, record);
    this.#saved = true;
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
