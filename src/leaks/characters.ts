const table = (matches: (character: string) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (matches(String.fromCharCode(byte)) ? 1 : 0));

/** What the parts of keys and numbers are made of: what has one of these before it is the end of something longer. */
const IN_WORDS: Uint8Array = table((character) => /[A-Za-z0-9_-]/.test(character));

/** Letters and digits of ASCII. */
export const LETTERS_AND_DIGITS: Uint8Array = table((character) => /[A-Za-z0-9]/.test(character));

const PERCENT = 0x25;
const HEXADECIMAL = table((character) => /[0-9A-Fa-f]/.test(character));

/** Whether what begins here is the beginning of a word; an escape of URLs (RFC 3986 §2.1) before it is none of its part. */
export function beginsWord(bytes: Uint8Array, at: number): boolean {
  if (at === 0 || IN_WORDS[bytes[at - 1] as number] === 0) return true;
  if (at < 3 || bytes[at - 3] !== PERCENT) return false;
  return HEXADECIMAL[bytes[at - 2] as number] === 1 && HEXADECIMAL[bytes[at - 1] as number] === 1;
}

/** Whether this byte is a digit. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
