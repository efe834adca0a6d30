import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { RoleConfig } from './config.ts';
import { formatKeyPath } from './key-path.ts';
import { listOf, parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

const ROLE_LIMIT = 1_000;
const PERMISSION_LIMIT = 1_000;
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N}._:/@ -]{0,126}[\p{L}\p{N}._:/@-])?$/u;
const NAME_WORDS = 'a role has a name of letters, digits and `._:/@-`, spaces inside, 128 characters at most';

/** A permission: a scope token (RFC 6749 §3.3) of the characters that people use in them, 128 at most. */
export function parsePermission(text: string): Result<string, string> {
  if (text.includes('*')) {
    return err(words('wildcards are not read in permissions', 'name each permission, or include a role'));
  }
  return /^[A-Za-z0-9][A-Za-z0-9:._/-]{0,127}$/.test(text)
    ? ok(text)
    : err(words('a permission has letters, digits and `:._/-`, 128 at most', 'write it like orders:read'));
}

const permission = parsed(parsePermission, words('a permission is text', 'write it like orders:read')).meta({
  title: 'permission',
});

const permissions = uniqueList(permission, { least: 0, most: PERMISSION_LIMIT, what: 'permission' });

/** What an operation needs: one permission, or several of which all are needed. */
export const needsSchema = z
  .union([permission, uniqueList(permission, { least: 1, most: 32, what: 'permission' })], {
    error: words('expected a permission, or a list of them', 'write it like orders:read'),
  })
  .meta({
    description:
      'The permissions a caller needs, all of them, instead of what `security` in the OpenAPI document says.',
  });

const roleName = z.string().regex(NAME, { error: words(NAME_WORDS), abort: true });

/** The keys of `roles`. */
export const rolesSchema = z
  .record(
    roleName,
    z.strictObject({
      can: permissions.prefault([]).meta({ description: 'The permissions that the role grants.' }),
      includes: uniqueList(parsed(readRole).meta({ title: 'role' }), { least: 0, most: ROLE_LIMIT, what: 'role' })
        .prefault([])
        .meta({ description: 'Other roles, whose permissions it grants too.' }),
    }),
  )
  .refine((roles) => Object.keys(roles).length <= ROLE_LIMIT, { error: `at most ${ROLE_LIMIT} roles are read` })
  .prefault({})
  .meta({ description: 'Roles by the names that tokens call them, and what they permit.' });

function readRole(text: string): Result<string, string> {
  return NAME.test(text) ? ok(text) : err(NAME_WORDS);
}

/** The roles in the order of the file. */
export function toRoles(raw: z.output<typeof rolesSchema>): RoleConfig[] {
  return Object.entries(raw).map(([name, { can, includes }]) => ({
    name,
    can,
    includes,
    path: formatKeyPath(['roles', name]),
  }));
}

/** What `needs` says, as a list. */
export function toNeeds(raw: z.output<typeof needsSchema> | undefined): readonly string[] | null {
  return raw === undefined ? null : listOf(raw);
}
