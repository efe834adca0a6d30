import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { FieldEntry, FieldRules } from '../policy/index.ts';
import { formatKeyPath } from './key-path.ts';
import { parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

const ENTRY_LIMIT = 1_000;
const ROLE_LIMIT = 1_000;
const DEPTH_LIMIT = 32;
const FORM = words('expected the name of a field', 'such as customer.name, or a JSON Pointer such as /customer/name');

type Read = Pick<FieldEntry, 'change' | 'names' | 'text'>;

const entry = parsed(readEntry, FORM).meta({ title: 'field' });
const list = uniqueList(entry, {
  ...{ least: 0, most: ENTRY_LIMIT, what: 'field', nameOf: ({ text }: Read) => text },
});

function rules(description: string) {
  return z
    .record(z.string(), list, { error: words('expected lists of fields by role', 'write { default: [id, status] }') })
    .refine((lists) => Object.hasOwn(lists, 'default'), {
      error: words('`default` says what everybody may have', 'write default: [] for nothing'),
    })
    .refine((lists) => Object.keys(lists).length <= ROLE_LIMIT, { error: `at most ${ROLE_LIMIT} roles are read` })
    .optional()
    .meta({ description });
}

/** The key `fields` of an operation. */
export const fieldsSchema = rules(
  'The fields of replies that callers get: `default` for everybody, and more by role. `*` is all there are, `-name` takes away of the same list.',
);

/** The key `accepts` of an operation. */
export const acceptsSchema = rules(
  'The fields of requests that callers may set: `default` for everybody, and more by role. `*` is all there are, `-name` takes away of the same list.',
);

type RawFields = z.output<typeof fieldsSchema>;

/** A dotted path, or a JSON Pointer (RFC 6901) when it begins with `/`; `+` and `-` say whether it is added or taken away. */
function readEntry(text: string): Result<Read, string> {
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  const change = sign === '-' ? 'remove' : 'add';
  const path = text.slice(sign.length);
  if (path === '*') return ok({ change, names: [], text: path });
  const names = readFieldNames(path);
  return names.ok ? ok({ change, names: names.value, text: path }) : names;
}

/** The names that lead to a field: a dotted path, or a JSON Pointer (RFC 6901) when it begins with `/`. */
export function readFieldNames(path: string): Result<readonly string[], string> {
  const names = path.startsWith('/') ? pointerNames(path) : path.split('.');
  if (names === null || names.some((name) => name === '')) return err(FORM);
  if (names.length > DEPTH_LIMIT) return err(`a field lies ${DEPTH_LIMIT} deep at most`);
  if (names.some((name) => name.length > 256)) return err('the name of a field has 256 characters at most');
  if (!path.startsWith('/') && names.some((name) => name.includes('*')))
    return err(words('`*` stands alone, for all fields there are', 'name the field itself: all below it comes along'));
  return ok(names);
}

/** Null where an escape is none. */
function pointerNames(path: string): readonly string[] | null {
  if (/~(?![01])/.test(path)) return null;
  return path
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Null where nothing is said. `at` is the key path of `fields` or `accepts`, `id` what the rule is called. */
export function toFieldRules(raw: RawFields, at: readonly (string | number)[], id: string): FieldRules | null {
  if (raw === undefined) return null;
  const entries = (role: string, given: readonly Read[]): readonly FieldEntry[] =>
    given.map((each, index) => ({ ...each, path: formatKeyPath([...at, role, index]) }));
  const { default: everybody = [], ...roles } = raw;
  return {
    id,
    default: entries('default', everybody),
    roles: Object.fromEntries(Object.entries(roles).map(([role, given]) => [role, entries(role, given)])),
    path: formatKeyPath(at),
  };
}
