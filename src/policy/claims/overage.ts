import { isJsonObject, type JwtClaims } from '../../credential/index.ts';

/**
 * Whether the issuer says that a caller has more groups than it has written into the token: `hasgroups`, or a claim
 * `groups` that is somewhere else (OpenID Connect Core §5.6.2, as Microsoft Entra uses it). Where it says so at all, what
 * the token names besides is not the whole.
 */
export function hasMoreGroups(claims: JwtClaims): boolean {
  if (Object.hasOwn(claims, 'hasgroups') && claims['hasgroups'] !== false) return true;
  const elsewhere = Object.hasOwn(claims, '_claim_names') ? claims['_claim_names'] : undefined;
  if (elsewhere === undefined) return false;
  // What can't be read may say so.
  return !isJsonObject(elsewhere) || Object.hasOwn(elsewhere, 'groups');
}
