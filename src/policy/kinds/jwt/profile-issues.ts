import { errorIssue, type Issue } from '../../../base/index.ts';
import { SIGNATURE_ALGORITHMS, TENANT_PLACE } from '../../../credential/index.ts';
import type { IssuerConfig } from './config.ts';

/** More than two minutes between clocks is a broken clock, and tokens would live that much longer. */
const SKEW_LIMIT_MS = 120_000;

/**
 * What would make an issuer's profile check less than it seems to: without an audience anybody's token would do, and a
 * time that is no number makes every comparison with it come out the same.
 */
export function profileIssues(profile: IssuerConfig): Issue[] {
  const { path, issuer, tenants, audiences, algorithms, skewMs, maxLifetimeMs } = profile;
  const issues: Issue[] = [];
  const complain = (key: string, message: string): void => void issues.push(errorIssue(`${path}.${key}`, message));
  if (issuer === '') complain('issuer', 'an issuer needs a name to be told by');
  if ((tenants !== null) !== issuer.includes(TENANT_PLACE)) complain('tenants', 'tenants and their place go together');
  if (tenants?.length === 0) complain('tenants', 'an issuer with many tenants needs at least one');
  if (profile.hostedDomains?.length === 0) complain('hd', 'at least one domain is needed');
  if (audiences.length === 0 || audiences.includes('')) complain('audience', 'an issuer needs at least one audience');
  const unknown = algorithms.filter((name) => !SIGNATURE_ALGORITHMS.includes(name));
  if (algorithms.length === 0) complain('algorithms', 'an issuer needs at least one algorithm');
  if (unknown.length > 0) complain('algorithms', `${unknown.join(', ')} is not taken`);
  if (!(skewMs >= 0 && skewMs <= SKEW_LIMIT_MS)) complain('skew', 'must lie between 0s and 120s');
  if (!(maxLifetimeMs > 0 && Number.isFinite(maxLifetimeMs))) complain('maxLifetime', 'must be longer than nothing');
  return issues;
}
