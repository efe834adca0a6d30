import { z } from 'zod';
import type { OperationAccess } from './access-config.ts';
import { toWhen, whenSchema } from './access-rules.ts';
import { acceptsSchema, fieldsSchema, toFieldRules } from './field-rules.ts';
import { formatKeyPath } from './key-path.ts';
import { denialsOf, type RawDeny } from './lists.ts';
import { objectSchema, toObjectRule } from './object-rule.ts';
import { uniqueList } from './scalars.ts';

const OBSERVABLE = ['needs', 'assurance', 'object', 'fields', 'accepts'] as const;

/** The keys of an operation that say who may do what, besides `needs`. */
export const accessKeys = {
  when: whenSchema,
  object: objectSchema,
  fields: fieldsSchema,
  accepts: acceptsSchema,
  observe: uniqueList(z.enum(OBSERVABLE), { least: 1, most: OBSERVABLE.length, what: 'key' })
    .optional()
    .meta({ description: 'Which of these keys only record what they would have refused, or taken out.' }),
};

/** What those keys come to. */
type RawAccess = { readonly [K in keyof typeof accessKeys]?: z.output<(typeof accessKeys)[K]> } & {
  readonly deny?: RawDeny | undefined;
};

/** Of the operation `name` of an API; `file` is the configuration file. */
export function toOperationAccess(
  { api, name, file }: { readonly api: string; readonly name: string; readonly file: string },
  raw: RawAccess,
): OperationAccess {
  const place = ['apis', api, 'operations', name];
  const at = formatKeyPath(place);
  const called = `${api}.${name}`;
  return {
    deny: denialsOf(raw.deny, `${at}.deny`),
    when: toWhen(raw.when, at, called),
    object: toObjectRule(raw.object, { at, file, name: called, observed: raw.observe?.includes('object') === true }),
    fields: toFieldRules(raw.fields, [...place, 'fields'], `${called}.fields`),
    accepts: toFieldRules(raw.accepts, [...place, 'accepts'], `${called}.accepts`),
    observe: raw.observe ?? [],
  };
}
