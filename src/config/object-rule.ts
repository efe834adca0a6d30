import { z } from 'zod';
import { ok, type Result } from '../base/index.ts';
import type { ObjectList, ObjectRule } from '../policy/index.ts';
import { accessCondition, ruleId } from './access-rules.ts';
import { readFieldNames } from './field-rules.ts';
import { parsed, uniqueList } from './scalars.ts';
import { ownerLookupSchema, toOwnerLookup } from './owner-lookup.ts';
import { words } from './words.ts';

const FORM = words('expected a condition on the object', 'such as params.orderId in principal.claims.orders');

const EACH_FORM = words(
  'expected the place of a list in the reply',
  'such as items, /data/items, or / for a body that is one',
);
const DROP_LIMIT = 100;

const member = parsed(readFieldNames, 'expected the name of a field, such as total or /page/total').meta({
  title: 'field',
});

const list = {
  each: parsed(readPlace, EACH_FORM).optional().meta({
    title: 'place',
    description:
      'Where the reply has the list whose elements the condition is asked of, each as `item`; the others are taken out. `/` is a body that is a list.',
  }),
  drop: uniqueList(member, {
    least: 1,
    most: DROP_LIMIT,
    what: 'field',
    nameOf: (names: readonly string[]) => names.join('/'),
  })
    .optional()
    .meta({ description: 'Fields beside the list that are taken out too, such as a count of all there are.' }),
};

/** The key `object` of an operation. */
export const objectSchema = z
  .union(
    [
      accessCondition,
      z
        .strictObject({
          allow: accessCondition.meta({ description: 'The condition in CEL that must hold.' }),
          else: z
            .union([z.literal(404), z.literal(403)])
            .prefault(404)
            .meta({
              description: 'What a caller is told of an object that is not theirs: 404, that there is none, or 403.',
            }),
          ...list,
          lookup: ownerLookupSchema.optional(),
          id: ruleId.optional(),
        })
        .refine(({ each, drop }) => drop === undefined || each !== undefined, {
          path: ['drop'],
          error: words('fields are dropped beside a list', 'say where the list is: each: items'),
        })
        .refine(({ each = [], drop = [] }) => !drop.some((names) => names.every((name, at) => each[at] === name)), {
          path: ['drop'],
          error: words('the list itself would be dropped', 'name fields beside it'),
        }),
    ],
    { error: FORM },
  )
  .optional()
  .meta({
    description:
      'Whose objects a caller may reach: a condition in CEL on caller, request and, for GET and HEAD, the reply as `response`.',
  });

/** What is said of one operation. */
interface Said {
  /** The key path of the operation. */
  readonly at: string;
  /** What the rule is called where it has no id. */
  readonly name: string;
  readonly observed: boolean;
  /** The configuration file. */
  readonly file: string;
}

/** Null where nothing is said. */
export function toObjectRule(
  raw: z.output<typeof objectSchema>,
  { at, name, observed, file }: Said,
): ObjectRule | null {
  if (raw === undefined) return null;
  const common = { id: `${name}.object`, message: null, path: `${at}.object`, observed, each: null, lookup: null };
  if (!('allow' in raw)) return { ...raw, ...common, otherwise: 'not-found' };
  const { allow, id, each, lookup, drop = [], else: otherwise } = raw;
  return {
    ...allow,
    ...common,
    id: id ?? common.id,
    each: each === undefined ? null : { names: each, drop },
    lookup: lookup === undefined ? null : toOwnerLookup(lookup, { path: `${at}.object.lookup`, file }),
    otherwise: otherwise === 404 ? 'not-found' : 'forbidden',
  };
}

/** A dotted path, or a JSON Pointer when it begins with `/`; that of the whole is also written `/`. */
function readPlace(text: string): Result<ObjectList['names'], string> {
  return text === '' || text === '/' ? ok([]) : readFieldNames(text);
}
