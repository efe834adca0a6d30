import { acceptable, filtered, type NaiveLists } from './naive-fields.ts';
import { type Condition, conditionText, type Facts, truthOf } from './naive-conditions.ts';

/** A role: what it grants, and whose grants it has too. */
export interface NaiveRole {
  readonly can: readonly string[];
  readonly includes: readonly string[];
}

/** What one operation asks. */
export interface NaiveOperation {
  readonly method: 'GET' | 'POST';
  readonly needs: readonly string[];
  readonly deny: readonly Condition[];
  readonly when: readonly Condition[];
  readonly object: Condition | null;
  readonly fields: NaiveLists | null;
  readonly accepts: NaiveLists | null;
}

/** Rights of one API. Roles and operations go by their names and numbers. */
export interface NaivePolicy {
  readonly roles: Readonly<Record<string, NaiveRole>>;
  readonly deny: readonly Condition[];
  readonly operations: readonly NaiveOperation[];
}

/** A request of somebody who has signed in, to the operation of this number. */
export interface NaiveRequest extends Facts {
  readonly operation: number;
}

/** Whether it is allowed, by the words of the guide alone. */
export function allows(policy: NaivePolicy, request: NaiveRequest): boolean {
  const operation = policy.operations[request.operation];
  if (operation === undefined) return false;
  const granted = grantsOf(policy, request.roles);
  if (!operation.needs.every((permission) => granted.has(permission))) return false;
  // What can't be worked out refuses, in whichever rule.
  const denials = [...policy.deny, ...operation.deny];
  if (!denials.every((condition) => truthOf(condition, request) === false)) return false;
  const needed = [...operation.when, ...(operation.object === null ? [] : [operation.object])];
  if (!needed.every((condition) => truthOf(condition, request) === true)) return false;
  const { method, accepts } = operation;
  return method === 'GET' || accepts === null || acceptable(listsOf(policy, accepts, request.roles), request.body);
}

/** What of its reply whoever is allowed gets. */
export function given(policy: NaivePolicy, { operation, roles, response }: NaiveRequest): unknown {
  const fields = policy.operations[operation]?.fields ?? null;
  return fields === null ? response : filtered(listsOf(policy, fields, roles), response);
}

/** The lists that count for whoever has these roles. */
function listsOf(policy: NaivePolicy, lists: NaiveLists, held: readonly string[]): readonly (readonly string[])[] {
  const { default: everybody = [], ...byRole } = lists;
  return [
    everybody,
    ...[...reachedRoles(policy, held)].flatMap((role) => (byRole[role] === undefined ? [] : [byRole[role]])),
  ];
}

/** The names of all roles that these roles come to. */
function reachedRoles({ roles }: Pick<NaivePolicy, 'roles'>, held: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    const role = Object.hasOwn(roles, name) ? roles[name] : undefined;
    if (role === undefined || reached.has(name)) return;
    reached.add(name);
    for (const included of role.includes) visit(included);
  };
  for (const name of held) visit(name);
  return reached;
}

function grantsOf(policy: NaivePolicy, held: readonly string[]): ReadonlySet<string> {
  return new Set([...reachedRoles(policy, held)].flatMap((name) => policy.roles[name]?.can ?? []));
}

/** The route of an operation. */
function routeOf({ method }: Pick<NaiveOperation, 'method'>, number: number): string {
  return `${method} /o${number}/{tenant}/{id}`;
}

/** The policy as the configuration has it, before this upstream. */
export function policyText({ roles, deny, operations }: NaivePolicy, upstream: string): string {
  const own = operations.map(
    (operation, number) => [routeOf(operation, number), operationKeys(operation, number)] as const,
  );
  return JSON.stringify({
    version: 1,
    issuers: {
      acme: {
        ...{ issuer: 'https://id.acme.example', audience: 'https://api.acme.example', jwks: './keys.json' },
        claims: { roles: 'roles', tenant: 'org' },
      },
    },
    roles,
    apis: {
      things: {
        ...{ upstream, auth: ['acme'], routes: own.map(([route]) => route) },
        ...denyKey(deny, 'whole'),
        operations: Object.fromEntries(own),
      },
    },
  });
}

function operationKeys(operation: NaiveOperation, number: number): object {
  const { needs, deny, when, object, fields, accepts } = operation;
  return {
    ...(needs.length === 0 ? {} : { needs }),
    ...denyKey(deny, `o${number}`),
    ...(when.length === 0 ? {} : { when: unique(when) }),
    ...(object === null ? {} : { object: conditionText(object) }),
    ...(fields === null ? {} : { fields }),
    ...(accepts === null ? {} : { accepts }),
  };
}

function denyKey(deny: readonly Condition[], name: string): object {
  if (deny.length === 0) return {};
  return { deny: unique(deny).map((when, at) => ({ id: `${name}-${at}`, when })) };
}

function unique(conditions: readonly Condition[]): readonly string[] {
  return [...new Set(conditions.map(conditionText))];
}
