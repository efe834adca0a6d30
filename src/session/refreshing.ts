import type { Clock } from '../ports/index.ts';
import type { SessionView } from './contract.ts';
import type { TellSessionEvent } from './events.ts';
import type { ProviderFault } from './provider-fault.ts';
import type { Granted, Provider } from './provider.ts';
import { refreshMoment } from './refresh-moment.ts';
import type { SessionKeeper } from './session-keeper.ts';
import type { StoredSession } from './session-record.ts';
import { claimsOf } from './signing-in.ts';

/** What refreshing works with. */
export interface RefreshingOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly keeper: SessionKeeper;
  readonly provider: (name: string) => Provider | null;
  readonly tell: TellSessionEvent;
}

/** What could not be refreshed is tried again after so long, and every time more rarely than requests come. */
const RETRY_MS = 30_000;

/** With these a provider says that it refreshes this session no more (RFC 6749 §5.2). */
const FINAL: ReadonlySet<string> = new Set(['invalid_grant']);

/**
 * Refreshes sessions, each once at a time: a provider that rotates refresh tokens (RFC 9700 §4.14.2) takes one that is
 * used twice for stolen, and ends the session.
 */
export class Refreshing {
  readonly #options: RefreshingOptions;
  readonly #running = new Map<string, Promise<SessionView | null>>();

  constructor(options: RefreshingOptions) {
    this.#options = options;
  }

  /** What the session is like now: refreshed, or as it is where that was done meanwhile or can't be; null where it has ended. */
  async refresh(id: string, version: number): Promise<SessionView | null> {
    const running = this.#running.get(id);
    if (running !== undefined) return await running;
    const begun = this.#refreshOnce(id, version).finally(() => this.#running.delete(id));
    this.#running.set(id, begun);
    return await begun;
  }

  async #refreshOnce(id: string, version: number): Promise<SessionView | null> {
    const { keeper, clock } = this.#options;
    const session = await keeper.find(id);
    if (session === null) return null;
    const { refreshToken } = session.held;
    const isDue = session.refreshAtMs !== null && clock.now() >= session.refreshAtMs;
    // Whoever asks for an older one was answered by the refresh before; nobody asks before the time.
    if (session.version > version || refreshToken === null || !isDue) return keeper.view(session);
    const provider = this.#options.provider(session.issuer);
    if (provider === null) return null;
    const granted = await provider.refresh(refreshToken, {
      issuer: session.issuerId,
      subject: session.held.subject,
      nonce: session.held.nonce,
      authTimeMs: session.held.authTimeMs,
    });
    return granted.ok ? await this.#renew(id, provider, granted.value) : await this.#failed(id, session, granted.error);
  }

  async #renew(id: string, provider: Provider, granted: Granted): Promise<SessionView | null> {
    const { clock, keeper, tell } = this.#options;
    const { identity, accessToken } = granted;
    const claims = identity === null ? null : await claimsOf(provider, identity.token, accessToken);
    // The tokens count all the same: those before them may be dead already.
    if (claims !== null && !claims.ok) {
      tell({ kind: 'refreshed', issuer: provider.settings.name, result: claims.error.kind, words: claims.error.words });
    }
    const changed = await keeper.change(id, (session) => {
      const refreshToken = granted.refreshToken ?? session.held.refreshToken;
      return {
        ...session,
        refreshAtMs: refreshMoment(granted, refreshToken, clock.now()),
        held: {
          ...session.held,
          accessToken,
          refreshToken,
          ...(identity === null ? {} : { idToken: identity.text }),
          ...(claims?.ok === true ? { claims: claims.value } : {}),
        },
      };
    });
    // It has ended while the provider was asked: what came is of no use to anybody.
    if (changed === null) {
      if (granted.refreshToken !== null) await provider.revoke(granted.refreshToken);
      return null;
    }
    tell({ kind: 'refreshed', issuer: provider.settings.name, result: 'renewed', words: '' });
    return keeper.view(changed);
  }

  /**
   * Only a provider that says so ends a session: one that can't be asked now would log everybody out. Of what it sent and
   * can't be trusted nothing counts, and where the refresh token is used up with it, it says so the next time.
   */
  async #failed(id: string, session: StoredSession, fault: ProviderFault): Promise<SessionView | null> {
    const { clock, keeper, tell } = this.#options;
    const { issuer, issuerId, held } = session;
    tell({ kind: 'refreshed', issuer, result: fault.kind, words: fault.words });
    if (FINAL.has(fault.code)) {
      await keeper.end([id]);
      tell({ kind: 'ended', why: 'refresh-refused', issuer, issuerId, subject: held.subject, session: id });
      return null;
    }
    const kept = await keeper.change(id, (now) => ({ ...now, refreshAtMs: clock.now() + RETRY_MS }));
    return kept === null ? null : keeper.view(kept);
  }
}
