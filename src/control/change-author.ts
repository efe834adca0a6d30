/** The parameter of a query that says who changes something. */
export const AUTHOR = { author: 'Who does it, for the history and the ledger; 100 characters at most.' };

/**
 * In whose name a change is made; null where that is no name. Whoever has the key may say it; that it was said over the
 * admin API is recorded with it.
 */
export function authorIn(query: URLSearchParams): string | null {
  const said = query.get('author');
  if (said === null) return 'admin';
  return /^[^\p{C}\p{Zl}\p{Zp}]{1,100}$/u.test(said) ? `${said} (admin)` : null;
}
