import type { HeaderMap } from '../../../wire/index.ts';
import type { ResponseEditor } from '../../exchange.ts';
import { isFieldName, RESERVED_FIELDS } from '../../written-fields.ts';

/** What an error means nothing without (RFC 9110 §10.2.3, §11.6.1, §15.5.6). */
const OF_ERRORS: ReadonlySet<string> = new Set(['allow', 'retry-after', 'www-authenticate']);

/** Takes all fields out that may tell of an object. False where one can't be. */
export function dropAllFields(headers: HeaderMap, editor: ResponseEditor): boolean {
  const names = new Set([...headers.entries()].map(([name]) => name.toLowerCase()));
  for (const name of names) {
    const plain = name.replaceAll('_', '-');
    if (!isFieldName(plain)) return false;
    if (!OF_ERRORS.has(name) && !RESERVED_FIELDS.replies.has(plain)) editor.removeHeader(name);
  }
  return true;
}

/**
 * What only speaks to caches that many callers share (RFC 9111 §5.2.2, RFC 9213). `private` with the name of a field keeps that
 * field alone from them, and so lets them store the rest.
 */
const SHARED = /^(?:public|private|proxy-revalidate|s-maxage)\b/i;
const SHARED_FIELD = /cdn-cache-control$|^(?:surrogate-control|x-accel-expires|edge-control)$/;

/** What was judged for one caller is kept for that one alone: by no cache between, whatever the upstream says. */
export function keepPrivate(headers: HeaderMap, editor: ResponseEditor): void {
  for (const [name] of headers.entries()) if (SHARED_FIELD.test(name.toLowerCase())) editor.removeHeader(name);
  // Where nothing is said, caches reckon by themselves.
  const said = headers.get('cache-control') ?? 'no-store';
  // What is quoted may hold commas, and is of no use to one caller alone.
  const directives = said.includes('"') ? ['no-store'] : said.split(',').map((each) => each.trim());
  const kept = directives.filter((each) => each !== '' && !SHARED.test(each));
  editor.setHeader('cache-control', ['private', ...kept].join(', '));
}
