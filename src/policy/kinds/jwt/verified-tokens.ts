import type { KeyRow, SignatureAlgorithm } from '../../../credential/index.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';

/** A token that has been verified, and what was said of it. Times are wall time in milliseconds. */
export interface VerifiedToken {
  readonly token: string;
  readonly verdict: AuthenticateVerdict;
  readonly thumbprint: string;
  readonly algorithm: SignatureAlgorithm;
  /** The verdict holds from then on, and not any more from then on. */
  readonly validFromMs: number;
  readonly validUntilMs: number;
}

/** Tokens kept for one issuer: as many callers as one thread sees between two tokens of each. */
const TOKEN_LIMIT = 10_000;

/** Characters of all of them; tokens may be 16 KiB, and what is made of one takes about three times its length. */
const CHARACTER_LIMIT = 16 * 1_024 * 1_024;

/** The last 256 bits of a signature, which nobody but the issuer can choose. */
const END_LENGTH = 43;

/** So many characters of it make a key. */
const SHORT_LENGTH = 8;

const FNV_PRIME = 0x01000193;

/**
 * What a token is looked up by: 30 bits made of the end of its signature, since a text would first be looked up in V8's
 * table of all texts. It is no proof: the token itself is compared too, and of two with one key the later is kept.
 */
export function tokenKey(token: string): number {
  let key = 0;
  for (let at = Math.max(0, token.length - SHORT_LENGTH); at < token.length; at++) {
    key = Math.imul(key ^ token.charCodeAt(at), FNV_PRIME);
  }
  return key & 0x3fffffff;
}

/**
 * The tokens of one issuer that have been verified, bounded in number and in characters. There are two generations:
 * a token that is found in the old one moves to the young one, and when that is half of what is allowed, the old one
 * goes. So those go that nobody used for longest, and finding one rearranges nothing most of the time.
 */
export class VerifiedTokens {
  #young = new Map<number, VerifiedToken>();
  #old = new Map<number, VerifiedToken>();
  #youngCharacters = 0;
  #rows: ReadonlyMap<string, KeyRow> | null = null;

  /** How many are kept. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The token's entry if its verdict holds now, else null. `rows` are the issuer's present keys. */
  find(token: string, key: number, rows: ReadonlyMap<string, KeyRow>, nowMs: number): VerifiedToken | null {
    if (rows !== this.#rows) this.#keepThoseOf(rows);
    const young = this.#young.get(key);
    const found = young ?? this.#old.get(key);
    if (found === undefined || !endsAlike(found.token, token) || found.token !== token) return null;
    if (!(nowMs >= found.validFromMs && nowMs < found.validUntilMs)) return null;
    if (young === undefined) {
      this.#old.delete(key);
      this.#put(key, found);
    }
    return found;
  }

  /** Keeps a token that was verified with the issuer's present keys. Nothing of the request's head stays alive with it. */
  add(entry: VerifiedToken): void {
    const token = copyOf(entry.token);
    const key = tokenKey(token);
    this.#old.delete(key);
    this.#put(key, Object.freeze({ ...entry, token }));
  }

  #put(key: number, entry: VerifiedToken): void {
    const half = this.#young.size >= TOKEN_LIMIT / 2 || this.#youngCharacters >= CHARACTER_LIMIT / 2;
    if (half) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngCharacters = 0;
    }
    this.#young.set(key, entry);
    this.#youngCharacters += entry.token.length;
  }

  /** A key that the issuer has withdrawn vouches for nobody any more (RFC 7517 §5). */
  #keepThoseOf(rows: ReadonlyMap<string, KeyRow>): void {
    for (const generation of [this.#young, this.#old]) {
      for (const [key, { thumbprint, algorithm }] of generation) {
        if (rows.get(thumbprint)?.algorithms.includes(algorithm) !== true) generation.delete(key);
      }
    }
    this.#rows = rows;
  }
}

/**
 * Whether both have the same end, in a time that does not depend on it. How long the whole is compared tells nothing
 * to somebody who does not know the signature already, since without its end nothing is compared.
 */
function endsAlike(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = Math.max(0, one.length - END_LENGTH); at < one.length; at++) {
    difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  }
  return difference === 0;
}

/** A part of a text keeps the whole text alive, here a head of up to 16 KiB; a copy does not. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
