import { type Bitset, err, ok, type Result } from '../../base/index.ts';
import {
  type Confirmation,
  type JwtClaims,
  meetsDemand,
  numericDateMs,
  readConfirmation,
  type VerifiedJwt,
} from '../../credential/index.ts';
import type { RoleTable } from '../kind.ts';
import { Notes } from '../notes.ts';
import type { Assurance, ClaimValue, Principal } from '../principal.ts';
import { attributesOf, subjectOf } from './attributes.ts';
import { claimAt, nameIn, namesIn } from './claim-texts.ts';
import type { ClaimPath, ClaimRules } from './config.ts';
import { hasMoreGroups } from './overage.ts';
import { mappedRoles, textsAt } from './mapped-roles.ts';

const NONE: readonly string[] = Object.freeze([]);

/**
 * Whom a verified token stands for. A caller is a service where the token was given to a client for itself: then the
 * subject is the client (RFC 9068 §2.2). `claims` where a claim that is read is there but not of its type. The result
 * and the claims are frozen, but for its notes. What the token is bound to is told and not judged: `possession` does that.
 */
export function principalOf(
  jwt: Pick<VerifiedJwt, 'claims' | 'issuer' | 'subject' | 'expiresAtMs'>,
  issuer: ClaimRules,
  roleTable: RoleTable,
): Result<Principal, 'claims' | 'sender-constrained' | 'unbound'> {
  const { claims, issuer: name, subject, expiresAtMs } = jwt;
  const ids = identifiersOf(claims);
  const rights = rightsOf(claims, issuer, roleTable);
  const tenant = textAt(claims, issuer.claims.tenant);
  const named = issuer.claims.subject === undefined ? ok(subject) : subjectOf(claims, issuer.claims.subject);
  const attributes = issuer.claims.attributes === undefined ? ok(null) : attributesOf(claims, issuer.claims.attributes);
  const assurance = assuranceOf(claims, issuer);
  const confirmation = confirmationOf(claims, issuer);
  if (!confirmation.ok) return confirmation;
  if (!ids.ok || !rights.ok || !tenant.ok || !assurance.ok || !named.ok || !attributes.ok) return err('claims');
  return ok(
    Object.freeze({
      kind: ids.value.clientId === subject ? 'service' : 'user',
      issuer: name,
      subject: named.value,
      clientId: ids.value.clientId,
      credentialId: ids.value.credentialId,
      sessionId: ids.value.sessionId,
      tenant: tenant.value,
      roles: rights.value.roles,
      scopes: rights.value.scopes,
      ...(issuer.scopes === 'ignore' ? { scopesNarrow: false } : {}),
      permissions: rights.value.permissions,
      // What the parser makes of JSON is made of nothing else.
      claims: freezeDeep(claims) as Readonly<Record<string, ClaimValue>>,
      ...(attributes.value === null ? {} : { attributes: attributes.value }),
      ...moreGroupsOf(claims, issuer),
      assurance: assurance.value,
      confirmation: confirmation.value,
      expiresAtMs,
      notes: new Notes(),
    } satisfies Principal),
  );
}

/** Groups that are not told are asked for by the kind `groups`, behind which nobody is without them. */
function moreGroupsOf(claims: JwtClaims, { claims: { groups } }: ClaimRules): Pick<Principal, 'moreGroups'> {
  return groups !== undefined && hasMoreGroups(claims) ? { moreGroups: groups } : {};
}

/** What the token is bound to; it must be what the issuer's tokens have to be bound to. */
function confirmationOf(
  claims: JwtClaims,
  { proof = 'none' }: ClaimRules,
): Result<Confirmation | null, 'sender-constrained' | 'unbound'> {
  const read = readConfirmation(claims);
  return read.ok && !meetsDemand(read.value, proof) ? err('unbound') : read;
}

type Identifiers = Pick<Principal, 'clientId' | 'credentialId' | 'sessionId'>;

/** `client_id` (RFC 9068 §2.2), else `azp`, which older issuers write (OpenID Connect Core §2). */
function identifiersOf(claims: JwtClaims): Result<Identifiers, 'claims'> {
  const clientId = nameIn(claims['client_id']);
  const authorizedParty = nameIn(claims['azp']);
  const credentialId = nameIn(claims['jti']);
  const sessionId = nameIn(claims['sid']);
  if (!clientId.ok || !authorizedParty.ok || !credentialId.ok || !sessionId.ok) return err('claims');
  return ok({
    clientId: clientId.value ?? authorizedParty.value,
    credentialId: credentialId.value,
    sessionId: sessionId.value,
  });
}

type Rights = Pick<Principal, 'roles' | 'scopes' | 'permissions'>;

function rightsOf(claims: JwtClaims, issuer: ClaimRules, roleTable: RoleTable): Result<Rights, 'claims'> {
  const roles = mappedRoles(claims, issuer.claims);
  const named = textsAt(claims, issuer.claims.permissions);
  const scopes = scopesOf(claims, issuer.claims.scopes ?? null);
  if (!roles.ok || !named.ok || !scopes.ok) return err('claims');
  const byRoles = roleTable.permissionsOf(roles.value);
  const granted = named.value.length === 0 ? byRoles : byRoles.union(roleTable.named(named.value));
  const permissions = issuer.scopes === 'ignore' ? granted : narrowed(granted, scopes.value, roleTable);
  return ok({ roles: roles.value, scopes: scopes.value, permissions });
}

/** A scope takes away, it never gives. */
function narrowed(granted: Bitset, scopes: readonly string[] | null, roleTable: RoleTable): Bitset {
  return scopes === null ? granted : granted.intersect(roleTable.named(scopes));
}

/** `scope` (RFC 9068 §2.2.3), else `scp`, which some issuers write in its place; or what the configuration names. */
function scopesOf(claims: JwtClaims, path: ClaimPath | null): Result<readonly string[] | null, 'claims'> {
  if (path !== null) {
    const value = claimAt(claims, path);
    return value.ok ? namesIn(value.value) : value;
  }
  const scope = namesIn(claims['scope']);
  const scp = namesIn(claims['scp']);
  if (!scope.ok || !scp.ok) return err('claims');
  return ok(scope.value ?? scp.value);
}

function assuranceOf(claims: JwtClaims, { skewMs }: ClaimRules): Result<Assurance, 'claims'> {
  const acr = nameIn(claims['acr']);
  const amr = Array.isArray(claims['amr']) || claims['amr'] === undefined ? namesIn(claims['amr']) : err('claims');
  const authTimeMs = claims['auth_time'] === undefined ? undefined : numericDateMs(claims['auth_time']);
  if (!acr.ok || !amr.ok || authTimeMs === null) return err('claims');
  const clock = skewMs === undefined || authTimeMs === undefined ? {} : { skewMs };
  return ok(Object.freeze({ acr: acr.value, amr: amr.value ?? NONE, authTimeMs: authTimeMs ?? null, ...clock }));
}

function textAt(claims: JwtClaims, path: ClaimPath | null): Result<string | null, 'claims'> {
  if (path === null) return ok(null);
  const value = claimAt(claims, path);
  return value.ok ? nameIn(value.value) : value;
}

/** Recursion is bounded by the depth that the token's reader allows. */
function freezeDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) freezeDeep(inner);
  return Object.freeze(value);
}
