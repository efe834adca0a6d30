import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { ModedRule } from './access-config.ts';
import { CONDITION_LIMIT, readCondition, readMessage } from './condition-text.ts';
import { parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

const WHEN_FORM = words('expected a condition', 'such as request.body.amount <= 500');
const DENY_FORM = words(
  'expected a rule with an id and a condition',
  "write it like { id: office-hours, when: 'now.getHours() < 8' }",
);

/** The name of a rule, as records and answers say it. */
export const ruleId = parsed(readRuleId, 'a rule has a name').meta({
  title: 'id',
  description: 'What records and answers call the rule.',
});

/** A condition of access, as it was read. */
export const accessCondition = parsed(readCondition, WHEN_FORM).meta({
  title: 'condition',
  description: 'A condition in CEL.',
});

const mode = z.enum(['enforce', 'observe']).prefault('enforce').meta({
  description: '`observe` only records what the rule would have refused.',
});

const message = parsed(readMessage)
  .optional()
  .meta({ title: 'text', description: 'What clients are told where it refuses them, with `errors: helpful`.' });

const denial = z.strictObject(
  {
    id: ruleId,
    when: accessCondition.meta({ description: 'The condition in CEL that must not hold.' }),
    mode,
    message,
  },
  { error: DENY_FORM },
);

/** Rules that refuse, in the place of `deny` or as its key `rules`. */
export const denialsSchema = uniqueList(denial, {
  ...{ least: 1, most: CONDITION_LIMIT, what: 'rule', nameOf: ({ id }: z.output<typeof denial>) => id },
}).meta({ description: 'Rules: a request of which the condition of one holds is refused, whatever else permits it.' });

const need = z.union(
  [accessCondition, z.strictObject({ rule: accessCondition, id: ruleId.optional(), mode, message })],
  { error: WHEN_FORM },
);

/** The key `when` of an operation. */
export const whenSchema = z
  .union([need, uniqueList(need, { least: 1, most: CONDITION_LIMIT, what: 'condition', nameOf: textOf })], {
    error: WHEN_FORM,
  })
  .optional()
  .meta({
    description:
      'What must hold for the operation to be allowed: conditions in CEL on caller, request, time and address.',
  });

function textOf(raw: z.output<typeof need>): string {
  return 'rule' in raw ? raw.rule.text : raw.text;
}

function readRuleId(text: string): Result<string, string> {
  return /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/.test(text)
    ? ok(text)
    : err(words('a rule is called by letters, digits and `._/-`, 100 at most', 'such as office-hours'));
}

/** The denials of one place, whose key path is `at`. */
export function toDenials(raw: z.output<typeof denialsSchema> | undefined, at: string): readonly ModedRule[] {
  return (raw ?? []).map(({ id, when, mode: said, message: told }, index) => ({
    ...when,
    ...{ id, mode: said, message: told ?? null, path: `${at}[${index}]` },
  }));
}

/** The conditions of an operation. `name`: what rules without an id are called, with a number where there are several. */
export function toWhen(raw: z.output<typeof whenSchema>, at: string, name: string): readonly ModedRule[] {
  if (raw === undefined) return [];
  const isList = Array.isArray(raw);
  return (isList ? raw : [raw]).map((each, index) => {
    const place = isList
      ? { path: `${at}.when[${index}]`, id: `${name}.when[${index}]` }
      : { path: `${at}.when`, id: `${name}.when` };
    if (!('rule' in each)) return { ...each, ...place, mode: 'enforce', message: null };
    return { ...each.rule, ...place, id: each.id ?? place.id, mode: each.mode, message: each.message ?? null };
  });
}
