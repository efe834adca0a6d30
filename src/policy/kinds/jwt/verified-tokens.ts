import type { KeyRow, SignatureAlgorithm } from '../../../credential/index.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';

/** A token that has been verified, and what was said of it. Times are wall time in milliseconds. */
export interface VerifiedToken {
  readonly token: string;
  readonly verdict: AuthenticateVerdict;
  /** The key that it named; null where it named none, and was taken since there was only one. */
  readonly kid: string | null;
  /** The key that signed it, and whose tokens alone that may sign, where the issuer's set says so. */
  readonly thumbprint: string;
  readonly keyIssuer: string | null;
  readonly algorithm: SignatureAlgorithm;
  /** The verdict holds from then on, and not any more from then on. */
  readonly validFromMs: number;
  readonly validUntilMs: number;
}

/** Tokens kept for one issuer: as many callers as one thread sees between two tokens of each. */
const TOKEN_LIMIT = 10_000;

/** Characters of all of them; tokens may be 16 KiB, and what is made of one takes about three times its length. */
const CHARACTER_LIMIT = 16 * 1_024 * 1_024;

/**
 * The last 16 characters of a token, four to each number, exactly: the end of its signature, which nobody but the issuer
 * can choose. Padding and the zeros of EdDSA taken off, these are 87 bits at least, to be guessed by one request each.
 */
export interface TokenEnd {
  first: number;
  second: number;
  third: number;
  fourth: number;
}

const END_LENGTH = 16;

/** An end to fill. */
export function newTokenEnd(): TokenEnd {
  return { first: 0, second: 0, third: 0, fourth: 0 };
}

/** Reads the end of a token into `end`; false for a text that is too short to have one, and to be a token. */
export function readTokenEnd(token: string, end: TokenEnd): boolean {
  const from = token.length - END_LENGTH;
  if (from < 0) return false;
  end.first = fourCharacters(token, from);
  end.second = fourCharacters(token, from + 4);
  end.third = fourCharacters(token, from + 8);
  end.fourth = fourCharacters(token, from + 12);
  return true;
}

/** Texts of a head hold no character above 255. */
function fourCharacters(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

const FNV_PRIME = 0x01000193;

/**
 * What a token is looked up by: 30 bits made of its end, since a text would first be looked up in V8's table of all
 * texts. Of two with one key the later is kept.
 */
function keyOf(end: TokenEnd): number {
  let key = Math.imul(end.first, FNV_PRIME) ^ end.second;
  key = Math.imul(key, FNV_PRIME) ^ end.third;
  key = Math.imul(key, FNV_PRIME) ^ end.fourth;
  key = Math.imul(key, FNV_PRIME);
  return (key ^ (key >>> 15)) & 0x3fffffff;
}

/** What is kept of a token. */
interface Kept extends VerifiedToken, Readonly<TokenEnd> {}

/**
 * The tokens of one issuer that have been verified, bounded in number and in characters. There are two generations:
 * a token that is found in the old one moves to the young one, and when that is half of what is allowed, the old one
 * goes. So those go that nobody used for longest, and finding one rearranges nothing most of the time.
 */
export class VerifiedTokens {
  #young = new Map<number, Kept>();
  #old = new Map<number, Kept>();
  #youngCharacters = 0;
  #rows: ReadonlyMap<string, KeyRow> | null = null;

  /** How many are kept. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The token's entry if its verdict holds now, else null. `end` is the token's, `rows` are the issuer's present keys. */
  find(token: string, end: TokenEnd, rows: ReadonlyMap<string, KeyRow>, nowMs: number): VerifiedToken | null {
    if (rows !== this.#rows) this.#keepThoseOf(rows);
    const key = keyOf(end);
    const young = this.#young.get(key);
    const found = young ?? this.#old.get(key);
    if (found === undefined || !endsAlike(found, end) || found.token !== token) return null;
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
    const end = newTokenEnd();
    if (!readTokenEnd(token, end)) return;
    const key = keyOf(end);
    this.#old.delete(key);
    this.#put(key, Object.freeze({ ...end, ...entry, token }));
  }

  #put(key: number, entry: Kept): void {
    const half = this.#young.size >= TOKEN_LIMIT / 2 || this.#youngCharacters >= CHARACTER_LIMIT / 2;
    if (half) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngCharacters = 0;
    }
    this.#young.set(key, entry);
    this.#youngCharacters += entry.token.length;
  }

  /** A key that the issuer has withdrawn vouches for nobody any more (RFC 7517 §5), nor one for what it is not for now. */
  #keepThoseOf(rows: ReadonlyMap<string, KeyRow>): void {
    for (const generation of [this.#young, this.#old]) {
      for (const [key, kept] of generation) if (!isStillKeyOf(rows.get(kept.thumbprint), kept)) generation.delete(key);
    }
    this.#rows = rows;
  }
}

/** Whether judging the token anew would come to this key again; of one that named none the other keys would say it. */
function isStillKeyOf(row: KeyRow | undefined, { kid, keyIssuer, algorithm }: Kept): boolean {
  if (row === undefined || kid === null || row.kid !== kid) return false;
  return (row.issuer ?? null) === keyIssuer && row.algorithms.includes(algorithm);
}

/**
 * Whether both are the same end, in a time that does not depend on it. How long the whole is compared tells nothing to
 * somebody who does not know the signature already, since without its end nothing is compared.
 */
function endsAlike(one: Readonly<TokenEnd>, other: TokenEnd): boolean {
  const beginning = (one.first ^ other.first) | (one.second ^ other.second);
  return (beginning | (one.third ^ other.third) | (one.fourth ^ other.fourth)) === 0;
}

/** A part of a text keeps the whole text alive, here a head of up to 16 KiB; a copy does not. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
