import { z } from 'zod';
import { err, ok } from '../base/index.ts';
import type { CollectionDeclaration, Stored } from '../ports/index.ts';

/** What must not be read by whoever has the disk: who it is, and what lets us speak for them. */
export interface SessionSecrets {
  readonly subject: string;
  readonly claims: Readonly<Record<string, Stored>>;
  readonly csrf: string;
  readonly nonce: string;
  readonly authTimeMs: number | null;
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly idToken: string;
}

/** A session as it is kept, by the SHA-256 of its id: with what is on the disk nobody can make the cookie. Times are wall time. */
export interface StoredSession {
  /** The name of its issuer in the configuration, its identifier, and whom it knows us as: a session is of all three. */
  readonly issuer: string;
  readonly issuerId: string;
  readonly clientId: string;
  /** Keyed hashes, by which the sessions of one person, and of one session at the provider, are found. */
  readonly person: string;
  readonly providerSession: string | null;
  readonly startedAtMs: number;
  /** When it began by the provider's clock: `iat` of the ID token that they signed in with. */
  readonly signedInAtMs: number;
  readonly usedAtMs: number;
  readonly endsAtMs: number;
  readonly refreshAtMs: number | null;
  readonly version: number;
  readonly held: SessionSecrets;
}

const TIME = z.number().nonnegative();

const SECRETS = z.strictObject({
  subject: z.string(),
  claims: z.record(z.string(), z.json()),
  csrf: z.string(),
  nonce: z.string(),
  authTimeMs: TIME.nullable(),
  accessToken: z.string(),
  refreshToken: z.string().nullable(),
  idToken: z.string(),
});

const SESSION = z.strictObject({
  issuer: z.string(),
  issuerId: z.string(),
  clientId: z.string(),
  person: z.string(),
  providerSession: z.string().nullable(),
  startedAtMs: TIME,
  signedInAtMs: TIME,
  usedAtMs: TIME,
  endsAtMs: TIME,
  refreshAtMs: TIME.nullable(),
  version: z.int(),
  held: SECRETS,
});

/** The sessions of browsers. */
export const SESSIONS: CollectionDeclaration<StoredSession> = {
  name: 'sessions',
  version: 2,
  parse: (document) => {
    const parsed = SESSION.safeParse(document);
    // The words of the schema name fields, never values.
    return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
  },
  indexes: ['person', 'providerSession', 'usedAtMs', 'endsAtMs'],
  secrets: ['held'],
  // When those began by the provider's clock nobody knows any more: whatever it tells of their person is about them.
  migrations: [(document) => ({ signedInAtMs: 0, ...document })],
};

/** A logout token that was heard, so that it is not heard again. */
export interface HeardLogout {
  readonly untilMs: number;
}

const HEARD = z.strictObject({ untilMs: TIME });

/** By a hash of issuer and `jti`. */
export const HEARD_LOGOUTS: CollectionDeclaration<HeardLogout> = {
  name: 'heard-logouts',
  version: 1,
  parse: (document) => {
    const parsed = HEARD.safeParse(document);
    return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
  },
  indexes: ['untilMs'],
  secrets: [],
  migrations: [],
};
