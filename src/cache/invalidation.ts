/** Methods that change nothing (RFC 9110 §9.2.1, RFC 4918, RFC 3253, RFC 5323). All others may. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY']);

/**
 * Whether what is stored for the target of a request no longer holds behind it (RFC 9111 §4.4): it may have changed
 * something, and did not fail. `status` is null where nobody knows how it ended, since it may have been done then.
 */
export function invalidates(method: string, status: number | null): boolean {
  return !SAFE.has(method) && (status === null || (status >= 200 && status < 400));
}
