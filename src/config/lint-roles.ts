import { errorIssue, type Issue, type Place } from '../base/index.ts';
import type { ApiDescription } from '../openapi/index.ts';
import { createRoleTable, type FieldRules } from '../policy/index.ts';
import type { Config, RoleConfig } from './config.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;
type Descriptions = ReadonlyMap<string, ApiDescription>;

/** More of them say nothing new. */
const WARNING_LIMIT = 20;
const EXAMPLE_LIMIT = 3;
/** Of a gateway with fewer permissions one role may well have them all. */
const WHOLE_LIMIT = 10;
/** A role of one permission is contained in many, and means nothing by it. */
const CONTAINED_LIMIT = 2;
/** So many words of bits are compared in a tenth of a second. Of more roles it is not told which contain which. */
const COMPARED_LIMIT = 20_000_000;

/** Permissions, roles and lists of fields that are hardly meant as they stand. */
export function roleWarnings(config: Config, descriptions: Descriptions, places: Places): readonly Issue[] {
  const needed = neededIn(config, descriptions);
  const warn = (path: string, message: string, fix: string): Issue => {
    return { ...errorIssue(path, message, { place: placeAt(places, path), fix }), severity: 'warning' };
  };
  const elsewhere = textsIn({ ...config, roles: [] });
  const meant = textsIn([config.denials, config.values, config.apis]);
  const context: Context = { roles: config.roles, needed, elsewhere, meant, warn };
  return [
    ...unneeded(context),
    ...wholeRoles(context),
    ...unusedRoles(context),
    ...sameRoles(context),
    ...openLists(config, context),
  ];
}

interface Context {
  readonly roles: readonly RoleConfig[];
  /** Every permission that an operation asks for, however. */
  readonly needed: ReadonlySet<string>;
  /** All that the configuration says besides of roles, in which any name may stand. */
  readonly elsewhere: ReadonlySet<string>;
  /** What conditions, lists of fields and the like say, by which a role may be more than its permissions. */
  readonly meant: ReadonlySet<string>;
  readonly warn: (path: string, message: string, fix: string) => Issue;
}

/** Every text and every key there is, found in one walk: roles and permissions are too many to look for one by one. */
function textsIn(given: unknown): ReadonlySet<string> {
  const texts = new Set<string>();
  const left: unknown[] = [given];
  while (left.length > 0) {
    const part = left.pop();
    if (typeof part === 'string') texts.add(part);
    else if (Array.isArray(part)) for (const each of part) left.push(each);
    else if (typeof part === 'object' && part !== null)
      for (const [key, each] of Object.entries(part)) left.push(key, each);
  }
  return texts;
}

function neededIn({ apis }: Config, descriptions: Descriptions): ReadonlySet<string> {
  const said = apis.flatMap((api) => Object.values(api.operations).flatMap(({ needs }) => needs ?? []));
  const described = [...descriptions.values()].flatMap(({ operations }) => operations);
  const scopes = described.flatMap(({ security }) => (security ?? []).flat().flatMap((scheme) => scheme.scopes));
  return new Set([...said, ...scopes]);
}

/** Permissions that are granted, and that nothing asks for. */
function unneeded({ roles, needed, elsewhere, warn }: Context): readonly Issue[] {
  // Where nothing needs any, roles are for conditions and lists of fields.
  if (needed.size === 0) return [];
  const granted = Map.groupBy(
    roles.flatMap(({ can, path }) => can.map((permission, index) => ({ permission, path: `${path}.can[${index}]` }))),
    ({ permission }) => permission,
  );
  const idle = [...granted].filter(([permission]) => !needed.has(permission) && !elsewhere.has(permission));
  return idle.slice(0, WARNING_LIMIT).map(([permission, [first]]) => {
    const message = `no operation needs ${permission}`;
    return warn(first?.path ?? 'roles', message, 'take it away, or let the operation need it that it is for');
  });
}

/** Roles that may do all there is. */
function wholeRoles({ roles, needed, warn }: Context): readonly Issue[] {
  if (needed.size < WHOLE_LIMIT) return [];
  const table = createRoleTable(roles, [...needed]);
  const all = table.named([...needed]);
  const whole = roles.filter(({ name }) => table.permissionsOf([name]).includes(all));
  return whole.slice(0, WARNING_LIMIT).map(({ name, path }) => {
    const message = `the role ${name} may do all that there is: ${needed.size} permissions`;
    return warn(path, message, 'give what is needed for one task to a role of its own');
  });
}

/** Roles that permit nothing, are part of no other, and are named nowhere: a mapping may give one that an upstream asks for. */
function unusedRoles({ roles, elsewhere, warn }: Context): readonly Issue[] {
  const included = new Set(roles.flatMap(({ includes }) => includes));
  const unused = roles.filter(
    ({ name, can, includes }) => can.length + includes.length === 0 && !included.has(name) && !elsewhere.has(name),
  );
  return unused.slice(0, WARNING_LIMIT).map(({ name, path }) => {
    const message = `the role ${name} permits nothing, and nothing asks for it`;
    return warn(path, message, 'give it permissions, or take it away');
  });
}

/** Roles that permit the same, and those that permit all that another does without including it. */
function sameRoles({ roles, needed, meant, warn }: Context): readonly Issue[] {
  const table = createRoleTable(roles, [...needed]);
  const sized = roles
    .filter(({ can, includes }) => can.length + includes.length > 0)
    // One that is asked for by its name is something besides its permissions, which no other role is or should become.
    .filter(({ name }) => !meant.has(name))
    .map((role, at) => ({ role, at, bits: table.permissionsOf([role.name]), reached: table.rolesOf([role.name]) }));
  if (sized.length ** 2 * Math.ceil(table.permissionCount / 32) > COMPARED_LIMIT) return [];
  const all = table.named([...needed]);
  const issues: Issue[] = [];
  for (const { role, at, bits, reached } of sized) {
    if (issues.length >= WARNING_LIMIT) break;
    const others = sized.filter((other) => other.at !== at && bits.includes(other.bits));
    // Who includes another one and adds nothing says by it what the role is for.
    const isKin = (other: (typeof sized)[number]): boolean =>
      reached.has(other.role.name) || other.reached.has(role.name);
    const same = others.find((other) => other.at < at && other.bits.includes(bits) && !isKin(other));
    if (same !== undefined) {
      const message = `the role ${role.name} permits just what ${same.role.name} does`;
      issues.push(warn(role.path, message, 'keep one of them, or say what makes them differ'));
      continue;
    }
    // Of one that may do all there is that is told already.
    if (needed.size >= WHOLE_LIMIT && bits.includes(all)) continue;
    const contained = others.filter(
      (other) =>
        !other.bits.includes(bits) && !reached.has(other.role.name) && other.role.can.length >= CONTAINED_LIMIT,
    );
    if (contained.length > 0)
      issues.push(
        containing(
          role,
          contained.map((other) => other.role.name),
          warn,
        ),
      );
  }
  return issues;
}

function containing({ name, path }: RoleConfig, contained: readonly string[], warn: Context['warn']): Issue {
  const names = contained.slice(0, EXAMPLE_LIMIT).join(', ');
  const more = contained.length > EXAMPLE_LIMIT ? ` and ${contained.length - EXAMPLE_LIMIT} more` : '';
  const message = `the role ${name} permits all that ${names}${more} does, and does not include it`;
  return warn(path, message, `write includes: [${names}], so that they stay together`);
}

const GIVEN = { fields: 'gets every field of the reply', accepts: 'may set every field of the request' } as const;

/** Lists that leave everybody everything. */
function openLists(config: Config, { warn }: Context): readonly Issue[] {
  const open = listsIn(config).filter(({ rules }) => rules.default.some(isAll) && rules.default.every(adds));
  return open.slice(0, WARNING_LIMIT).map(({ key, rules }) => {
    const message = `everybody ${GIVEN[key]} here: \`default\` holds \`*\``;
    return warn(rules.path, message, 'list what everybody may have, and `*` for the roles that need it');
  });
}

type Entry = FieldRules['default'][number];

function isAll({ change, names }: Entry): boolean {
  return change === 'add' && names.length === 0;
}

function adds({ change }: Entry): boolean {
  return change === 'add';
}

function listsIn({ apis }: Config): readonly { readonly key: keyof typeof GIVEN; readonly rules: FieldRules }[] {
  return apis.flatMap((api) =>
    Object.values(api.operations).flatMap(({ access }) =>
      (['fields', 'accepts'] as const).flatMap((key) => {
        const rules = access[key];
        return rules === null ? [] : [{ key, rules }];
      }),
    ),
  );
}
