import { err, ok, type Result } from '../base/index.ts';
import { type JsonReader, readJwt, type VerifiedLogoutToken, verifyLogoutToken } from '../credential/index.ts';
import type { Clock, Keyring, Store } from '../ports/index.ts';
import type { EndAnswer, EndQuestion } from './contract.ts';
import type { SessionEnd, TellSessionEvent } from './events.ts';
import type { Provider, ProviderKeys } from './provider.ts';
import { heardLogoutOf, personOf, providerSessionOf } from './session-index.ts';
import type { KeptSession, SessionKeeper } from './session-keeper.ts';
import { HEARD_LOGOUTS, type StoredSession } from './session-record.ts';
import type { ProviderSettings, SessionLimits } from './settings.ts';

/** Whom a provider has told to have signed out: of one session, or of all where `sessionId` is null. */
export interface ProviderLogout {
  /** What the configuration calls the issuer. */
  readonly issuer: string;
  readonly issuerId: string;
  readonly subject: string | null;
  readonly sessionId: string | null;
  readonly atMs: number;
}

/** What signing out works with. */
export interface SigningOutOptions {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly keyring: Pick<Keyring, 'mac'>;
  readonly store: Store;
  readonly keeper: SessionKeeper;
  readonly keys: ProviderKeys;
  readonly readJson: JsonReader;
  readonly provider: (name: string) => Provider | null;
  readonly limits: () => SessionLimits | null;
  /** Hears of what providers tell, for tokens that are out besides. */
  readonly signedOut: (logout: ProviderLogout) => void;
  readonly tell: TellSessionEvent;
}

/** A logout token has 16 KiB at most, and stands in a form. */
const BODY_LIMIT = 20 * 1_024;
/** An URL is no longer than most servers and browsers take. */
const URL_LIMIT = 8_000;
/** So long it is remembered who signed out, for those who sign in at the same time. */
const REMEMBERED_MS = 60_000;
const REMEMBERED_LIMIT = 10_000;
const REVOCATIONS_AT_ONCE = 16;

/** Sessions end: by those whose they are, by their provider, by an operator. */
export class SigningOut {
  readonly #options: SigningOutOptions;
  /** What providers told last of persons and sessions. */
  readonly #told = new Map<string, ToldLogout>();
  #revoking = 0;

  constructor(options: SigningOutOptions) {
    this.#options = options;
  }

  /** Ends one, and says where browsers sign out at the provider too (RP-Initiated Logout 1.0 §2). */
  async end({ session: id, origin }: EndQuestion): Promise<EndAnswer> {
    const session = await this.#options.keeper.find(id);
    if (session === null) return { url: null };
    await this.endAll([{ id, document: session }], 'sign-out');
    const provider = this.#options.provider(session.issuer);
    const limits = this.#options.limits();
    if (provider === null || limits === null) return { url: null };
    const url = await provider.endSessionUrl(session.held.idToken, `${origin}${limits.afterLogout}`);
    return { url: url !== null && url.length <= URL_LIMIT ? url : null };
  }

  /** Ends these for good: they are gone here before the provider is told that their refresh tokens are of no use. */
  async endAll(sessions: readonly KeptSession[], why: SessionEnd, author?: string): Promise<void> {
    const { keeper, tell } = this.#options;
    await keeper.end(sessions.map(({ id }) => id));
    for (const { id, document } of sessions) {
      const { issuer, issuerId, held } = document;
      const by = author === undefined ? {} : { author };
      tell({ kind: 'ended', why, issuer, issuerId, subject: held.subject, session: id, ...by });
      if (held.refreshToken !== null) void this.#revoke(issuer, held.refreshToken);
    }
  }

  /** Hears a logout token (Back-Channel Logout 1.0 §2.5 to §2.8); whether it counts. */
  async hear(issuer: string, body: string): Promise<boolean> {
    const provider = this.#options.provider(issuer);
    const text = logoutTokenOf(body);
    if (provider === null || text === null) return false;
    const token = await this.#verified(text, provider.settings);
    const heard = token.ok ? await this.#act(token.value, provider.settings) : token;
    this.#options.tell(
      heard.ok
        ? { kind: 'logout-told', issuer, result: 'heard', words: '' }
        : { kind: 'logout-told', issuer, result: 'refused', words: heard.error },
    );
    return heard.ok;
  }

  /** Whether a provider has told since then (monotonic) that who has signed in so has signed out. */
  signedOutSince(session: StoredSession, sinceMs: number): boolean {
    const { person, providerSession } = session;
    const told = (key: string | null): ToldLogout | null => {
      const found = key === null ? undefined : this.#told.get(key);
      return found === undefined || found.heardAtMs < sinceMs ? null : found;
    };
    const all = told(person);
    return told(providerSession) !== null || (all !== null && isMeant(session, all.issuedAtMs));
  }

  async #verified(text: string, settings: ProviderSettings): Promise<Result<VerifiedLogoutToken, string>> {
    const { clock, keys, readJson } = this.#options;
    const read = readJwt(text, readJson);
    if (!read.ok) return read;
    const judge = (): ReturnType<typeof verifyLogoutToken> =>
      verifyLogoutToken(read.value, settings, { rows: keys.rows(settings.name), nowMs: clock.now() });
    const first = judge();
    if (first.ok || first.error !== 'unknown-key') return first;
    await keys.want(settings.name, 'logout');
    return judge();
  }

  async #act(token: VerifiedLogoutToken, { name, skewMs }: ProviderSettings): Promise<Result<void, string>> {
    const { keeper, keyring, store } = this.#options;
    const { issuer, subject, sessionId, tokenId, issuedAtMs, expiresAtMs } = token;
    const heard = store.collection(HEARD_LOGOUTS);
    const heardAs = heardLogoutOf(keyring, issuer, tokenId);
    if (!(await heard.claim(heardAs, { untilMs: expiresAtMs + 2 * skewMs }))) return err('it was heard before');
    const person = subject === null ? null : personOf(keyring, issuer, subject);
    const key = sessionId === null ? person : providerSessionOf(keyring, issuer, sessionId);
    if (key === null) return err('it names nobody');
    this.#remember(key, issuedAtMs);
    try {
      const found = await keeper.of(sessionId === null ? { person: key } : { providerSession: key });
      const ended = found.filter(
        ({ document }) =>
          (person === null || document.person === person) && (sessionId !== null || isMeant(document, issuedAtMs)),
      );
      await this.endAll(ended, 'provider');
    } catch (fault) {
      // Said again, it is to be heard: some of it may not have been done.
      await heard.delete(heardAs);
      throw fault;
    }
    // By the issuer's own clock, by which it says when its tokens were made.
    this.#options.signedOut({ issuer: name, issuerId: issuer, subject, sessionId, atMs: issuedAtMs });
    return ok(undefined);
  }

  #remember(key: string, issuedAtMs: number): void {
    const nowMs = this.#options.clock.monotonic();
    // Of two that were heard out of order the stricter reading of both holds.
    const before = this.#told.get(key)?.issuedAtMs ?? issuedAtMs;
    this.#told.delete(key);
    this.#told.set(key, { heardAtMs: nowMs, issuedAtMs: Math.max(before, issuedAtMs) });
    for (const [old, { heardAtMs }] of this.#told) {
      if (heardAtMs > nowMs - REMEMBERED_MS && this.#told.size <= REMEMBERED_LIMIT) break;
      this.#told.delete(old);
    }
  }

  /** As well as can be: what lives on there ends by itself, and opens nothing here. */
  async #revoke(issuer: string, refreshToken: string): Promise<void> {
    if (this.#revoking >= REVOCATIONS_AT_ONCE) return;
    this.#revoking++;
    try {
      await this.#options.provider(issuer)?.revoke(refreshToken);
    } finally {
      this.#revoking--;
    }
  }
}

/** A logout token that was heard: when (monotonic), and when it was made by the provider's clock. */
interface ToldLogout {
  readonly heardAtMs: number;
  readonly issuedAtMs: number;
}

/**
 * Whether a logout of all sessions of a person is about this one. Both times are of the provider's clock, whatever ours says;
 * who has signed in since then has done so anew, also where the token was long on its way. In the same second it counts.
 */
function isMeant({ signedInAtMs }: StoredSession, issuedAtMs: number): boolean {
  return signedInAtMs <= issuedAtMs;
}

/** The one logout token of a form (Back-Channel Logout 1.0 §2.5). */
function logoutTokenOf(body: string): string | null {
  if (body.length > BODY_LIMIT) return null;
  const found = new URLSearchParams(body).getAll('logout_token');
  return found.length === 1 ? (found[0] ?? null) : null;
}
