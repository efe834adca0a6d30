/** What stays plain in some place; all else is percent-encoded there (RFC 3986 §2.1). */
export interface PlainCharacters {
  readonly plain: RegExp;
  readonly others: RegExp;
}

/** Takes the characters that stay plain, as they stand between the brackets of a pattern; `%` must not be among them. */
export function plainCharacters(characters: string): PlainCharacters {
  return { plain: new RegExp(`^[${characters}]*$`), others: new RegExp(`[^${characters}]`, 'gu') };
}

/** The unreserved characters alone (RFC 3986 §2.3). */
export const UNRESERVED = plainCharacters('A-Za-z0-9._~-');

/** What stands plainly in a segment of a canonical path: no slash, no semicolon. */
export const IN_SEGMENTS = plainCharacters("A-Za-z0-9._~!$&'()*+,=:@-");

/** The text as UTF-8, percent-encoded but for what stays plain, so that each stands for one text only. */
export function percentEncoded(text: string, { plain, others }: PlainCharacters): string {
  return plain.test(text) ? text : text.replace(others, encodedCharacter);
}

/** A lone surrogate is no character: its three bytes are unlike those of any, so that two names never become one. */
function encodedCharacter(character: string): string {
  if (!character.isWellFormed()) {
    const unit = character.charCodeAt(0);
    const bytes = [0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)];
    return bytes.map(encodedByte).join('');
  }
  return [...Buffer.from(character)].map(encodedByte).join('');
}

function encodedByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
