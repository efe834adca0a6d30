import { err, ok, type Result } from '../base/index.ts';
import { decodeBase64url } from './base64url.ts';
import { isJsonObject, type JwtClaims } from './jwt-values.ts';

/** What a token is bound to: the key of DPoP proofs (RFC 9449 §6.1) or a client certificate (RFC 8705 §3.1). */
export interface Confirmation {
  readonly kind: 'jkt' | 'x5t#S256';
  /** SHA-256 in base64url. */
  readonly thumbprint: string;
}

const KINDS = ['jkt', 'x5t#S256'] as const;
const SHA256_BYTES = 32;

/**
 * Reads `cnf` (RFC 7800 §3.1) of a token's claims, or of an answer about a token; null where the token is bound to
 * nothing. A binding that is not known here, that is not the only one, or that is malformed is refused: a token must not
 * pass for less bound than its issuer made it.
 */
export function readConfirmation(claims: JwtClaims): Result<Confirmation | null, 'sender-constrained'> {
  if (!Object.hasOwn(claims, 'cnf')) return ok(null);
  const members = claims['cnf'];
  if (!isJsonObject(members)) return err('sender-constrained');
  const [name, ...others] = Object.keys(members);
  const kind = KINDS.find((known) => known === name);
  if (kind === undefined || others.length > 0) return err('sender-constrained');
  const thumbprint = members[kind];
  if (typeof thumbprint !== 'string' || decodeBase64url(thumbprint)?.length !== SHA256_BYTES)
    return err('sender-constrained');
  return ok(Object.freeze({ kind, thumbprint }));
}

/** What tokens must be bound to where they are taken: nothing, a DPoP key, a client certificate, or either. */
export type ProofDemand = 'none' | 'dpop' | 'mtls' | 'any';

/** Whether a token that is bound like this is bound as is demanded. */
export function meetsDemand(confirmation: Confirmation | null, demand: ProofDemand): boolean {
  switch (demand) {
    case 'none':
      return true;
    case 'dpop':
      return confirmation?.kind === 'jkt';
    case 'mtls':
      return confirmation?.kind === 'x5t#S256';
    case 'any':
      return confirmation !== null;
    default:
      return demand satisfies never;
  }
}
