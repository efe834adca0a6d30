import { err, ok, type Result } from '../base/index.ts';
import { decodeBase64url } from './base64url.ts';
import { isJsonObject, type JwtClaims } from './jwt-values.ts';

/** What a token is bound to, each as its SHA-256 in base64url; one of them at least is there, and whatever is must be proved. */
export interface Confirmation {
  /** The key of DPoP proofs: `jkt` (RFC 9449 §6.1). */
  readonly key: string | null;
  /** A client certificate: `x5t#S256` (RFC 8705 §3.1). */
  readonly certificate: string | null;
}

const MEMBERS: readonly string[] = ['jkt', 'x5t#S256'];
const SHA256_BYTES = 32;

/**
 * Reads `cnf` (RFC 7800 §3.1) of a token's claims, or of an answer about a token; null where the token is bound to
 * nothing. A binding that is not known here, also beside a known one, or that is malformed is refused: a token must not
 * pass for less bound than its issuer made it.
 */
export function readConfirmation(claims: JwtClaims): Result<Confirmation | null, 'sender-constrained'> {
  if (!Object.hasOwn(claims, 'cnf')) return ok(null);
  const members = claims['cnf'];
  if (!isJsonObject(members)) return err('sender-constrained');
  const entries = Object.entries(members);
  const known = entries.every(([name, value]) => MEMBERS.includes(name) && isThumbprint(value));
  if (entries.length === 0 || !known) return err('sender-constrained');
  return ok(Object.freeze({ key: thumbprintIn(members, 'jkt'), certificate: thumbprintIn(members, 'x5t#S256') }));
}

function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && decodeBase64url(value)?.length === SHA256_BYTES;
}

function thumbprintIn(members: JwtClaims, name: string): string | null {
  const value = Object.hasOwn(members, name) ? members[name] : null;
  return isThumbprint(value) ? value : null;
}

/** What tokens must be bound to where they are taken: nothing, a DPoP key, a client certificate, or either. */
export type ProofDemand = 'none' | 'dpop' | 'mtls' | 'any';

/** Whether a token that is bound like this is bound as is demanded. */
export function meetsDemand(confirmation: Confirmation | null, demand: ProofDemand): boolean {
  switch (demand) {
    case 'none':
      return true;
    case 'dpop':
      return confirmation !== null && confirmation.key !== null;
    case 'mtls':
      return confirmation !== null && confirmation.certificate !== null;
    case 'any':
      return confirmation !== null;
    default:
      return demand satisfies never;
  }
}
