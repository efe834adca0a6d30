import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { ConditionRule } from '../policy/index.ts';
import { readExpression } from '../rules/text.ts';
import { parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

/** More conditions than anybody keeps in mind; each costs every request. */
const RULE_LIMIT = 50;
const MESSAGE_LIMIT = 500;
const RULE_FORM = words('expected a condition', 'such as request.body.start < request.body.end');

type Read = Pick<ConditionRule, 'text' | 'expression'>;

const condition = parsed(readRule, RULE_FORM).meta({
  title: 'condition',
  description: 'A condition in CEL, which must hold.',
});

const message = parsed(readMessage).meta({
  title: 'text',
  description: 'What clients are told where it does not hold, with `errors: helpful`.',
});

const rule = z.union([condition, z.strictObject({ rule: condition, message })], { error: RULE_FORM });

/** The key `rules` of an operation. */
export const rulesSchema = uniqueList(rule, { least: 1, most: RULE_LIMIT, what: 'condition', nameOf: textOf })
  .optional()
  .meta({
    description: 'What must hold of each request besides its description: conditions in CEL, perhaps with a message.',
  });

function textOf(raw: z.output<typeof rule>): string {
  return 'rule' in raw ? raw.rule.text : raw.text;
}

function readRule(text: string): Result<Read, string> {
  const read = readExpression(text);
  if (read.ok) return ok({ text, expression: read.value });
  const { at, message: why, fix } = read.error;
  return err(words(`character ${at + 1}: ${why.replaceAll('\n', ' ')}`, fix ?? undefined));
}

function readMessage(text: string): Result<string, string> {
  if (text.trim() === '') return err('an empty message tells nobody anything');
  return text.length > MESSAGE_LIMIT ? err(`a message has ${MESSAGE_LIMIT} characters at most`) : ok(text);
}

/** None where nothing is said. `owner`: the key path of the operation. */
export function toRules(raw: z.output<typeof rulesSchema>, owner: string): readonly ConditionRule[] {
  return (raw ?? []).map((each, index) => {
    const path = `${owner}.rules[${index}]`;
    return 'rule' in each ? { ...each.rule, message: each.message, path } : { ...each, message: null, path };
  });
}
