import type { JwtFault } from './jwt-fault.ts';
import type { JwtClaims } from './jwt-values.ts';
import type { TokenProfile } from './token-profile.ts';

/** What stands for the tenant in the identifier of an issuer that has many, as the metadata of Entra writes it. */
export const TENANT_PLACE = '{tenantid}';

/** What of a profile says who its issuer is. */
export type IssuerNames = Pick<TokenProfile, 'issuer' | 'tenants'>;

/** The identifiers by which tokens of this profile may name their issuer: one, or one for each tenant. */
export function issuerNames({ issuer, tenants }: IssuerNames): readonly string[] {
  return tenants === null ? [issuer] : tenants.map((tenant) => issuer.replace(TENANT_PLACE, () => tenant));
}

/** Whether a token with this `iss` is for this profile to judge. Compared as it stands (RFC 8414 §2). */
export function isIssuerOf(profile: IssuerNames, iss: unknown): iss is string {
  const { issuer, tenants } = profile;
  if (tenants === null) return iss === issuer;
  const at = issuer.indexOf(TENANT_PLACE);
  const behind = issuer.slice(at + TENANT_PLACE.length);
  if (typeof iss !== 'string' || !iss.startsWith(issuer.slice(0, at)) || !iss.endsWith(behind)) return false;
  return tenants.includes(iss.slice(at, iss.length - behind.length));
}

/**
 * Why a token of this issuer is not of those who are let in: its `tid` is not the tenant that its `iss` names, or its
 * `hd` none of the domains. Whoever has an account of any tenant, or a private one, gets tokens with a good signature.
 */
export function tenancyFault(
  claims: JwtClaims,
  profile: Pick<TokenProfile, 'tenants' | 'hostedDomains' | 'issuer'>,
): JwtFault | null {
  const { tenants, hostedDomains, issuer } = profile;
  if (tenants !== null) {
    const tenant = claims['tid'];
    if (typeof tenant !== 'string' || !tenants.includes(tenant)) return 'tenant';
    if (claims['iss'] !== issuer.replace(TENANT_PLACE, () => tenant)) return 'tenant';
  }
  if (hostedDomains === null) return null;
  const domain = claims['hd'];
  return typeof domain === 'string' && hostedDomains.includes(domain.toLowerCase()) ? null : 'tenant';
}
