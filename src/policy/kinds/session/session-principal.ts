import type { RoleTable } from '../../kind.ts';
import { Notes } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import type { ClaimRules } from '../../claims/config.ts';
import { principalOf } from '../../claims/principal-of.ts';
import type { LiveSession } from './live-sessions.ts';

/**
 * What is said of whoever bears this session, by the issuer’s mapping of claims; null where a claim that is read is not of
 * its type. Made once for each Snapshot’s roles. The caller ends with the session: as soon as that is over, whatever stands
 * in their name is judged again.
 */
export function identityOf(session: LiveSession, issuer: ClaimRules, roles: RoleTable): AuthenticateVerdict | null {
  if (session.roles === roles) return session.verdict;
  const made = principalFor(session, issuer, roles);
  session.roles = roles;
  session.verdict = made === null ? null : Object.freeze({ kind: 'identified', principal: made });
  return session.verdict;
}

function principalFor(session: LiveSession, issuer: ClaimRules, roles: RoleTable): Principal | null {
  const { view } = session;
  const { claims, subject, startedAtMs, endsAtMs } = view;
  // Of an issuer that everybody can use, the tenant's own name stands there.
  const name = typeof claims['iss'] === 'string' ? claims['iss'] : issuer.issuer;
  // What an issuer's access tokens have to be bound to is not asked of its word on who signed in.
  const rules: ClaimRules = { ...issuer, proof: 'none' };
  const mapped = principalOf({ claims, issuer: name, subject, expiresAtMs: endsAtMs }, rules, roles);
  if (!mapped.ok) return null;
  return Object.freeze({
    ...mapped.value,
    // Somebody has signed in by themselves, whatever client the token was given to.
    kind: 'user',
    startedAtMs,
    get expiresAtMs() {
      return session.isOver ? 0 : endsAtMs;
    },
    notes: new Notes(),
  } satisfies Principal);
}
