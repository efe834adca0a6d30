// Controls, format characters (bidi, zero-width, tags), surrogates without a partner, and the separators that some
// terminals and viewers break lines at: what could colour, reorder or forge a line of a log.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const PLAIN_VALUE = /^[\p{L}\p{N}_.:/@+-]+$/u;

/** The text with everything unprintable as \uXXXX, cut to at most `limit` characters before escaping. */
export function escapeText(text: string, limit: number): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(UNSAFE, escapeCharacter);
}

/** The text as a JSON string, escaped in the same way. */
export function quoteText(text: string, limit: number): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return JSON.stringify(cut).replace(UNSAFE, escapeCharacter);
}

/** The text as the value of `key=value`: bare where nothing in it could be misread, quoted otherwise. */
export function valueText(text: string, limit: number): string {
  return text.length <= limit && PLAIN_VALUE.test(text) ? text : quoteText(text, limit);
}

function escapeCharacter(character: string): string {
  let escaped = '';
  for (let at = 0; at < character.length; at++) {
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}
