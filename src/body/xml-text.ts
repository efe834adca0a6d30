import { XmlRefusal } from './xml-tree.ts';

const AMPERSAND = '&';
const CARRIAGE_RETURN = '\r';
/** Digits of a character reference, leading zeros too: no character needs more than seven. */
const REFERENCE = /&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));/y;
const ENTITY = /&(lt|gt|amp|apos|quot);/y;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };

/**
 * Anything that is no character of XML 1.0 (§2.2 [2]). Surrogates without their other half can't be there, since the text
 * was UTF-8.
 */
const NO_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
/** These too, which are ends of lines in XML 1.1, and to readers that know no difference. */
const FOREIGN = /[\0-\x08\x0b\x0c\x0e-\x1f\x85\u2028\ufffe\uffff]/;

/** The place of the first character that may not be written as itself, or -1. */
export function foreignCharacter(text: string): number {
  return text.search(FOREIGN);
}

/**
 * Character data as it is meant: ends of lines are line feeds (§2.11), references are replaced. `from` is where it stands.
 */
export function meaningOf(written: string, from: number): string {
  const lines = written.includes(CARRIAGE_RETURN) ? written.replace(/\r\n?/g, '\n') : written;
  return written.includes(AMPERSAND) ? replaceReferences(lines, from) : lines;
}

function replaceReferences(text: string, from: number): string {
  const pieces: string[] = [];
  let done = 0;
  for (let at = text.indexOf(AMPERSAND); at !== -1; at = text.indexOf(AMPERSAND, done)) {
    pieces.push(text.slice(done, at));
    ENTITY.lastIndex = at;
    const entity = ENTITY.exec(text);
    if (entity !== null) {
      pieces.push(ENTITIES[entity[1]!]!);
      done = ENTITY.lastIndex;
      continue;
    }
    pieces.push(characterAt(text, at, from));
    done = REFERENCE.lastIndex;
  }
  pieces.push(text.slice(done));
  return pieces.join('');
}

function characterAt(text: string, at: number, from: number): string {
  REFERENCE.lastIndex = at;
  const reference = REFERENCE.exec(text);
  if (reference === null) throw new XmlRefusal(text[at + 1] === '#' ? 'character-reference' : 'entity', from + at);
  const [, hexadecimal, decimal] = reference;
  const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  const isCharacter =
    code <= 0x10_ffff && !(code >= 0xd800 && code <= 0xdfff) && !NO_CHARACTER.test(String.fromCodePoint(code));
  if (!isCharacter) throw new XmlRefusal('character-reference', from + at);
  return String.fromCodePoint(code);
}

/** Whether a text is white space only (§2.3 [3]), as far as there is any. */
export function isBlank(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return false;
  }
  return true;
}
