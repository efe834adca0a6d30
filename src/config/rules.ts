import { z } from 'zod';
import type { ConditionRule } from '../policy/index.ts';
import { CONDITION_LIMIT, readCondition, readMessage } from './condition-text.ts';
import { parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

const RULE_FORM = words('expected a condition', 'such as request.body.start < request.body.end');

const condition = parsed(readCondition, RULE_FORM).meta({
  title: 'condition',
  description: 'A condition in CEL, which must hold.',
});

const message = parsed(readMessage).meta({
  title: 'text',
  description: 'What clients are told where it does not hold, with `errors: helpful`.',
});

const rule = z.union([condition, z.strictObject({ rule: condition, message })], { error: RULE_FORM });

/** The key `rules` of an operation. */
export const rulesSchema = uniqueList(rule, { least: 1, most: CONDITION_LIMIT, what: 'condition', nameOf: textOf })
  .optional()
  .meta({
    description: 'What must hold of each request besides its description: conditions in CEL, perhaps with a message.',
  });

function textOf(raw: z.output<typeof rule>): string {
  return 'rule' in raw ? raw.rule.text : raw.text;
}

/** None where nothing is said. `owner`: the key path of the operation. */
export function toRules(raw: z.output<typeof rulesSchema>, owner: string): readonly ConditionRule[] {
  return (raw ?? []).map((each, index) => {
    const path = `${owner}.rules[${index}]`;
    return 'rule' in each ? { ...each.rule, message: each.message, path } : { ...each, message: null, path };
  });
}
