import type { Secret } from '../base/index.ts';
import type { IdentityProfile } from '../credential/index.ts';

/** A provider that people sign in with, as the configuration describes it (OpenID Connect Core §9 for `proof`). */
export interface ProviderSettings extends IdentityProfile {
  /** What the configuration calls it. */
  readonly name: string;
  /** How we show the provider that it is us who asks. */
  readonly proof:
    | { readonly kind: 'secret'; readonly value: Secret }
    | { readonly kind: 'private-key'; readonly value: Secret; readonly kid: string | null };
  /** Where its keys are; null where its metadata says it. */
  readonly keysUrl: string | null;
  /** CAs, PEM, that vouch for it; null where those of the system do. */
  readonly ca: string | null;
  /** With `openid`. */
  readonly scopes: readonly string[];
  readonly prompt: string | null;
  /** One of these classes every sign-in must be of; null where any will do. */
  readonly acrValues: readonly string[] | null;
  /** Pushed authorization requests (RFC 9126): where the provider offers them, always, or never. */
  readonly par: 'auto' | 'required' | 'off';
  /** Whether its userinfo is asked for claims besides. */
  readonly userinfo: boolean;
}

/** What holds of all sessions. */
export interface SessionLimits {
  /** One that is not used for so long ends. */
  readonly idleMs: number;
  /** It ends so long after it has begun in any case. */
  readonly absoluteMs: number;
  /** Where browsers go after they have signed out: a path of the host that they signed out at. */
  readonly afterLogout: string;
}

/** All that the configuration in force says of sessions. */
export interface SessionSettings {
  readonly providers: readonly ProviderSettings[];
  readonly limits: SessionLimits;
}
