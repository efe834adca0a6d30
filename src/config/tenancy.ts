import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { type IssuerConfig, TENANT_PLACE } from '../policy/index.ts';
import { placeAt } from './place-at.ts';
import { parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** Each is compared with tokens that nobody has verified yet. */
const TENANT_LIMIT = 100;
const DOMAIN_LIMIT = 100;

/** The keys of an issuer that say whom of all that it knows are let in. */
export const tenancyKeys = {
  tenants: uniqueList(parsed(readTenant).meta({ title: 'tenant' }), { least: 1, most: TENANT_LIMIT, what: 'tenant' })
    .optional()
    .meta({
      description:
        'Of an issuer with many tenants, such as Entra, those whose tokens are taken, as `tid` says them. They stand for `{tenantid}` in `issuer`.',
    }),
  hd: uniqueList(parsed(readDomain).meta({ title: 'domain' }), { least: 1, most: DOMAIN_LIMIT, what: 'domain' })
    .optional()
    .meta({ description: 'The domains of which the `hd` of a token must be one, as Google writes it.' }),
};

/** What these keys become. */
export function toTenancy(given: {
  readonly tenants?: readonly string[] | undefined;
  readonly hd?: readonly string[] | undefined;
}): Pick<IssuerConfig, 'tenants' | 'hostedDomains'> {
  return { tenants: given.tenants ?? null, hostedDomains: given.hd ?? null };
}

function readTenant(value: string): Result<string, string> {
  if (/^[A-Za-z0-9][A-Za-z0-9.-]{0,127}$/.test(value)) return ok(value);
  return err(words('a tenant is told by its id', 'such as 11111111-2222-3333-4444-555555555555'));
}

function readDomain(value: string): Result<string, string> {
  const domain = value.toLowerCase();
  if (domain.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/.test(domain))
    return ok(domain);
  return err(words('a domain is a host name', 'such as acme.example'));
}

/** Tenants without a place for them would let in nobody, and a place without tenants anybody. */
export function tenancyIssues(issuers: readonly IssuerConfig[], places: Readonly<Record<string, Place>>): Issue[] {
  return issuers.flatMap(({ issuer, tenants, path }) => {
    const count = issuer.split(TENANT_PLACE).length - 1;
    const message = tenancyWords(issuer, count, tenants !== null);
    if (message === null) return [];
    const at = `${path}.${tenants !== null && count === 0 ? 'tenants' : 'issuer'}`;
    return [errorIssue(at, message.says, { place: placeAt(places, at), fix: message.fix })];
  });
}

function tenancyWords(issuer: string, places: number, hasTenants: boolean) {
  if (hasTenants && places === 0)
    return {
      says: 'the identifier has no place for a tenant',
      fix: `write ${TENANT_PLACE} where it stands in \`iss\``,
    };
  if (!hasTenants && places > 0)
    return {
      says: 'anybody can have a tenant of an issuer like this',
      fix: 'name those that are let in: `tenants: [ID]`',
    };
  // Elsewhere a tenant would choose who is asked for keys.
  const inPath =
    places === 0 || (places === 1 && issuer.indexOf(TENANT_PLACE) > issuer.indexOf('/', 'https://'.length));
  return inPath ? null : { says: 'a tenant stands in the path of an identifier, and once', fix: 'write it there' };
}
