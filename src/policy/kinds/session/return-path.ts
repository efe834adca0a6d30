/** Longer ones are not kept for anybody: a query that long is no place to come back to. */
const LENGTH_LIMIT = 2_048;

/** What a canonical path and query may hold (RFC 3986 §3.3, §3.4): no backslash, no control, no space, no `#`. */
const PATH = /^\/(?:[A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-F]{2})*$/;
const QUERY = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?|-]|%[0-9A-Fa-f]{2})*$/;
const OWN = /^\/\.(?:portcullis|well-known)(?:\/|$)/;

/**
 * Whether a browser may be sent to this path with its query after it has signed in or out. Only paths of the host itself
 * are: nothing that a browser could take for another host (`//evil`, `/\evil`, `https:evil`, user information), nothing that
 * ends a line, and none of the gateway's own pages.
 */
export function isReturnPath(text: string): boolean {
  if (text.length > LENGTH_LIMIT || !text.startsWith('/')) return false;
  const question = text.indexOf('?');
  const path = question < 0 ? text : text.slice(0, question);
  const query = question < 0 ? '' : text.slice(question + 1);
  if (path.includes('//') || !PATH.test(path) || !QUERY.test(query)) return false;
  // Encoded ones would be slashes to a server that decodes twice.
  if (/%(?:2F|5C|0[0-9A-F]|1[0-9A-F]|7F)/i.test(path) || OWN.test(path)) return false;
  return !path.split('/').some((segment) => segment === '.' || segment === '..');
}

/** Where to come back to for a request of this path and query: itself, else its path, else the host's front page. */
export function returnPathOf({ path, query }: { readonly path: string; readonly query: string | null }): string {
  const whole = query === null ? path : `${path}?${query}`;
  if (isReturnPath(whole)) return whole;
  return isReturnPath(path) ? path : '/';
}
