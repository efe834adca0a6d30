import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { ApiDescription } from '../openapi/index.ts';
import type { ApiConfig, AuthConfig, Config } from './config.ts';
import { placeAt } from './place-at.ts';
import { SESSION_WAY } from './sign-in-ways.ts';

/** More of them say nothing new: the roles are not written yet. */
const WARNING_LIMIT = 20;
const EXAMPLE_LIMIT = 3;

/** The permissions that would each let a caller in who has them all: alternatives of permissions. */
type Alternatives = readonly (readonly string[])[];

interface Grants {
  readonly byRoles: ReadonlySet<string>;
  /** Words of `auth` by which permissions can come themselves. */
  readonly byTokens: ReadonlySet<string>;
}

/** Permissions that operations need and that nobody can have: those operations refuse everybody. */
export function grantWarnings(
  config: Config,
  descriptions: ReadonlyMap<string, ApiDescription>,
  places: Readonly<Record<string, Place>>,
): Issue[] {
  const grants: Grants = {
    byRoles: new Set(config.roles.flatMap(({ can }) => can)),
    byTokens: new Set([
      ...config.issuers.flatMap(({ name, claims }) => (claims.permissions === null ? [] : [name])),
      // A session has what its issuer said at sign-in.
      ...(config.sessions.providers.some(({ issuer }) => issuer.claims.permissions !== null) ? [SESSION_WAY] : []),
    ]),
  };
  // What a third party's document calls scopes is between it and us.
  const ours = config.apis.filter(({ party }) => party === null);
  const lacks = ours.flatMap((api) => lacksOf(api, descriptions.get(api.name) ?? null, grants));
  const grouped = [...Map.groupBy(lacks, ({ path, permission }) => JSON.stringify([path, permission])).values()];
  return grouped.slice(0, WARNING_LIMIT).map((group) => warningOf(group, places));
}

interface Lack {
  readonly path: string;
  readonly permission: string;
  readonly operation: string;
}

function warningOf(group: readonly Lack[], places: Readonly<Record<string, Place>>): Issue {
  const { path, permission } = group[0] as Lack;
  const names = group.slice(0, EXAMPLE_LIMIT).map(({ operation }) => operation);
  const more = group.length > names.length ? ` and ${group.length - names.length} more` : '';
  const message = `${names.join(', ')}${more} can be called by nobody: no role grants ${permission}`;
  const place = placeAt(places, path);
  const fix = 'grant it to a role below `roles`, or let an issuer bring it by `claims: { permissions: … }`';
  return { ...errorIssue(path, message, { place, fix }), severity: 'warning' };
}

function lacksOf(api: ApiConfig, description: ApiDescription | null, grants: Grants): Lack[] {
  const described = new Map((description?.operations ?? []).map(({ id, security }) => [id, security]));
  const names = new Set([...described.keys(), ...Object.keys(api.operations)]);
  return [...names].flatMap((name) => {
    const own = Object.hasOwn(api.operations, name) ? api.operations[name] : undefined;
    const auth = own?.auth ?? api.auth;
    if (auth === 'public') return [];
    const needs = own?.needs ?? null;
    const security = described.get(name) ?? [];
    const alternatives = needs === null ? security.map((all) => all.flatMap(({ scopes }) => scopes)) : [needs];
    const path = needs === null ? `${api.path}.openapi` : `${own?.path ?? api.path}.needs`;
    return missingIn(alternatives, auth, grants).map((permission) => ({ path, permission, operation: name }));
  });
}

/** What is missing of the first alternative, where no alternative can be had. */
function missingIn(alternatives: Alternatives, auth: Exclude<AuthConfig, 'public'>, grants: Grants): readonly string[] {
  if (auth.some((name) => grants.byTokens.has(name))) return [];
  const missing = alternatives.map((all) => all.filter((permission) => !grants.byRoles.has(permission)));
  return missing.length === 0 || missing.some((each) => each.length === 0) ? [] : [...new Set(missing[0])];
}
