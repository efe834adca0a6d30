import type { IOptions } from 'sanitize-html';
import type { HtmlProfile } from './config.ts';
import { keptByHtml } from './html-names.ts';
import type { TextChange } from './text-actions.ts';

/** The sanitizer, once it is loaded. */
export type HtmlSanitizer = (html: string, options: IOptions) => string;

/** More than any article has; the sanitizer works for a tenth of a second on as much, and the thread with it. */
const CHARACTERS_LIMIT = 262_144;
/** Each `<` may open an element, and the time for closing them grows with their square. */
const TAGS_LIMIT = 5_000;
/** `<`, `>` and `&`: each may become five characters, which are read again. */
const MARKS_LIMIT = 20_000;
/** As deep as any text is; browsers themselves give up some hundreds below. */
const NESTING_LIMIT = 64;

/** What no HTML has: text without these is HTML of itself alone. */
const MARKUP = /[<>&]/;

let loading: Promise<HtmlSanitizer> | null = null;
let loaded: HtmlSanitizer | null = null;

/** Loads the sanitizer, once for each thread; a failure is told to each who waits. */
export async function loadHtmlSanitizer(): Promise<HtmlSanitizer> {
  loading ??= import('sanitize-html').then(({ default: sanitize }) => (loaded = sanitize));
  return await loading;
}

/** The sanitizer; null while it is not loaded. */
export function htmlSanitizer(): HtmlSanitizer | null {
  return loaded;
}

/** Attributes that hold the URL of something. */
const URL_ATTRIBUTES: readonly string[] = ['href', 'src', 'cite'];

/**
 * Makes of a text HTML that holds nothing but what a profile allows: elements that it does not are left out, the text in
 * them stays, but for that of scripts and styles. What is no markup is escaped.
 */
export function htmlChange(profile: HtmlProfile, sanitize: HtmlSanitizer): TextChange {
  const options = optionsOf(profile);
  return (text) => (MARKUP.test(text) ? sanitize(text, options) : text);
}

/** How much HTML is read of one request, in all of its texts together: past it nothing of it is. */
export class HtmlBudget {
  #characters = CHARACTERS_LIMIT;
  #tags = TAGS_LIMIT;
  #marks = MARKS_LIMIT;

  /** False where this text is too much. What has no markup costs nothing. */
  take(text: string): boolean {
    if (!MARKUP.test(text)) return true;
    this.#characters -= text.length;
    if (this.#characters < 0) return false;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === OPENING) this.#tags--;
      if (code === OPENING || code === CLOSING || code === AMPERSAND) this.#marks--;
    }
    return this.#tags >= 0 && this.#marks >= 0;
  }
}

const OPENING = 0x3c;
const CLOSING = 0x3e;
const AMPERSAND = 0x26;

function optionsOf(profile: HtmlProfile): IOptions {
  const { tags, attributes } = keptByHtml(profile);
  return {
    allowedTags: [...tags],
    allowedAttributes: Object.fromEntries(Object.entries(attributes).map(([tag, names]) => [tag, [...names]])),
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    // A picture is asked for by whoever looks at the page.
    allowedSchemesByTag: { img: ['http', 'https'] },
    allowedSchemesAppliedToAttributes: [...URL_ATTRIBUTES],
    allowProtocolRelative: false,
    disallowedTagsMode: 'discard',
    nonTextTags: [
      'script',
      'style',
      'textarea',
      'option',
      'xmp',
      'noscript',
      'noembed',
      'noframes',
      'plaintext',
      'template',
      'title',
      'svg',
      'math',
      'iframe',
      'object',
      'embed',
      'applet',
      'select',
    ],
    nestingLimit: NESTING_LIMIT,
    parseStyleAttributes: false,
    enforceHtmlBoundary: false,
  };
}
