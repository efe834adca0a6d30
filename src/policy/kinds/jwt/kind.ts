import { err, type Issue, ok, type Result } from '../../../base/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { PolicyKind, RoleTable, Sources } from '../../kind.ts';
import { isAsked, verifiesHere } from '../introspection/asked-issuer.ts';
import { authenticateStep, type Elsewhere, type JwtPorts, type StepContext } from './authenticate.ts';
import type { IssuerConfig, JwtConfig } from './config.ts';
import { IssuerTokens } from './issuer-tokens.ts';
import { keySource, keysOf } from './keys-of.ts';
import { profileIssues } from './profile-issues.ts';
import { createSenderKeysReport } from './sender-keys.ts';

type Built = Result<IssuerTokens, readonly Issue[]>;

/**
 * The kind `jwt`: who is calling, by an access token in the field Authorization (RFC 6750 §2.1, RFC 9068). Keys `auth`
 * and `issuers` of the configuration make it. All operations of a Snapshot share what is remembered of an issuer's
 * tokens. An operation that is public gets no step.
 */
export function createJwtKind(ports: JwtPorts): PolicyKind<JwtConfig> {
  const context: StepContext = { ports, report: createSenderKeysReport(ports) };
  // A role table is made for one Snapshot, and so are the sources that come with it.
  const built = new WeakMap<IssuerConfig, WeakMap<RoleTable, Built>>();

  const tokensOf = (issuer: IssuerConfig, roles: RoleTable, got: Sources): Built => {
    const known = built.get(issuer)?.get(roles);
    if (known !== undefined) return known;
    const made = buildTokens(issuer, roles, got);
    const byRoles = built.get(issuer) ?? new WeakMap<RoleTable, Built>();
    built.set(issuer, byRoles.set(roles, made));
    return made;
  };

  return {
    kind: 'jwt',
    summary: 'Access tokens of the issuers that the configuration names',
    schema: null,
    sources: (config) =>
      [...new Set([config.issuers, ...Object.values(config.operations)].flat())].filter(verifiesHere).map(keySource),
    compile: (config, { operations, roles }, got) =>
      compileEach(operations, (operation) => {
        const asked = saidOf(config.operations, operation) ?? config.issuers;
        const tokens = asked.filter(verifiesHere).map((issuer) => tokensOf(issuer, roles, got));
        const issues = tokens.flatMap((one) => (one.ok ? [] : one.error));
        if (issues.length > 0) return err(issues);
        const issuers = tokens.flatMap((one) => (one.ok ? [one.value] : []));
        const removes = config.credentials !== 'pass';
        return ok(
          issuers.length === 0
            ? {}
            : { authenticate: authenticateStep(issuers, { removes, elsewhere: elsewhereOf(asked) }, context) },
        );
      }),
  };
}

/** What of an operation's tokens is not verified here. */
function elsewhereOf(issuers: readonly IssuerConfig[]): Elsewhere {
  const named = issuers.filter((issuer) => !verifiesHere(issuer)).map(({ issuer }) => issuer);
  return { opaque: issuers.some(isAsked), issuers: named };
}

function buildTokens(issuer: IssuerConfig, roles: RoleTable, got: Sources): Built {
  const issues = profileIssues(issuer);
  if (issues.length > 0) return err(issues);
  const keys = keysOf(issuer, got);
  return keys.ok ? ok(new IssuerTokens(issuer, roles, keys.value)) : keys;
}
