import { z } from 'zod';
import { didYouMean, errorIssue, type Issue, type Place } from '../base/index.ts';
import type { ReplyRules } from '../policy/index.ts';
import type { ApiConfig, ValidateConfig } from './config.ts';
import { placeAt } from './place-at.ts';
import type { ReplyKeys } from './reply-keys.ts';
import { isAnywhereStrict, namesSaid } from './reply-rules.ts';
import { words } from './words.ts';

const VALIDATE = ['requests', 'strict', 'observe'] as const satisfies readonly ValidateConfig[];
const FIX = 'write requests, strict or observe';

/** What requests and replies are held against. */
export const validateSchema = z.enum(VALIDATE, {
  error: ({ input }) =>
    words(
      'must be requests, strict or observe',
      typeof input === 'string' ? (didYouMean(input, VALIDATE) ?? FIX) : FIX,
    ),
});

/** The keys of an API, or of an operation, on what becomes of replies under `validate: strict`. */
export const replyKeys = {
  undescribed: z.enum(['drop', 'refuse', 'report']).optional().meta({
    description:
      'With `validate: strict`, what becomes of what a reply’s body has besides its description: `drop` takes it out, `refuse` refuses the reply, `report` lets it pass and records it. `drop` if nothing is said.',
  }),
  responseHeaders: z.enum(['pass', 'described']).optional().meta({
    description:
      'With `validate: strict`, whether header fields of replies pass that are not described; `described` takes out those that HTTP does not need. `pass` if nothing is said.',
  }),
};

/** Those keys, as the schema leaves them. */
export function toReplyKeys(raw: {
  readonly undescribed?: ReplyRules['undescribed'] | undefined;
  readonly responseHeaders?: ReplyRules['headers'] | undefined;
}): ReplyKeys {
  return { undescribed: raw.undescribed ?? null, responseHeaders: raw.responseHeaders ?? null };
}

/** Words on replies where no replies are judged: nothing would keep them. */
export function replyKeyIssues(api: ApiConfig, places: Readonly<Record<string, Place>>): readonly Issue[] {
  const operations = Object.values(api.operations);
  const idle = [
    ...(isAnywhereStrict(api) ? [] : [api]),
    ...operations.filter(({ validate }) => (validate ?? api.validate) !== 'strict'),
  ];
  return idle.flatMap(({ path, replies }) =>
    namesSaid(replies).map((key) => {
      const at = `${path}.${key}`;
      const message = 'replies are judged with `validate: strict` alone, so nothing would come of this';
      return errorIssue(at, message, {
        place: placeAt(places, at),
        fix: 'write validate: strict, or take this key away',
      });
    }),
  );
}
