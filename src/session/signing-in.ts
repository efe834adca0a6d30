import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import type { VerifiedIdToken } from '../credential/index.ts';
import type { Clock, Keyring, Random, Stored } from '../ports/index.ts';
import { type Attempt, Attempts, type Beginning } from './attempts.ts';
import {
  ATTEMPT_NAME_LENGTH,
  type BeginAnswer,
  type BeginQuestion,
  type CallbackAnswer,
  type CallbackQuestion,
  callbackPath,
  type SignInRefusal,
} from './contract.ts';
import type { TellSessionEvent } from './events.ts';
import { mergedClaims } from './merged-claims.ts';
import type { ProviderFault } from './provider-fault.ts';
import type { Granted, Provider } from './provider.ts';
import { refreshMoment } from './refresh-moment.ts';
import { personOf, providerSessionOf } from './session-index.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { StoredSession } from './session-record.ts';
import type { SessionLimits } from './settings.ts';

/** What signing in works with. */
export interface SigningInOptions {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly random: Random;
  readonly keyring: Pick<Keyring, 'mac' | 'seal' | 'open'>;
  readonly keeper: SessionKeeper;
  /** Those of the configuration in force, by name. */
  readonly provider: (name: string) => Provider | null;
  readonly limits: () => SessionLimits | null;
  /** Whether the provider has told since then (monotonic) that who has signed in so has signed out. */
  readonly signedOutSince: (session: StoredSession, sinceMs: number) => boolean;
  readonly tell: TellSessionEvent;
}

const RETURN_LIMIT = 2_048;
const PARAMETERS_LIMIT = 8_192;
const SECRET_BYTES = 32;

/** What people, or their provider, say no with (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). */
const DENIALS: ReadonlySet<string> = new Set([
  'access_denied',
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'unmet_authentication_requirements',
]);

/** Somebody signs in: where they are sent, and what becomes of what they bring back. */
export class SigningIn {
  readonly #options: SigningInOptions;
  readonly #attempts: Attempts;

  constructor(options: SigningInOptions) {
    this.#options = options;
    this.#attempts = new Attempts(options);
  }

  async begin(question: BeginQuestion): Promise<BeginAnswer> {
    const provider = this.#options.provider(question.issuer);
    if (provider === null) return { ok: false, refusal: 'unknown-provider' };
    const beginning = beginningOf(question);
    if (beginning === null) return this.#refuse(question.issuer, 'failed', 'no page of this gateway asks so');
    const attempt = this.#attempts.begin(beginning, question.binding);
    const url = await provider.authorize({ ...attempt, redirectUri: redirectUriOf(attempt) });
    if (!url.ok) return this.#refuse(question.issuer, refusalOf(url.error), url.error.words);
    const { state, expiresAtMs } = attempt;
    return { ok: true, url: url.value, attempt: state.slice(0, ATTEMPT_NAME_LENGTH), expiresAtMs };
  }

  async callback(question: CallbackQuestion): Promise<CallbackAnswer> {
    const { clock, provider: providerOf } = this.#options;
    const parameters = parametersOf(question.parameters);
    // Not told one by one: anybody can send what nobody has begun, as often as they like.
    if (parameters === null) return { ok: false, refusal: 'attempt-expired' };
    const attempt = this.#attempts.take(parameters.get('state') ?? '', question.binding);
    if (attempt === null) return { ok: false, refusal: 'attempt-expired' };
    const { issuer } = attempt;
    // One provider answers for another, or at another host (RFC 9700 §4.4): the attempt is over with it.
    if (issuer !== question.issuer || attempt.origin !== question.origin) {
      return this.#refuse(issuer, 'attempt-expired', 'the answer came to another place than was asked for');
    }
    const provider = providerOf(issuer);
    if (provider === null) return { ok: false, refusal: 'unknown-provider' };
    const sinceMs = clock.monotonic();
    const redirectUri = redirectUriOf(attempt);
    const callback = new URL(redirectUri);
    callback.search = parameters.toString();
    const granted = await provider.exchange(callback, { ...attempt, redirectUri });
    if (!granted.ok) return this.#refuse(issuer, refusalOf(granted.error), granted.error.words);
    const session = await this.#sessionOf(provider, granted.value, attempt);
    if (!session.ok) return this.#refuse(issuer, refusalOf(session.error), session.error.words);
    return this.#keep(session.value, { attempt, replaced: question.session, sinceMs });
  }

  async #sessionOf(
    provider: Provider,
    granted: Granted,
    attempt: Attempt,
  ): Promise<Result<StoredSession, ProviderFault>> {
    const { clock, keyring, limits } = this.#options;
    const { settings } = provider;
    const { identity, accessToken, refreshToken } = granted;
    const limit = limits();
    if (identity === null || limit === null) throw new Error('an exchange gives an ID token, or none of it counts');
    const { issuer, subject, sessionId, authTimeMs, issuedAtMs } = identity.token;
    const claims = await claimsOf(provider, identity.token, accessToken);
    if (!claims.ok) return claims;
    const nowMs = clock.now();
    return ok({
      issuer: settings.name,
      issuerId: issuer,
      clientId: settings.clientId,
      person: personOf(keyring, issuer, subject),
      providerSession: sessionId === null ? null : providerSessionOf(keyring, issuer, sessionId),
      startedAtMs: nowMs,
      signedInAtMs: issuedAtMs,
      usedAtMs: nowMs,
      endsAtMs: nowMs + limit.absoluteMs,
      refreshAtMs: refreshMoment(granted, refreshToken, nowMs),
      version: 1,
      held: {
        ...{ subject, authTimeMs, accessToken, refreshToken },
        claims: claims.value,
        csrf: this.#secret(),
        nonce: attempt.nonce,
        idToken: identity.text,
      },
    });
  }

  /** A new id for each sign-in: one that was set by somebody else before is nobody's afterwards. */
  async #keep(session: StoredSession, { attempt, replaced, sinceMs }: Kept): Promise<CallbackAnswer> {
    const { keeper, tell } = this.#options;
    const { issuer, issuerId, held } = session;
    const id = this.#secret();
    const hash = hashOf(id);
    for (const old of new Set([replaced, attempt.session])) {
      const found = old === null ? null : await keeper.find(old);
      if (old === null) continue;
      await keeper.end([old]);
      if (found === null) continue;
      const whose = { issuer: found.issuer, issuerId: found.issuerId, subject: found.held.subject, session: old };
      tell({ kind: 'ended', why: 'replaced', ...whose });
    }
    await keeper.add(hash, session);
    if (this.#options.signedOutSince(session, sinceMs)) {
      await keeper.end([hash]);
      return this.#refuse(issuer, 'failed', 'they have signed out at the provider meanwhile');
    }
    tell({ kind: 'begun', issuer, issuerId, subject: held.subject, session: hash });
    return { ok: true, id, returnTo: attempt.returnTo, view: keeper.view(session) };
  }

  #refuse(
    issuer: string,
    refusal: SignInRefusal,
    words: string,
  ): { readonly ok: false; readonly refusal: SignInRefusal } {
    this.#options.tell({ kind: 'refused', issuer, refusal, words });
    return { ok: false, refusal };
  }

  #secret(): string {
    const bytes = Buffer.alloc(SECRET_BYTES);
    this.#options.random.fill(bytes);
    return bytes.toString('base64url');
  }
}

function beginningOf(question: BeginQuestion): Beginning | null {
  const { issuer, origin, returnTo, acrValues, maxAgeSeconds, session } = question;
  // Judged by the page already; whoever keeps it must not be the one to lead elsewhere.
  const isPath = returnTo.startsWith('/') && URL.parse(returnTo, origin)?.origin === origin;
  if (!isPath || returnTo.length > RETURN_LIMIT || !isOrigin(origin)) return null;
  return {
    ...{ issuer, origin, returnTo, session: session ?? null },
    maxAgeMs: maxAgeSeconds === undefined ? null : maxAgeSeconds * 1_000,
    acrValues: acrValues ?? null,
  };
}

function redirectUriOf({ issuer, origin }: Beginning): string {
  return `${origin}${callbackPath(issuer)}`;
}

interface Kept {
  readonly attempt: Attempt;
  /** The session that the browser bore. */
  readonly replaced: string | null;
  /** When what the provider says of now was asked for. */
  readonly sinceMs: number;
}

/** What the ID token says, and userinfo where that is wanted. */
export async function claimsOf(
  provider: Provider,
  { issuer, subject, claims }: VerifiedIdToken,
  accessToken: string,
): Promise<Result<Readonly<Record<string, Stored>>, ProviderFault>> {
  if (!provider.settings.userinfo) return mergedClaims(claims, {});
  const more = await provider.userinfo(accessToken, { issuer, subject });
  return more.ok ? mergedClaims(claims, more.value) : err(more.error);
}

/** The SHA-256 of a session's id, by which it is kept and asked for. */
function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

function refusalOf({ kind, code }: ProviderFault): SignInRefusal {
  if (DENIALS.has(code)) return 'denied';
  return kind === 'unavailable' ? 'provider-unavailable' : 'failed';
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.protocol === 'https:' && url.origin === text;
}

/** What a provider sends back: each of it once (RFC 6749 §3.1). */
function parametersOf(text: string): URLSearchParams | null {
  if (text.length > PARAMETERS_LIMIT) return null;
  const parameters = new URLSearchParams(text);
  const names = [...parameters.keys()];
  return new Set(names).size === names.length ? parameters : null;
}
