import { err, ok, type Result } from '../base/index.ts';
import { PATTERN_LIMIT } from './limits.ts';

/** What the two languages do not have alike, and so nobody could be sure of. */
const DIFFERS: readonly (readonly [RegExp, string])[] = [
  [/^\(\?(?!:)/, 'a group with a question mark other than (?:…)'],
  [/^\\[pP](?!\{[A-Z][a-z]?\})/, 'this property; general categories such as \\p{Lu} are taken'],
  [/^\\[^pPdDwWsSbBnrtfv\W]/, 'this escape'],
  [/^\\v/, 'this escape'],
];

/**
 * A pattern of RE2, which CEL has, as one of ECMA-262 that means the same. What can't be put so is a fault: flags,
 * named groups, POSIX classes, escapes and properties that only one of them has.
 */
export function toEcmaPattern(text: string): Result<string, string> {
  if (text.length > PATTERN_LIMIT) return err(`is longer than ${PATTERN_LIMIT} characters`);
  let written = '';
  let inClass = false;
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at, at + 8);
    const differs = DIFFERS.find(([pattern]) => pattern.test(rest) && !(inClass && rest.startsWith('(')));
    if (differs !== undefined) return err(`has ${differs[1]}`);
    const piece = rest.startsWith('\\') ? rest.slice(0, 2) : rest.slice(0, 1);
    if (!inClass && piece === '[') {
      const open = /^\[\^?/.exec(rest)?.[0] ?? '[';
      if (rest[open.length] === ']') return err('has an empty class');
      inClass = true;
      written += open;
      at += open.length;
      continue;
    }
    if (inClass && (rest.startsWith('[:') || ['\\b', '\\B', '\\S', '\\D', '\\W'].includes(piece)))
      return err('has something in a class that is not taken there');
    if (inClass && piece === ']') inClass = false;
    written += inClass ? (IN_CLASS[piece] ?? piece) : (ALONE[piece] ?? piece);
    at += piece.length;
  }
  return ok(written);
}

/** White space is ASCII in RE2, and a dot is all but a line feed. */
const IN_CLASS: Readonly<Record<string, string>> = { '\\s': '\\t\\n\\f\\r ' };
const ALONE: Readonly<Record<string, string>> = { '\\s': '[\\t\\n\\f\\r ]', '\\S': '[^\\t\\n\\f\\r ]', '.': '[^\\n]' };
