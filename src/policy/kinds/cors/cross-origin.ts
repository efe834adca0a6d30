import type { HeaderMap } from '../../../wire/index.ts';
import type { CorsRules } from './config.ts';

/** A field of a reply. */
export type ReplyField = readonly [name: string, value: string];

/** What the gateway itself says in replies and pages have use for. */
const OWN_FIELDS = [
  'x-request-id',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'dpop-nonce',
] as const;

/** One label of a host (RFC 1123 §2.1), and the underscores that some names have. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** What stands before and behind the label of a pattern such as `https://*.app.example`. */
interface Pattern {
  readonly before: string;
  readonly behind: string;
}

/** Which origins may read the replies of an API, and what they are told. Made once for each API. */
export class CrossOrigin {
  readonly rules: CorsRules;
  readonly #listed: ReadonlySet<string>;
  readonly #patterns: readonly Pattern[];
  readonly #common: readonly ReplyField[];
  /** What a reply says whose request came of an origin that is not let in, or of none. */
  readonly #strangers: readonly ReplyField[];

  constructor(rules: CorsRules) {
    const { origins, expose, credentials } = rules;
    const all = origins === 'any' ? [] : origins;
    this.rules = rules;
    this.#listed = new Set(all.filter((origin) => !origin.includes('*')));
    this.#patterns = all.filter((origin) => origin.includes('*')).map(patternOf);
    const exposed: ReplyField = ['access-control-expose-headers', [...new Set([...OWN_FIELDS, ...expose])].join(', ')];
    const varies: readonly ReplyField[] = origins === 'any' ? [] : [['vary', 'Origin']];
    this.#common = [...(credentials ? [CREDENTIALS] : []), exposed, ...varies];
    this.#strangers = varies;
  }

  /**
   * The value of Access-Control-Allow-Origin for a request with this Origin; null where it may not read. Origins are
   * compared as they are sent: browsers write each in one way (Fetch Standard, origin serialization), and any other
   * spelling comes from no browser.
   */
  allowed(origin: string | null): string | null {
    if (this.rules.origins === 'any') return '*';
    if (origin === null) return null;
    if (this.#listed.has(origin)) return origin;
    return this.#patterns.length > 0 && this.#fitsPattern(origin) ? origin : null;
  }

  /** What a reply says to a request with these fields. The same to all that are not let in, and `Vary` to everybody. */
  replyFields(request: HeaderMap): readonly ReplyField[] {
    const allowed = this.allowed(request.get('origin'));
    return allowed === null ? this.#strangers : [['access-control-allow-origin', allowed], ...this.#common];
  }

  #fitsPattern(origin: string): boolean {
    for (const { before, behind } of this.#patterns) {
      if (!origin.startsWith(before) || !origin.endsWith(behind)) continue;
      if (LABEL.test(origin.slice(before.length, origin.length - behind.length))) return true;
    }
    return false;
  }
}

const CREDENTIALS: ReplyField = ['access-control-allow-credentials', 'true'];

function patternOf(text: string): Pattern {
  const star = text.indexOf('*');
  return { before: text.slice(0, star), behind: text.slice(star + 1) };
}
