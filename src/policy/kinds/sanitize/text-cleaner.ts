import { type HtmlProfile, PLAIN_ACTIONS, type TextAction } from './config.ts';
import { type HtmlBudget, htmlChange, type HtmlSanitizer } from './html.ts';
import { PLAIN_CHANGES, type TextChange } from './text-actions.ts';

/** How often all actions are done at most. Two suffice for all but texts that were made to need more. */
const ROUNDS_LIMIT = 6;

/** Gives a text as it should be, the very same where it is so already; null for one that can't be made so. */
export type TextCleaner = (text: string, budget: HtmlBudget) => string | null;

/** What none of the plain actions but trimming has anything to do with. */
const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * Makes one change of many: each in its order, and all again until none has anything to do, since what one takes out may
 * have hidden something from another (`java` and `script:` around a space without width). So whatever comes out would be
 * left as it is by each alone. Null where that is not reached, or one of them can't be done.
 */
export function cleanerOf(actions: readonly TextAction[], sanitize: HtmlSanitizer | null): TextCleaner {
  const changes = changesOf(actions, sanitize);
  const readsHtml = actions.some((action) => typeof action !== 'string');
  const trims = actions.includes('trim');
  return (text, budget) => {
    if (!readsHtml && PRINTABLE.test(text)) return trims ? PLAIN_CHANGES.trim(text) : text;
    if (readsHtml && !budget.take(text)) return null;
    let done = text;
    for (let round = 0; round < ROUNDS_LIMIT; round++) {
      let isClean = true;
      for (const change of changes) {
        const next = change(done);
        if (next === null) return null;
        isClean &&= next === done;
        done = next;
      }
      if (isClean) return done;
    }
    return null;
  };
}

function changesOf(actions: readonly TextAction[], sanitize: HtmlSanitizer | null): readonly TextChange[] {
  const plain = PLAIN_ACTIONS.filter((action) => actions.includes(action));
  const profiles = actions.flatMap((action) => (typeof action === 'string' ? [] : [action.html]));
  const ordered = plain.map((action) => PLAIN_CHANGES[action]);
  const html = profiles.map((profile) => htmlWith(profile, sanitize));
  // Trimming comes last: what stood around elements that are gone goes too.
  return plain.at(-1) === 'trim' ? [...ordered.slice(0, -1), ...html, ...ordered.slice(-1)] : [...ordered, ...html];
}

function htmlWith(profile: HtmlProfile, sanitize: HtmlSanitizer | null): TextChange {
  if (sanitize === null) throw new Error('the sanitizer of HTML is not loaded');
  return htmlChange(profile, sanitize);
}
