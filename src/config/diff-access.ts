import type { IssuerConfig } from '../policy/index.ts';
import { claimChanges } from './diff-claims.ts';
import type { RoleConfig } from './config.ts';
import { proofChange } from './diff-proof.ts';
import { type ChangeEffect, type Comparable, type ConfigChange, pairsOf, sameData } from './config-change.ts';
import { introspectionChanges } from './diff-introspection.ts';

/** What differs in whom the gateway believes, and in what roles permit. */
export function accessChanges(before: Comparable, after: Comparable): readonly ConfigChange[] {
  return [
    ...pairsOf(before.config.issuers, after.config.issuers).flatMap(([old, next]) => issuerChanges(old, next)),
    ...pairsOf(before.config.roles, after.config.roles).flatMap(([old, next]) => roleChanges(old, next)),
  ];
}

type About = 'issuers' | 'roles';

function change(about: About, effect: ChangeEffect, message: string): ConfigChange {
  return { api: null, operation: null, about, effect, message };
}

function issuerChanges(old: IssuerConfig | null, next: IssuerConfig | null): readonly ConfigChange[] {
  if (next === null) return [change('issuers', 'tightens', `the issuer ${old?.name ?? ''} is gone`)];
  const { name } = next;
  if (old === null) return [change('issuers', 'changes', `the issuer ${name} is new: ${next.issuer}`)];
  const changes: ConfigChange[] = [];
  const add = (effect: ChangeEffect, what: string): void => {
    changes.push(change('issuers', effect, `issuer ${name}: ${what}`));
  };
  if (old.issuer !== next.issuer) add('loosens', `another identifier is believed: ${next.issuer}`);
  if (old.caFile !== next.caFile) add('changes', `${next.caFile ?? 'the CAs of the system'} vouches for it`);
  if (!sameData(old.keys, next.keys)) add('loosens', `its keys come from elsewhere (${next.keys.kind})`);
  for (const [what, had, has] of [
    ['audience', old.audiences, next.audiences],
    ['algorithm', old.algorithms, next.algorithms],
  ] as const) {
    for (const each of missingFrom(had, has)) add('loosens', `the ${what} ${each} is taken too`);
    for (const each of missingFrom(has, had)) add('tightens', `the ${what} ${each} is no longer taken`);
  }
  for (const [what, had, has] of [
    ['tenant', old.tenants, next.tenants],
    ['domain (hd)', old.hostedDomains, next.hostedDomains],
  ] as const) {
    if (has === null && had !== null) add('loosens', `any ${what} is let in`);
    else if (has !== null && had === null) add('tightens', `only the ${what} ${has.join(', ')} is let in`);
    for (const each of had === null ? [] : missingFrom(had, has ?? []))
      add('loosens', `the ${what} ${each} is let in too`);
    for (const each of has === null ? [] : missingFrom(has, had ?? []))
      add('tightens', `the ${what} ${each} is no longer let in`);
  }
  const proof = proofChange(old, next);
  if (proof !== null) add(...proof);
  if (old.typ !== next.typ) add(next.typ === 'any' ? 'loosens' : 'tightens', `\`typ\` is ${next.typ}`);
  for (const [what, had, has] of [
    ['skew', old.skewMs, next.skewMs],
    ['maxLifetime', old.maxLifetimeMs, next.maxLifetimeMs],
  ] as const) {
    if (had !== has)
      add(has > had ? 'loosens' : 'tightens', `\`${what}\` is ${has / 1_000} s instead of ${had / 1_000} s`);
  }
  for (const [effect, what] of introspectionChanges(old.introspection, next.introspection)) add(effect, what);
  for (const [effect, words] of claimChanges(old.claims, next.claims)) add(effect, words);
  if (old.scopes !== next.scopes) {
    const ignores = next.scopes === 'ignore';
    add(ignores ? 'loosens' : 'tightens', `scopes ${ignores ? 'no longer narrow' : 'narrow'} what roles permit`);
  }
  return changes;
}

function roleChanges(old: RoleConfig | null, next: RoleConfig | null): readonly ConfigChange[] {
  if (next === null) return [change('roles', 'tightens', `the role ${old?.name ?? ''} is gone`)];
  const { name } = next;
  const [can, includes] = [old?.can ?? [], old?.includes ?? []];
  const words = (what: string): string => (old === null ? `the new role ${name} ${what}` : `the role ${name} ${what}`);
  const changes = [
    ...missingFrom(can, next.can).map((each) => change('roles', 'loosens', words(`may ${each}`))),
    ...missingFrom(includes, next.includes).map((each) =>
      change('roles', 'loosens', words(`may all that ${each} may`)),
    ),
    ...missingFrom(next.can, can).map((each) => change('roles', 'tightens', words(`may no longer ${each}`))),
    ...missingFrom(next.includes, includes).map((each) =>
      change('roles', 'tightens', words(`may no longer all that ${each} may`)),
    ),
  ];
  return old === null && changes.length === 0 ? [change('roles', 'changes', `the role ${name} is new`)] : changes;
}

/** What of `others` is not in `known`. */
function missingFrom(known: readonly string[], others: readonly string[]): readonly string[] {
  const set = new Set(known);
  return others.filter((each) => !set.has(each));
}
