/**
 * What gateway threads and the control side say to each other about sessions of browsers. Threads see cookies and write
 * pages; the control side speaks with the providers and keeps what they gave. All of it is plain data. A session's id
 * and the secret that binds an attempt to a browser stay in the thread that reads the cookie: only SHA-256 hashes of
 * them, base64url, are asked with. They have 256 random bits, so that a plain hash can not be turned back.
 */

/**
 * The questions below, each of which is a subject of its own: providers that are slow to sign people in hold up nobody
 * who is signed in.
 */
export const SESSION_QUESTIONS = [
  'begin',
  'callback',
  'find',
  'refresh',
  'end',
  'backchannel',
] as const satisfies readonly SessionQuestion['ask'][];

/** The subject of a question. */
export function sessionSubject(ask: SessionQuestion['ask']): string {
  return `session-${ask}`;
}

/** The subject under which threads tell, in batches, which sessions were used: `SessionUse[]`. */
export const SESSION_USES = 'session-uses';
/** The subject under which the control side tells all threads what they must not keep: `SessionNotice`. */
export const SESSION_NOTICES = 'session-notices';

/** Where a provider sends browsers back to. Each has a path of its own, so that one can't answer for another (RFC 9700 §4.4). */
export function callbackPath(issuer: string): string {
  return `/.portcullis/callback/${issuer}`;
}

/** Where a provider tells that somebody has signed out (OpenID Connect Back-Channel Logout 1.0 §2.2). */
export function backchannelPath(issuer: string): string {
  return `/.portcullis/backchannel-logout/${issuer}`;
}

/** How many characters of `state` name the attempt: the cookie that binds it to a browser is called by them. */
export const ATTEMPT_NAME_LENGTH = 8;

/** A thread's question. `issuer` is the name in the configuration. */
export type SessionQuestion =
  | BeginQuestion
  | CallbackQuestion
  | { readonly ask: 'find'; readonly session: string }
  /** `version` is that of the view that was to be refreshed: where a newer one is there, that is the answer. */
  | { readonly ask: 'refresh'; readonly session: string; readonly version: number }
  | EndQuestion
  /** `body` is the form as it came (`application/x-www-form-urlencoded`), to `backchannelPath`. */
  | { readonly ask: 'backchannel'; readonly issuer: string; readonly body: string };

/** Begins to sign in. Answered by a `BeginAnswer`. */
export interface BeginQuestion {
  readonly ask: 'begin';
  readonly issuer: string;
  /** The public origin of the host that was asked, such as `https://app.example` or `https://localhost:8443`. */
  readonly origin: string;
  /** Where the browser goes afterwards: a path of this origin with its query, judged by the thread already. */
  readonly returnTo: string;
  /** The hash of the secret in the cookie that binds this attempt to a browser. */
  readonly binding: string;
  /** What is demanded of how they sign in, where a step-up asks for it (RFC 9470 §4). */
  readonly acrValues?: readonly string[];
  readonly maxAgeSeconds?: number;
  /** The session that asks for more, by its hash: it ends once the new one stands. */
  readonly session?: string;
}

/** The provider has sent the browser back. Answered by a `CallbackAnswer`. */
export interface CallbackQuestion {
  readonly ask: 'callback';
  readonly issuer: string;
  readonly origin: string;
  /** The query (without `?`), or the form, as it came. */
  readonly parameters: string;
  /** The hash of what the cookie of this attempt says; null where there is none. */
  readonly binding: string | null;
  /** The session whose cookie the browser bears meanwhile, by its hash: it ends, whoever it is of. */
  readonly session: string | null;
}

/** Signs out. Answered by an `EndAnswer`. */
export interface EndQuestion {
  readonly ask: 'end';
  readonly session: string;
  readonly origin: string;
}

/** Why nobody could begin or finish to sign in. Nothing of it says what the provider said. */
export type SignInRefusal =
  /** No such provider is configured (any more). */
  | 'unknown-provider'
  /** The provider can't be reached, or says nothing that can be used; the operator is told. */
  | 'provider-unavailable'
  /** The attempt is unknown, was used, is too old, or was begun by another browser or at another host. */
  | 'attempt-expired'
  /** They, or their provider, said no: `access_denied` and the like. Or what is asked for is of no class that is taken. */
  | 'denied'
  /** What the provider sent can't be trusted, or is not enough for what was asked. */
  | 'failed';

/** The answer to `begin`: where to send the browser, and what to call its cookie by (`state` begins with `attempt`). */
export type BeginAnswer =
  | { readonly ok: true; readonly url: string; readonly attempt: string; readonly expiresAtMs: number }
  | { readonly ok: false; readonly refusal: SignInRefusal };

/** The answer to `callback`: the id for the cookie, said this once, and where the browser goes. */
export type CallbackAnswer =
  | { readonly ok: true; readonly id: string; readonly returnTo: string; readonly view: SessionView }
  | { readonly ok: false; readonly refusal: SignInRefusal };

/** The answer to `find` and `refresh`. */
export interface FindAnswer {
  readonly view: SessionView | null;
}

/** The answer to `end`: where the provider wants browsers sent to sign out there too (RP-Initiated Logout 1.0 §2), or null. */
export interface EndAnswer {
  readonly url: string | null;
}

/** The answer to `backchannel`; what was wrong is for the operator alone. */
export interface BackchannelAnswer {
  readonly ok: boolean;
}

/** A session as a thread may know it: nothing in it lets anybody in. */
export interface SessionView {
  /** The name of its issuer in the configuration. */
  readonly issuer: string;
  /** What its ID token says, and userinfo where that is asked: verified, and of one reading. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly subject: string;
  /** What pages must send along with unsafe methods. */
  readonly csrf: string;
  readonly startedAtMs: number;
  /** Without a use it ends at this time; told uses move it. */
  readonly idleEndsAtMs: number;
  /** It ends at this time in any case. */
  readonly endsAtMs: number;
  /** From this time on `refresh` is to be asked; null where nothing can be refreshed. */
  readonly refreshAtMs: number | null;
  /** Grows with each change. */
  readonly version: number;
}

/** A session was used. */
export interface SessionUse {
  readonly session: string;
  readonly atMs: number;
}

/** Sessions that have ended or changed, by their hashes: no thread may go by what it knew of them. */
export interface SessionNotice {
  readonly sessions: readonly string[];
}
