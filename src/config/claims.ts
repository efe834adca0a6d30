import { z } from 'zod';
import { didYouMean, err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import type { ClaimMapping, ClaimPath, GraphAccess, RoleMap } from '../policy/index.ts';
import { parseClaimPath } from './claim-path.ts';
import type { Config } from './config.ts';
import { placeAt } from './place-at.ts';
import { listOf, parsed, uniqueList } from './scalars.ts';
import { readSecretText } from './secret-text.ts';
import { readWebUrl } from './web-url.ts';
import { words } from './words.ts';

const MAP_LIMIT = 1_000;
const ROLES_LIMIT = 20;
const ATTRIBUTE_LIMIT = 20;
const GRAPH_URL = 'https://graph.microsoft.com';
const GRAPH_AUTHORITY = 'https://login.microsoftonline.com';

const claim = (description: string) => parsed(parseClaimPath).meta({ title: 'claim path', description });
const role = parsed(readName).meta({ title: 'role' });

const roleMap = z
  .record(
    z.string().min(1).max(256),
    z.union([role, uniqueList(role, { least: 1, most: ROLES_LIMIT, what: 'role' })], {
      error: words('expected a role of `roles`, or a list of them'),
    }),
  )
  .refine((map) => Object.keys(map).length <= MAP_LIMIT, { error: `at most ${MAP_LIMIT} names are read` });

const subjectPath = parsed(readSubjectPath).meta({ title: 'claim path' });

const roles = z.strictObject({
  from: claim('The claim, by its path.').prefault('roles'),
  prefix: parsed(readName)
    .optional()
    .meta({ title: 'text', description: 'Names without it are left out; it is taken off the others.' }),
  map: roleMap
    .optional()
    .meta({ description: 'The roles that each name stands for; names that are not here are left out.' }),
});

const graph = z.strictObject({
  clientId: parsed(readName).meta({
    title: 'text',
    description: 'The application that may read who is in which group.',
  }),
  secret: z.string().transform(readSecretText).meta({
    title: 'reference',
    description: 'Its secret: `${env:NAME}`, `${file:PATH}` or `${vault:PATH#FIELD}`.',
  }),
  url: parsed((value) => readWebUrl(value, { query: false }))
    .prefault(GRAPH_URL)
    .meta({ title: 'URL', description: 'Where Microsoft Graph is.' }),
  authority: parsed((value) => readWebUrl(value, { query: false }))
    .prefault(GRAPH_AUTHORITY)
    .meta({ title: 'URL', description: 'Where tokens for it are given.' }),
});

const groups = z.strictObject({
  from: claim('The claim, by its path.').prefault('groups'),
  map: roleMap.meta({ description: 'The roles that each group stands for; groups that are not here stand for none.' }),
  overage: z
    .union(
      [z.literal('refuse'), z.strictObject({ graph: graph.meta({ description: 'How Microsoft Graph is asked.' }) })],
      {
        error: words('expected refuse, or how Microsoft Graph is asked', 'write overage: refuse'),
      },
    )
    .prefault('refuse')
    .meta({
      description:
        'What becomes of a caller with more groups than Entra writes into a token: `refuse`, or Microsoft Graph is asked for them.',
    }),
});

const ATTRIBUTE_NAME = /^[a-z][A-Za-z0-9_]{0,62}$/;

/** Whether an attribute can have this name. */
export function isAttributeName(name: string): boolean {
  return ATTRIBUTE_NAME.test(name) && isFree(name);
}

/** What means something of each object already names no attribute. */
function isFree(name: string): boolean {
  return !(name in {});
}

/** The key `claims` of an issuer. */
export const claimsSchema = z
  .strictObject({
    subject: z
      .union([subjectPath, uniqueList(subjectPath, { least: 1, most: 4, what: 'claim' })], {
        error: words('expected a claim, or a list of them', 'such as [tid, oid]'),
      })
      .optional()
      .meta({ description: 'Who it is, by these claims together; `sub` unless said otherwise.' }),
    roles: z
      .union([claim('The claim with the roles, by its path.'), roles], {
        error: words(
          'expected a claim, or how its names become roles',
          'write it like { from: roles, map: { Admin: admin } }',
        ),
      })
      .prefault('roles')
      .meta({ description: 'The claim with the roles, by its path, or with how its names become roles of `roles`.' }),
    groups: groups.optional().meta({ description: 'The claim with groups, and the roles that they stand for.' }),
    tenant: claim('The claim with the tenant.').optional(),
    scopes: claim('The claim with the scopes, where that is neither `scope` nor `scp`.').optional(),
    permissions: claim('A claim whose values are permissions by themselves, such as `scope`.').optional(),
    attributes: z
      .record(
        z
          .string()
          .regex(ATTRIBUTE_NAME, {
            error: words('an attribute has a name of letters, digits and `_`, a small letter first'),
            abort: true,
          })
          .refine(isFree, { error: 'this name cannot be used for an attribute' }),
        claim('A claim.'),
      )
      .refine((all) => Object.keys(all).length <= ATTRIBUTE_LIMIT, { error: `at most ${ATTRIBUTE_LIMIT} are read` })
      .optional()
      .meta({ description: 'Further claims, which conditions call `principal.attributes.NAME`.' }),
  })
  .prefault({})
  .meta({ description: 'Which claims say what. Names with dots between them, or a JSON Pointer.' });

/** What a person may be called by, and somebody else later. */
const REUSED = new Set([
  'email',
  'mail',
  'upn',
  'preferred_username',
  'unique_name',
  'name',
  'nickname',
  'phone_number',
]);

function readSubjectPath(value: string): Result<ClaimPath, string> {
  const path = parseClaimPath(value);
  const last = path.ok ? path.value.at(-1)?.toLowerCase() : undefined;
  return last !== undefined && REUSED.has(last)
    ? err(
        words(
          `${last} names nobody for good: it can be changed, and given to somebody else`,
          'name sub, or an id such as oid',
        ),
      )
    : path;
}

function readName(value: string): Result<string, string> {
  return /^[^\p{C}]{1,256}$/u.test(value)
    ? ok(value)
    : err('is empty, longer than 256 characters, or holds control characters');
}

/** The mapping as policies read it; what is not said is not there. */
export function toClaims(raw: z.output<typeof claimsSchema>): ClaimMapping {
  const plain = Array.isArray(raw.roles);
  const named = plain ? null : (raw.roles as z.output<typeof roles>);
  return {
    roles: named === null ? (raw.roles as ClaimPath) : named.from,
    tenant: raw.tenant ?? null,
    permissions: raw.permissions ?? null,
    ...(raw.subject === undefined ? {} : { subject: subjectsOf(raw.subject) }),
    ...(named === null
      ? {}
      : { roleNames: { prefix: named.prefix ?? '', map: named.map === undefined ? null : toMap(named.map) } }),
    ...(raw.groups === undefined
      ? {}
      : { groups: { path: raw.groups.from, map: toMap(raw.groups.map), overage: toOverage(raw.groups.overage) } }),
    ...(raw.scopes === undefined ? {} : { scopes: raw.scopes }),
    ...(raw.attributes === undefined ? {} : { attributes: raw.attributes }),
  };
}

function subjectsOf(raw: ClaimPath | readonly ClaimPath[]): readonly ClaimPath[] {
  return (typeof raw[0] === 'string' ? [raw] : raw) as readonly ClaimPath[];
}

function toMap(raw: z.output<typeof roleMap>): RoleMap {
  return Object.fromEntries(Object.entries(raw).map(([name, given]) => [name, listOf(given)]));
}

function toOverage(raw: z.output<typeof groups>['overage']): 'refuse' | GraphAccess {
  if (raw === 'refuse') return raw;
  const { clientId, secret, url, authority } = raw.graph;
  return { clientId, secret, url: url.replace(/\/$/, ''), authority: authority.replace(/\/$/, '') };
}

/** Names that stand for roles which there are not. */
export function claimIssues({ issuers, roles: known }: Config, places: Readonly<Record<string, Place>>): Issue[] {
  const names = known.map(({ name }) => name);
  return issuers.flatMap(({ path, claims }) =>
    [['roles.map', claims.roleNames?.map ?? {}] as const, ['groups.map', claims.groups?.map ?? {}] as const].flatMap(
      ([key, map]) =>
        Object.entries(map).flatMap(([from, given]) =>
          given
            .filter((each) => !names.includes(each))
            .map((each) => {
              const at = `${path}.claims.${key}`;
              const message = `${JSON.stringify(from.slice(0, 60))} stands for a role that there is not: ${each}`;
              return errorIssue(at, message, {
                place: placeAt(places, at),
                fix: didYouMean(each, names) ?? 'write it below `roles`',
              });
            }),
        ),
    ),
  );
}
