import { err, type Issue, ok, type Result } from '../../../base/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { PolicyKind, RoleTable, Sources } from '../../kind.ts';
import type { KeysAtHand } from '../jwt/issuer-tokens.ts';
import { keySource, keysOf } from '../jwt/keys-of.ts';
import { profileIssues } from '../jwt/profile-issues.ts';
import { AskedTokens, type IntrospectionPorts } from './asked-tokens.ts';
import { authenticateStep } from './authenticate.ts';
import type { AskedIssuer, IntrospectingConfig } from './asked-issuer.ts';

type Built = Result<AskedTokens, readonly Issue[]>;

/** For an issuer whose answers nobody has signed. */
const NO_KEYS: KeysAtHand = { rows: new Map(), filledAtMs: null };

/**
 * The kind `introspection`: who is calling, by a token that its issuer is asked about (RFC 7662). Key `introspection` of an
 * issuer makes it. All operations of a Snapshot share what an issuer has said of its tokens. An operation that takes no
 * tokens of such issuers gets no step.
 */
export function createIntrospectionKind(ports: IntrospectionPorts): PolicyKind<IntrospectingConfig> {
  // A role table is made for one Snapshot, and so are the sources that come with it.
  const built = new WeakMap<AskedIssuer, WeakMap<RoleTable, Built>>();

  const tokensOf = (issuer: AskedIssuer, roles: RoleTable, got: Sources): Built => {
    const known = built.get(issuer)?.get(roles);
    if (known !== undefined) return known;
    const made = buildTokens(issuer, { roles, got, ports });
    const byRoles = built.get(issuer) ?? new WeakMap<RoleTable, Built>();
    built.set(issuer, byRoles.set(roles, made));
    return made;
  };

  return {
    kind: 'introspection',
    summary: 'Tokens that their issuers are asked about',
    schema: null,
    sources: ({ issuers, operations }) =>
      [...new Set([issuers, ...Object.values(operations)].flat())]
        .filter(({ introspection }) => introspection.signed)
        .map(keySource),
    compile: (config, { operations, roles }, got) =>
      compileEach(operations, (operation) => {
        const asked = saidOf(config.operations, operation) ?? config.issuers;
        const tokens = asked.map((issuer) => tokensOf(issuer, roles, got));
        const issues = tokens.flatMap((one) => (one.ok ? [] : one.error));
        if (issues.length > 0) return err(issues);
        const issuers = tokens.flatMap((one) => (one.ok ? [one.value] : []));
        const removes = config.credentials !== 'pass';
        return ok(issuers.length === 0 ? {} : { authenticate: authenticateStep(issuers, removes) });
      }),
  };
}

interface Parts {
  readonly roles: RoleTable;
  readonly got: Sources;
  readonly ports: IntrospectionPorts;
}

function buildTokens(issuer: AskedIssuer, { roles, got, ports }: Parts): Built {
  const issues = profileIssues(issuer);
  if (issues.length > 0) return err(issues);
  const keys = issuer.introspection.signed ? keysOf(issuer, got) : ok(() => NO_KEYS);
  return keys.ok ? ok(new AskedTokens(issuer, { roles, keys: keys.value, ports })) : keys;
}
