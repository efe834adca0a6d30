import { err, ok, type Result } from '../../base/index.ts';
import type { CertificateMaterial, Collection } from '../../ports/index.ts';
import { ExpiryWatch, nextLevelMs } from '../expiry.ts';
import type { CertificatePorts } from '../keeper.ts';
import { Schedule } from '../schedule.ts';
import { AuthorityChoice } from './authorities.ts';
import type { Answers } from './challenge.ts';
import { type AcmeFault, fault } from './fault.ts';
import { type Issued, judgeIssued } from './issued.ts';
import { type Authority, obtainCertificate } from './obtain.ts';
import type { CertificateRecord } from './records.ts';
import { chosenMoment, renewalAdvice } from './renewal-info.ts';
import type { ChallengeKind } from './settings.ts';
import type { Turns } from './turns.ts';

const WEEK_MS = 7 * 86_400_000;
/** CAs give so many for the same name in a week and then none; a fault of ours must not come there. */
const WEEKLY_LIMIT = 5;
const SOONEST_RETRY_MS = 60_000;
const NEXT_AUTHORITY_MS = 1_000;

/** What keeping the certificate of one name takes. */
export interface CertifiedNameOptions {
  readonly name: string;
  readonly authorities: readonly Authority[];
  readonly challenges: readonly ChallengeKind[];
  readonly profile: string | null;
  readonly certificates: Collection<CertificateRecord>;
  readonly answers: Answers;
  /** How many orders are under way at once, over all names. */
  readonly turns: Turns;
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
  readonly #expiry: ExpiryWatch;
  #challenges: readonly ChallengeKind[];
  #issued: Issued | null = null;
  #saved = true;
  #advised: { readonly renewAtMs: number; readonly startMs: number; readonly endMs: number } | null = null;
  #askAtMs = 0;
  /** When certificates were issued that could not be served, wall time in milliseconds: the CA counts them too. */
  #unservedAtMs: readonly number[] = [];
  #fault: AcmeFault | null = null;
  #switched = false;
  #closed = false;

  constructor(options: CertifiedNameOptions) {
    this.#options = options;
    this.#choice = new AuthorityChoice(options.authorities.length);
    this.#expiry = new ExpiryWatch(options.ports);
    this.#challenges = options.challenges;
    const { clock, random } = options.ports;
    const failed = (reason: string, inRow: number): void => this.#failed(reason, inRow);
    this.#schedule = new Schedule({ clock, random, work: () => this.#work(), failed });
  }

  /** What is served for the name, null while there is nothing. */
  get material(): CertificateMaterial | null {
    return this.#issued?.material ?? null;
  }

  /** Takes up what is kept. One that is no longer good is passed over, and said so. */
  async load(): Promise<void> {
    const { name, certificates, ports } = this.#options;
    const record = await certificates.get(name);
    if (record === null) return;
    const issued = judgeIssued(name, record, { nowMs: ports.clock.now(), random: ports.random });
    if (issued.ok) this.#issued = issued.value;
    else ports.log.write('warn', 'acme.discarded', `the kept certificate for ${name} is not used: ${issued.error}`);
  }

  /** Begins to obtain and renew. */
  begin(): void {
    void this.#schedule.run();
  }

  close(): void {
    this.#closed = true;
    this.#schedule.close();
  }

  async #work(): Promise<Result<{ readonly dueMs: number }, string>> {
    const { clock } = this.#options.ports;
    this.#fault = null;
    this.#switched = false;
    await this.#heedAdvice();
    if (this.#issued === null || this.#isForeign(this.#issued) || clock.now() >= this.#renewAtMs(this.#issued)) {
      const renewed = await this.#options.turns.run(() => this.#renew());
      if (!renewed.ok) return err(`${renewed.error.type}: ${renewed.error.detail}`);
    }
    if (this.#issued === null) return err('closed');
    await this.#save(this.#issued);
    this.#look();
    const dueMs = Math.min(this.#renewAtMs(this.#issued), nextLevelMs(this.#issued, clock.now()), this.#askAtMs);
    return ok({ dueMs });
  }

  /** Of a CA that is not asked any more, such as one for trying out: it serves until there is another, which is due now. */
  #isForeign({ record }: Issued): boolean {
    return !this.#options.authorities.some(({ session }) => session.url === record.directory);
  }

  #renewAtMs({ renewAtMs }: Issued): number {
    return this.#advised?.renewAtMs ?? renewAtMs;
  }

  /** Advice that can't be had, or makes no sense, changes nothing. */
  async #heedAdvice(): Promise<void> {
    const { authorities, ports } = this.#options;
    const { clock, random, log } = ports;
    const issued = this.#issued;
    const authority = authorities.find(({ session }) => session.url === issued?.record.directory);
    if (issued === null || authority === undefined || issued.id === null) {
      this.#askAtMs = Infinity;
      return;
    }
    if (clock.now() < this.#askAtMs) return;
    const advice = await renewalAdvice(authority.session, issued.id);
    if (!advice.ok) log.write('debug', 'acme.no-advice', `no advice on renewal: ${advice.error.detail}`);
    this.#askAtMs = clock.now() + (advice.ok && advice.value !== null ? advice.value.askAgainMs : 86_400_000 / 4);
    if (!advice.ok || advice.value === null) return;
    const { startMs, endMs } = advice.value;
    // The moment is chosen once for a window: chosen again at each look it would creep towards the present.
    if (this.#advised?.startMs === startMs && this.#advised.endMs === endMs) return;
    // What begins behind the end of life would never come.
    if (startMs >= issued.notAfterMs) return;
    this.#advised = { startMs, endMs, renewAtMs: Math.min(chosenMoment(advice.value, random), issued.notAfterMs) };
  }

  async #renew(): Promise<Result<void, AcmeFault>> {
    const { authorities, ports, ordered } = this.#options;
    if (this.#closed) return ok(undefined);
    const nowMs = ports.clock.monotonic();
    const authority = authorities[this.#choice.current(nowMs)];
    if (authority === undefined) throw new Error('there is no CA to ask');
    const issued = await this.#obtain(authority);
    ordered(authority.session.url, issued.ok ? 'issued' : 'failed');
    if (!issued.ok) {
      this.#fault = issued.error;
      this.#switched = this.#choice.failed(issued.error, nowMs);
      return issued;
    }
    this.#choice.succeeded();
    if (!this.#closed) this.#serve(issued.value);
    return ok(undefined);
  }

  async #obtain(authority: Authority): Promise<Result<Issued, AcmeFault>> {
    const { name, profile, answers, ports, certificates } = this.#options;
    const nowMs = ports.clock.now();
    const before = this.#issued?.record ?? (await certificates.get(name));
    const ofLate = [...(before?.issuedAtMs ?? []), ...this.#unservedAtMs].filter((at) => at > nowMs - WEEK_MS);
    if (ofLate.length >= WEEKLY_LIMIT) {
      return err(fault('tooManyIssued', `${WEEKLY_LIMIT} certificates were issued for ${name} within a week`));
    }
    const replaces = before?.directory === authority.session.url ? (this.#issued?.id ?? null) : null;
    const wanted = { name, profile, replaces, challenges: this.#challenges };
    const obtained = await obtainCertificate(authority, wanted, { clock: ports.clock, answers });
    if (!obtained.ok) return obtained;
    const { chain, key, challenge } = obtained.value;
    const record = { directory: authority.session.url, chain, key, issuedAtMs: [...ofLate, ports.clock.now()] };
    const judged = judgeIssued(name, record, { nowMs: ports.clock.now(), random: ports.random });
    if (!judged.ok) {
      this.#unservedAtMs = [...this.#unservedAtMs.slice(1 - WEEKLY_LIMIT), ports.clock.now()];
      return err(fault('badCertificate', `what the CA gave is not served: ${judged.error}`));
    }
    // They are kept with this one.
    this.#unservedAtMs = [];
    // What was good comes first the next time.
    this.#challenges = [challenge, ...this.#challenges.filter((other) => other !== challenge)];
    return judged;
  }

  #serve(issued: Issued): void {
    const { name, ports, changed } = this.#options;
    this.#issued = issued;
    this.#saved = false;
    this.#advised = null;
    this.#askAtMs = 0;
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

  #failed(reason: string, inRow: number): void {
    const { name, ports } = this.#options;
    const retryAfterMs = this.#fault?.retryAfterMs ?? null;
    if (this.#switched) this.#schedule.runAfter(NEXT_AUTHORITY_MS);
    else if (retryAfterMs !== null) this.#schedule.runAfter(Math.max(retryAfterMs, SOONEST_RETRY_MS));
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

  #look(): void {
    if (this.#issued === null) return;
    const { fingerprint: id, notBeforeMs, notAfterMs } = this.#issued;
    const what = `the certificate for ${this.#options.name}`;
    const advice = 'its renewal fails or is late, see acme.failed in the log';
    this.#expiry.look([{ id, what, advice, notBeforeMs, notAfterMs }]);
  }
}
