import type { ReplyHead } from '../wire/index.ts';

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Where a redirect leads: to whom, as Host says it, and to what there. */
export interface LedTo {
  readonly authority: string;
  readonly target: string;
}

/** Whether a reply leads elsewhere (RFC 9110 §15.4). */
export function isRedirect({ status, fields }: Pick<ReplyHead, 'status' | 'fields'>): boolean {
  return REDIRECTS.has(status) && fields.has('location');
}

/** The method that a redirect is followed with (RFC 9110 §15.4.2 to 15.4.9). */
export function methodBehind(status: number, method: string): string {
  if (status === 303 && method !== 'HEAD') return 'GET';
  return (status === 301 || status === 302) && method === 'POST' ? 'GET' : method;
}

const PLAIN_TARGET = /^\/(?!\/)[!-[\]-~]*$/;
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
const TARGET_LIMIT = 8_192;

/**
 * Reads where a Location leads, strictly: an https URL or a path from the root, in plain characters, without user, `//`,
 * backslash and dot segments. Null where it can be read in another way, or leads out of https.
 */
export function readLocation(fields: ReplyHead['fields'], from: string): LedTo | null {
  const all = fields.all('location');
  const [text] = all;
  if (text === undefined || all.length > 1 || text.length > TARGET_LIMIT) return null;
  const whole = /^https:\/\/([A-Za-z0-9.:[\]-]{1,260})((?:[/?#].*)?)$/.exec(text);
  if (whole === null && !text.startsWith('/')) return null;
  const [authority, rest] = whole === null ? [from, text] : [whole[1] ?? '', whole[2] ?? ''];
  const [bare = ''] = rest.split('#', 1);
  const target = bare === '' || bare.startsWith('?') ? `/${bare}` : bare;
  const [path = ''] = target.split('?', 1);
  if (!PLAIN_TARGET.test(target) || DOT_SEGMENT.test(path)) return null;
  return { authority: authority.toLowerCase().replace(/:443$/, ''), target };
}
