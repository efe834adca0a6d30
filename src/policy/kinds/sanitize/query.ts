import { percentEncoded, UNRESERVED } from '../../percent-encoding.ts';
import type { SanitizeRules } from './config.ts';
import { HtmlBudget } from './html.ts';
import { type MakeCleaner, Places } from './places.ts';
import { cleanWritten } from './written-text.ts';

/** As for forms: past it some servers drop the rest unsaid. */
const PAIRS_LIMIT = 1_000;

/** What came of cleaning a query: `unread` has more than one reading, `name` is of the first parameter that is about. */
export type QueryCleaning =
  | { readonly kind: 'clean' }
  | { readonly kind: 'unread'; readonly why: string }
  | { readonly kind: 'changed'; readonly query: string; readonly name: string }
  | { readonly kind: 'failed'; readonly name: string };

const CLEAN = { kind: 'clean' } as const;

/** Cleans the values of a canonical query; null where there is nothing to clean. */
export type QueryCleaner = (query: string) => QueryCleaning;

/**
 * The cleaner of the parameters of these names, which are read as those of fields of forms. A value that changes is encoded
 * anew; all others stay as they stand. What some servers split in another way is not read: a value could hide in it.
 */
export function queryCleanerOf(rules: SanitizeRules['query'], make: MakeCleaner): QueryCleaner | null {
  const all = Object.entries(rules).map(([called, actions]) => ({ path: [called], actions, called }));
  if (all.length === 0) return null;
  const places = new Places(all, make);
  return (query) => cleaned(query, places);
}

function cleaned(query: string, places: Places): QueryCleaning {
  if (query.includes(';')) return { kind: 'unread', why: 'the query has a semicolon, at which some servers split' };
  const budget = new HtmlBudget();
  let written = '';
  let done = 0;
  let first: string | null = null;
  for (let at = 0, count = 0; at < query.length; count++) {
    if (count === PAIRS_LIMIT) return { kind: 'unread', why: `the query has more than ${PAIRS_LIMIT} pairs` };
    const found = query.indexOf('&', at);
    const end = found < 0 ? query.length : found;
    const equals = query.indexOf('=', at);
    const nameEnd = equals < 0 || equals > end ? end : equals;
    const field = nameEnd < end ? places.field(decoded(query.slice(at, nameEnd))) : null;
    if (field !== null) {
      const text = decoded(query.slice(nameEnd + 1, end));
      const cleaning = field.kind === 'failed' ? field : cleanWritten(text, field, budget);
      if (cleaning.kind === 'failed') return { kind: 'failed', name: cleaning.place };
      if (cleaning.kind === 'changed') {
        written += query.slice(done, nameEnd + 1) + percentEncoded(cleaning.texts, UNRESERVED);
        done = end;
        first ??= cleaning.place;
      }
    }
    at = end + 1;
  }
  return first === null ? CLEAN : { kind: 'changed', query: written + query.slice(done), name: first };
}

/** The escapes of a canonical query are UTF-8, so decoding can't fail. */
function decoded(text: string): string {
  const plain = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return plain.includes('%') ? decodeURIComponent(plain) : plain;
}
