// What an SVG picture runs where it is opened by itself, or is put into a page: script, handlers of events, pages inside,
// styles and entities from elsewhere or that hide what is meant (SVG 2 §2.2, §15).
const SCRIPT = /<(?:[^\s<>/=:]+:)?(?:script|foreignobject|iframe|embed|object|handler)[\s/>]/i;
const HANDLER = /[\s"'/]on[a-z]{2,40}[\t\n\r ]*=/i;
const HIDING = /<!entity|<\?xml-stylesheet/i;
const ADDRESS =
  /[\s"'/:](?:href|src|action|formaction|to|from|by|(values))[\t\n\r ]*=[\t\n\r ]*(?:"([^"]*)"|'([^']*)'|([^\t\n\f\r "'>][^\t\n\f\r >]*))/gi;
/**
 * A place in the picture or on the web, a picture in data, or no address at all: without a colon there is no scheme. Blanks
 * are taken by one part each: taken by two, many of them would be gone over from each of them.
 */
const HARMLESS = /^(?:[\t\n\r ]*(?:#|https?:|data:image\/(?!svg))|[^:&]*(?:[/?#]|$))/i;

/** Whether an SVG picture holds what browsers run. What only might, since it is written in a hidden way, counts too. */
export function hasActiveContent(text: string): boolean {
  if (SCRIPT.test(text) || HANDLER.test(text) || HIDING.test(text)) return true;
  for (const [, several, double, single, bare] of text.matchAll(ADDRESS)) {
    const written = double ?? single ?? bare ?? '';
    const addresses = several === undefined ? [written] : written.split(';');
    if (!addresses.every((address) => HARMLESS.test(address))) return true;
  }
  return false;
}
