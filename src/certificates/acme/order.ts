import { err, ok, type Result } from '../../base/index.ts';
import type { Clock } from '../../ports/index.ts';
import { type Answers, baseOf, isToken } from './challenge.ts';
import { type AcmeFault, fault, faultOfProblem } from './fault.ts';
import { keyAuthorization, type Signer } from './jws.ts';
import { member, readJson, secureUrl, textOf } from './reply-values.ts';
import type { AcmeReply, AcmeSession } from './session.ts';
import type { ChallengeKind } from './settings.ts';
import { wait } from './wait.ts';

/** An order that is not done by then is given up; CAs take seconds. */
const ORDER_LIMIT_MS = 600_000;
/** Between two looks where the CA does not say, and at the least whatever it says. */
const LOOK_AGAIN_MS = 3_000;
const LOOK_SOONEST_MS = 500;
/** Some CAs say a day, and are done in seconds. */
const LOOK_LATEST_MS = 30_000;
/** For one name there is one; a CA that wants more is not asked for them. */
const AUTHORIZATION_LIMIT = 4;

/** One certificate to be had. */
export interface OrderOptions {
  readonly session: AcmeSession;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly answers: Answers;
  readonly name: string;
  /** PKCS#10 for the name, DER. */
  readonly csr: Uint8Array;
  readonly challenge: ChallengeKind;
  readonly profile: string | null;
  /** The id (RFC 9773 §4.1) of the certificate that the new one is to replace, or null. */
  readonly replaces: string | null;
  /** The URL of an order that was made before, to go on with; null to make one. */
  readonly existing: string | null;
  /** Keeps the URL of one that was made; false where somebody else orders now, and then it is given up. */
  readonly made: (url: string) => Promise<boolean>;
  /** Nobody wants the certificate any more: what is under way is given up before the CA issues it. */
  readonly signal: AbortSignal;
}

/** Orders a certificate for one name and brings it through all states (RFC 8555 §7.1.6). Gives the chain, PEM, not checked. */
export async function orderCertificate(options: OrderOptions): Promise<Result<string, AcmeFault>> {
  const run = new OrderRun(options);
  return await run.run();
}

/** A resource of the CA: its URL and what it said last. */
interface Resource {
  readonly url: string;
  readonly document: unknown;
  readonly retryAfterMs: number | null;
}

class OrderRun {
  readonly #options: OrderOptions;
  readonly #deadlineMs: number;

  constructor(options: OrderOptions) {
    this.#options = options;
    this.#deadlineMs = options.clock.monotonic() + ORDER_LIMIT_MS;
  }

  async run(): Promise<Result<string, AcmeFault>> {
    const { existing, made } = this.#options;
    const order = existing === null ? await this.#begin() : await this.#look(existing);
    if (!order.ok) return order;
    if (existing === null && !(await made(order.value.url))) return err(GIVEN_UP);
    if (this.#options.signal.aborted) return err(GIVEN_UP);
    const authorized = await this.#authorize(order.value);
    if (!authorized.ok) return authorized;
    const ready = await this.#until(order.value.url, (status) => status !== 'pending');
    if (!ready.ok) return ready;
    const finalized = await this.#finalize(ready.value);
    return finalized.ok ? await this.#fetch(finalized.value) : finalized;
  }

  async #begin(): Promise<Result<Resource, AcmeFault>> {
    const { session, signer, name, profile, replaces } = this.#options;
    const directory = await session.directory();
    if (!directory.ok) return directory;
    const { newOrder, renewalInfo, profiles } = directory.value;
    if (profile !== null && !profiles.includes(profile)) {
      return err(fault('invalidProfile', `the CA has no profile ${profile}; it has ${profiles.join(', ') || 'none'}`));
    }
    const wanted = {
      identifiers: [{ type: 'dns', value: name }],
      ...(profile === null ? {} : { profile }),
      // Only a CA that speaks RFC 9773 knows the member.
      ...(replaces === null || renewalInfo === null ? {} : { replaces }),
    };
    let made = await session.post(newOrder, wanted, signer);
    // Another order has replaced it already: then this is one of its own (RFC 9773 §5).
    if (!made.ok && made.error.type === 'alreadyReplaced') {
      made = await session.post(newOrder, { ...wanted, replaces: undefined }, signer);
    }
    if (!made.ok) return made;
    const url = made.value.location;
    return url === null ? malformed('took an order and did not say where it is') : ok(resource(url, made.value));
  }

  async #authorize({ document }: Resource): Promise<Result<void, AcmeFault>> {
    const listed = member(document, 'authorizations');
    if (!Array.isArray(listed) || listed.length === 0 || listed.length > AUTHORIZATION_LIMIT) {
      return malformed('gave an order with no sane number of authorizations');
    }
    for (const given of listed) {
      const url = secureUrl(given);
      if (url === null) return malformed('named an authorization by what is no https URL');
      const proved = await this.#prove(url);
      if (!proved.ok) return proved;
    }
    return ok(undefined);
  }

  async #prove(url: string): Promise<Result<void, AcmeFault>> {
    const { session, signer, answers, challenge: kind, name, signal } = this.#options;
    const found = await this.#look(url);
    if (!found.ok) return found;
    const { document } = found.value;
    const status = member(document, 'status');
    if (status === 'valid') return ok(undefined);
    if (status !== 'pending') return err(failureOf(found.value));
    // The answer is given for the name that we want, whatever the CA may ask about.
    if (member(member(document, 'identifier'), 'value') !== baseOf(name)) return malformed('asks about another name');
    const challenge = challengeOf(document, kind);
    if (challenge === null) return err(fault('challengeUnavailable', `the CA offers no ${kind} for ${name}`));
    const { token } = challenge;
    const answer = { kind, name, token, keyAuthorization: keyAuthorization(token, signer.key) };
    const given = await answers.give(answer, signal);
    if (!given.ok) return given;
    try {
      if (signal.aborted) return err(GIVEN_UP);
      const told = await session.post(challenge.url, {}, signer);
      if (!told.ok) return told;
      const judged = await this.#until(url, (now) => now !== 'pending');
      if (!judged.ok) return judged;
      return member(judged.value.document, 'status') === 'valid' ? ok(undefined) : err(failureOf(judged.value));
    } finally {
      await given.value();
    }
  }

  async #finalize(order: Resource): Promise<Result<Resource, AcmeFault>> {
    const { session, signer, csr } = this.#options;
    const status = member(order.document, 'status');
    if (status === 'ready') {
      const url = secureUrl(member(order.document, 'finalize'));
      if (url === null) return malformed('did not say where an order is finalized');
      const sent = await session.post(url, { csr: Buffer.from(csr).toString('base64url') }, signer);
      if (!sent.ok) return sent;
    }
    const done = await this.#until(order.url, (now) => now !== 'processing' && now !== 'ready');
    if (!done.ok) return done;
    return member(done.value.document, 'status') === 'valid' ? done : err(failureOf(done.value));
  }

  async #fetch({ document }: Resource): Promise<Result<string, AcmeFault>> {
    const { session, signer } = this.#options;
    const url = secureUrl(member(document, 'certificate'));
    if (url === null) return malformed('did not say where the certificate is');
    const reply = await session.post(url, null, signer);
    return reply.ok ? ok(new TextDecoder().decode(reply.value.body)) : reply;
  }

  /** Looks at a resource until its status is one that is waited for. */
  async #until(url: string, isDone: (status: unknown) => boolean): Promise<Result<Resource, AcmeFault>> {
    const { clock, signal } = this.#options;
    for (;;) {
      const seen = await this.#look(url);
      if (!seen.ok || isDone(member(seen.value.document, 'status'))) return seen;
      const askedMs = seen.value.retryAfterMs ?? LOOK_AGAIN_MS;
      const waitMs = Math.min(Math.max(askedMs, LOOK_SOONEST_MS), LOOK_LATEST_MS);
      if (clock.monotonic() + waitMs > this.#deadlineMs) {
        return err(fault('orderTooSlow', `the order was not done within ${ORDER_LIMIT_MS / 60_000} minutes`));
      }
      await wait(clock, waitMs, signal);
      if (signal.aborted) return err(GIVEN_UP);
    }
  }

  async #look(url: string): Promise<Result<Resource, AcmeFault>> {
    const reply = await this.#options.session.post(url, null, this.#options.signer);
    return reply.ok ? ok(resource(url, reply.value)) : reply;
  }
}

function resource(url: string, { body, retryAfterMs }: AcmeReply): Resource {
  return { url, document: readJson(body), retryAfterMs };
}

function malformed(what: string): Result<never, AcmeFault> {
  return err(fault('malformedReply', `the CA ${what}`));
}

function challengeOf(document: unknown, kind: ChallengeKind): { readonly url: string; readonly token: string } | null {
  const listed = member(document, 'challenges');
  const found: unknown = Array.isArray(listed) ? listed.find((one) => member(one, 'type') === kind) : undefined;
  const [url, token] = [secureUrl(member(found, 'url')), textOf(member(found, 'token'))];
  return url === null || token === null || !isToken(token) ? null : { url, token };
}

const GIVEN_UP = fault('givenUp', 'nobody wants the certificate any more');

/** Why an order or an authorization came to nothing: the error stands in it, or in one of its challenges. CAs count it. */
function failureOf({ document }: Resource): AcmeFault {
  const challenges = member(document, 'challenges');
  const errors: unknown[] = Array.isArray(challenges) ? challenges.map((one) => member(one, 'error')) : [];
  const found = [member(document, 'error'), ...errors].find((one) => one !== undefined);
  const status = textOf(member(document, 'status')) ?? 'in no state at all';
  const told =
    found === undefined ? fault('orderFailed', `the CA says that it is ${status}`) : faultOfProblem(found, 200, null);
  return { ...told, counted: 1 };
}
