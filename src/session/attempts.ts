import type { Keyring, Random } from '../ports/index.ts';
import { ATTEMPT_NAME_LENGTH } from './contract.ts';
import type { Authorization } from './provider.ts';

/** What somebody has begun when they were sent to a provider. */
export interface Beginning {
  readonly issuer: string;
  readonly origin: string;
  readonly returnTo: string;
  /** The session that asked for more, by its hash. */
  readonly session: string | null;
  readonly maxAgeMs: number | null;
  /** What was asked for besides what the provider's settings demand of all. */
  readonly acrValues: readonly string[] | null;
}

/** The same, with what is sent along and what the answer is held against. */
export interface Attempt extends Beginning, Omit<Authorization, 'redirectUri'> {
  /** Wall time. */
  readonly expiresAtMs: number;
}

/** What attempts are made with. */
export interface AttemptsOptions {
  readonly keyring: Pick<Keyring, 'mac' | 'seal' | 'open'>;
  readonly random: Random;
  readonly clock: { now(): number };
}

/** So long a person may take at the provider. */
const LIFE_MS = 10 * 60 * 1_000;
/** A clock that was set back meanwhile by so much spoils nothing. */
const SET_BACK_MS = 60 * 1_000;
/** Those that are over and could come once more; beyond it the one goes that was over first. */
const TAKEN_LIMIT = 10_000;
/** What base64url makes the name of. */
const NAME_BYTES = (ATTEMPT_NAME_LENGTH * 3) / 4;

const PURPOSE = 'sign-in-attempt';

/** What is sealed: a tuple, since it stands in URLs, where some providers take no more than a few hundred characters. */
type Sealed = readonly [
  beganAtMs: number,
  issuer: string,
  origin: string,
  returnTo: string,
  session: string | null,
  maxAgeMs: number | null,
  acrValues: readonly string[] | null,
];

/**
 * Attempts to sign in. None is kept: all that is known of one stands sealed in its `state` (RFC 6749 §10.12), bound to the
 * browser by the hash of its cookie, and what else is secret is derived of both. So nobody can push out what others have
 * begun, however many they begin, and a restart meanwhile does no harm. Each can be taken once, by the browser that began it.
 */
export class Attempts {
  readonly #options: AttemptsOptions;
  /** Those that were taken, by their nonces, the first one first, and until when they would be good. */
  readonly #taken = new Map<string, number>();

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Begins one; `binding` is the hash of what its browser is given. */
  begin(beginning: Beginning, binding: string): Attempt {
    const { keyring, random, clock } = this.#options;
    const beganAtMs = clock.now();
    const { issuer, origin, returnTo, session, maxAgeMs, acrValues } = beginning;
    const sealed: Sealed = [beganAtMs, issuer, origin, returnTo, session, maxAgeMs, acrValues];
    const bytes = Buffer.alloc(NAME_BYTES);
    random.fill(bytes);
    const name = bytes.toString('base64url');
    const text = keyring.seal(PURPOSE, Buffer.from(JSON.stringify(sealed)), contextOf(name, binding));
    return this.#whole(beginning, { state: name + Buffer.from(text).toString('base64url'), binding, beganAtMs });
  }

  /**
   * The attempt of this state, which is over with it. Null where there is none, it has expired, or it is of another
   * browser: then it stays for the one that it is of, who may still come.
   */
  take(state: string, binding: string | null): Attempt | null {
    const nowMs = this.#options.clock.now();
    const sealed = binding === null ? null : this.#open(state, binding);
    if (sealed === null || binding === null) return null;
    const [beganAtMs, issuer, origin, returnTo, session, maxAgeMs, acrValues] = sealed;
    if (nowMs >= beganAtMs + LIFE_MS || nowMs < beganAtMs - SET_BACK_MS) return null;
    const beginning = { issuer, origin, returnTo, session, maxAgeMs, acrValues };
    const attempt = this.#whole(beginning, { state, binding, beganAtMs });
    if (this.#taken.has(attempt.nonce)) return null;
    this.#remember(attempt, nowMs);
    return attempt;
  }

  #whole(beginning: Beginning, { state, binding, beganAtMs }: Begun): Attempt {
    const { keyring } = this.#options;
    const secret = (what: string): string =>
      Buffer.from(keyring.mac(PURPOSE, Buffer.from(JSON.stringify([what, state, binding])))).toString('base64url');
    return {
      ...beginning,
      ...{ state, nonce: secret('nonce'), verifier: secret('verifier') },
      expiresAtMs: beganAtMs + LIFE_MS,
    };
  }

  #open(state: string, binding: string): Sealed | null {
    const name = state.slice(0, ATTEMPT_NAME_LENGTH);
    const text = state.slice(ATTEMPT_NAME_LENGTH);
    const bytes = Buffer.from(text, 'base64url');
    // One attempt has one spelling, or it could be taken by another one once more.
    if (bytes.toString('base64url') !== text) return null;
    const opened = this.#options.keyring.open(PURPOSE, bytes, contextOf(name, binding));
    // Whatever opens was sealed above.
    return opened.ok ? (JSON.parse(Buffer.from(opened.value).toString()) as Sealed) : null;
  }

  #remember({ nonce, expiresAtMs }: Attempt, nowMs: number): void {
    this.#taken.set(nonce, expiresAtMs + SET_BACK_MS);
    for (const [old, overAtMs] of this.#taken) {
      if (nowMs < overAtMs && this.#taken.size <= TAKEN_LIMIT) break;
      this.#taken.delete(old);
    }
  }
}

interface Begun {
  readonly state: string;
  readonly binding: string;
  readonly beganAtMs: number;
}

/** Of whoever has another cookie, or has changed the name, nothing opens. */
function contextOf(name: string, binding: string): string {
  return JSON.stringify([name, binding]);
}
