import { didYouMean, errorIssue, err, type Issue, ok, type Result } from '../../base/index.ts';
import type { FieldEntry, FieldRules } from '../field-rules.ts';
import type { RoleTable } from '../kind.ts';
import type { Principal } from '../principal.ts';
import { eitherNode, type FieldNode, isNothing, isWhole, nodeAt, nodeOfList } from './field-node.ts';

/** Lists of fields, ready to be asked. */
export interface FieldLists {
  /** What passes for everybody. */
  readonly everybody: FieldNode;
  /** What passes for a caller; null for one that nobody knows. The same node each time for the same roles. */
  of(principal: Principal | null): FieldNode;
}

/** More kinds of callers than there are; each keeps one tree of the size of its lists. */
const KINDS_LIMIT = 1_000;

/**
 * Makes lists of fields ready, or says what in them can't be meant: roles that there are not, what adds nothing to what
 * everybody has, and what takes nothing away.
 */
export function compileFieldLists(rules: FieldRules, table: RoleTable): Result<FieldLists, readonly Issue[]> {
  const issues = listIssues(rules, table);
  if (issues.length > 0) return err(issues);
  const everybody = nodeOfList(rules.default);
  const byRole = new Map(Object.entries(rules.roles).map(([role, entries]) => [role, nodeOfList(entries)]));
  const nodes = nodesByRoles(everybody, byRole);
  if (byRole.size === 0) return ok({ everybody, of: () => everybody });
  let lastRoles: readonly string[] | null = null;
  let lastDenied: readonly string[] | undefined = undefined;
  let lastNode = everybody;
  return ok({
    everybody,
    of(principal) {
      if (principal === null) return everybody;
      // A caller's list of roles never changes, and the next request is mostly of one with the same.
      const { roles, deniedRoles } = principal;
      if (roles === lastRoles && deniedRoles === lastDenied) return lastNode;
      lastNode = nodes(table.rolesOf(roles, deniedRoles));
      lastRoles = roles;
      lastDenied = deniedRoles;
      return lastNode;
    },
  });
}

/** What passes for those who have all these roles, by the roles of which something is said. */
function nodesByRoles(
  everybody: FieldNode,
  byRole: ReadonlyMap<string, FieldNode>,
): (held: ReadonlySet<string>) => FieldNode {
  const bySet = new WeakMap<ReadonlySet<string>, FieldNode>();
  const byKey = new Map<string, FieldNode>();
  const make = (held: ReadonlySet<string>): FieldNode => {
    const named = [...byRole.keys()].filter((role) => held.has(role));
    const key = JSON.stringify(named);
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const made = named.reduce((all, role) => eitherNode(all, byRole.get(role) as FieldNode), everybody);
    if (byKey.size < KINDS_LIMIT) byKey.set(key, made);
    return made;
  };
  return (held) => {
    const known = bySet.get(held);
    if (known !== undefined) return known;
    const made = make(held);
    bySet.set(held, made);
    return made;
  };
}

function listIssues({ default: common, roles }: FieldRules, table: RoleTable): readonly Issue[] {
  const everybody = nodeOfList(common);
  return [
    ...entryIssues(common, null),
    ...Object.entries(roles).flatMap(([role, entries]) => [
      ...roleIssues(role, entries, table),
      ...entryIssues(entries, everybody),
    ]),
  ];
}

function roleIssues(role: string, entries: readonly FieldEntry[], table: RoleTable): readonly Issue[] {
  if (table.rolesOf([role]).size > 0) return [];
  const path = (entries[0]?.path ?? '').replace(/\[\d+\]$/, '');
  const fix = didYouMean(role, table.names());
  const message = `there is no role called ${JSON.stringify(role)}`;
  return [errorIssue(path, message, fix === undefined ? {} : { fix })];
}

/** `everybody`: what passes without the list; null for the one that says so. */
function entryIssues(entries: readonly FieldEntry[], everybody: FieldNode | null): readonly Issue[] {
  const added = nodeOfList(entries.filter(({ change }) => change === 'add'));
  const list = nodeOfList(entries);
  return entries.flatMap((entry) => {
    const why =
      entry.change === 'add' ? whyAddsNothing(entry, list, everybody) : whyTakesNothing(entry, added, everybody);
    return why === null ? [] : [errorIssue(entry.path, why, { fix: 'take it out' })];
  });
}

function whyAddsNothing({ names }: FieldEntry, list: FieldNode, everybody: FieldNode | null): string | null {
  if (isNothing(nodeAt(list, names))) return 'the same list takes it away again';
  return everybody !== null && isWhole(nodeAt(everybody, names)) ? 'everybody has it by `default`' : null;
}

function whyTakesNothing({ names }: FieldEntry, added: FieldNode, everybody: FieldNode | null): string | null {
  if (isNothing(nodeAt(added, names))) return 'the list adds nothing of it that could be taken away';
  return everybody !== null && isWhole(nodeAt(everybody, names))
    ? 'everybody has it by `default`, and lists of roles only add to that'
    : null;
}
