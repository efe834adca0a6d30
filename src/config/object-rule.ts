import { z } from 'zod';
import type { ObjectRule } from '../policy/index.ts';
import { accessCondition, ruleId } from './access-rules.ts';
import { words } from './words.ts';

const FORM = words('expected a condition on the object', 'such as params.orderId in principal.claims.orders');

/** The key `object` of an operation. */
export const objectSchema = z
  .union(
    [
      accessCondition,
      z.strictObject({
        allow: accessCondition.meta({ description: 'The condition in CEL that must hold.' }),
        else: z
          .union([z.literal(404), z.literal(403)])
          .prefault(404)
          .meta({
            description: 'What a caller is told of an object that is not theirs: 404, that there is none, or 403.',
          }),
        id: ruleId.optional(),
      }),
    ],
    { error: FORM },
  )
  .optional()
  .meta({
    description:
      'Whose objects a caller may reach: a condition in CEL on caller, request and, for GET and HEAD, the reply as `response`.',
  });

/** Null where nothing is said. `name`: what it is called where it has no id. */
export function toObjectRule(raw: z.output<typeof objectSchema>, at: string, name: string): ObjectRule | null {
  if (raw === undefined) return null;
  const common = { id: `${name}.object`, message: null, path: `${at}.object` };
  if (!('allow' in raw)) return { ...raw, ...common, otherwise: 'not-found' };
  const { allow, id, else: otherwise } = raw;
  return { ...allow, ...common, id: id ?? common.id, otherwise: otherwise === 404 ? 'not-found' : 'forbidden' };
}
