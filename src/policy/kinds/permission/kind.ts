import { Bitset, ok } from '../../../base/index.ts';
import { bearerChallenge } from '../../challenge.ts';
import type { Exchange } from '../../exchange.ts';
import { type CompileAt, type PolicyKind, READS_NOTHING, type RoleTable, type Step, type Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { PermissionConfig } from './config.ts';

/**
 * The kind that lets a caller do what its permissions say. An operation needs what `needs` says, all of it, else what
 * `security` of its description says: one of the alternatives, and of that one the scopes of all schemes. What schemes
 * are called and how they sign in does not count here. An operation that needs no permission, and one that anybody may
 * call, gets no step; whether somebody must be signed in is not this kind's to say.
 */
export function createPermissionKind(): PolicyKind<PermissionConfig> {
  return {
    kind: 'permission',
    summary: 'Lets callers do what their permissions say.',
    schema: null,
    inBody: true,
    sources: () => [],
    compile: (config, at) =>
      ok(new Map(at.operations.map((operation) => [operation.id, stepsFor(operation, config, at)]))),
  };
}

function stepsFor(operation: Operation, config: PermissionConfig, at: CompileAt): Steps {
  const needed = isOpen(operation, config) ? [] : neededBy(operation, config);
  return needed.length === 0 ? {} : { authorize: authorizeStep(needed, at) };
}

/** Whether a field that a body names is open is never said of it: what it needs holds by whatever route it is asked for. */
function isOpen({ name, inBody }: Operation, { open, closed, openByDefault }: PermissionConfig): boolean {
  if (inBody === true) return false;
  return !closed.includes(name) && (openByDefault || open.includes(name));
}

/**
 * The alternatives of permissions that an operation needs: one of them, and of it all. Empty where it needs none.
 * An alternative without scopes is one that every caller fulfils.
 */
export function neededBy(
  operation: Operation,
  config: Pick<PermissionConfig, 'operations'>,
): readonly (readonly string[])[] {
  const { name, described } = operation;
  const own = Object.hasOwn(config.operations, name) ? config.operations[name] : undefined;
  const alternatives = own === undefined ? securityScopes(described?.security ?? []) : [own];
  return alternatives.some((permissions) => permissions.length === 0) ? [] : alternatives;
}

function securityScopes(
  security: NonNullable<NonNullable<Operation['described']>['security']>,
): readonly (readonly string[])[] {
  return security.map((schemes) => [...new Set(schemes.flatMap(({ scopes }) => scopes))]);
}

function authorizeStep(needed: readonly (readonly string[])[], { api, roles }: CompileAt): Step<'authorize'> {
  const alternatives = needed.map((permissions) => bitsOf(permissions, roles));
  // The token is good but not enough. The challenge names no permission: those are not the client's to know.
  const refusal = deny(
    { code: 'forbidden', headers: bearerChallenge(api, 'insufficient_scope') },
    `needs ${needed.map((all) => all.join(' and ')).join(' or ')}`,
  );
  const stranger = deny({ code: 'unauthenticated', headers: bearerChallenge(api) });
  // The set of the last caller that passed. Sets never change, and callers with the same rights mostly share one.
  let passing: Bitset | null = null;
  return {
    reads: READS_NOTHING,
    run({ principal }: Exchange): Verdict {
      if (principal === null) return stranger;
      const { permissions } = principal;
      if (permissions === passing) return PASS;
      for (const alternative of alternatives) {
        if (!permissions.includes(alternative)) continue;
        passing = permissions;
        return PASS;
      }
      return refusal;
    },
  };
}

/** A permission that the table does not number would be left out of the set, and so asked of nobody. */
function bitsOf(permissions: readonly string[], roles: RoleTable): Bitset {
  const numbers = permissions.map((name) => {
    const number = roles.permission(name);
    if (number === null) throw new Error(`the permission ${name} has no number`);
    return number;
  });
  return Bitset.of(roles.permissionCount, numbers);
}
