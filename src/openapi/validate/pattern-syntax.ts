import { err, ok, type Result } from '../../base/index.ts';
import {
  type CodeRange,
  type CodeSet,
  isProperty,
  LAST_CODE_POINT,
  negatedSet,
  rangesSet,
  singleCode,
  unitedSet,
} from './code-set.ts';

/** A part of a regular expression, as far as it matters to whether a text matches. */
export type Term =
  | { readonly kind: 'set'; readonly set: CodeSet }
  | { readonly kind: 'assertion'; readonly at: 'start' | 'end' | 'boundary' | 'no boundary' }
  | { readonly kind: 'group'; readonly alternatives: readonly Sequence[] }
  | { readonly kind: 'repeat'; readonly term: Term; readonly min: number; readonly max: number };

/** Terms that follow one another. */
export type Sequence = readonly Term[];

/** A regular expression. The lookaheads all stand at the very beginning, right after `^`. */
export interface Expression {
  readonly alternatives: readonly Sequence[];
  readonly lookaheads: readonly { readonly alternatives: readonly Sequence[]; readonly negative: boolean }[];
}

/** Why a pattern is not run, in words that follow "a pattern that …", and what to do. */
export interface PatternFault {
  readonly message: string;
  readonly fix?: string;
}

/** Longer than any pattern that was written by hand. */
const LENGTH_LIMIT = 10_000;
/** Groups inside one another; reading and running recurse. */
const NESTING_LIMIT = 50;

/**
 * Reads an ECMA-262 regular expression (§22.2.1, with the flag `u`), one that can be run in linear time. What the
 * stricter grammar of the flag refuses and everybody writes, such as `\-` and `\@` or a brace that is none, is read too.
 */
export function parsePattern(text: string): Result<Expression, PatternFault> {
  if (text.length > LENGTH_LIMIT) return err({ message: `is longer than ${LENGTH_LIMIT} characters` });
  const cursor: Cursor = { codes: Array.from(text, (character) => character.codePointAt(0) ?? 0), at: 0 };
  const lookaheads = readLookaheads(cursor);
  if (!lookaheads.ok) return lookaheads;
  const alternatives = readAlternatives(cursor, 0);
  if (!alternatives.ok) return alternatives;
  if (cursor.at < cursor.codes.length) return err(UNBALANCED);
  const [first] = alternatives.value;
  if (lookaheads.value.length === 0) return ok({ alternatives: alternatives.value, lookaheads: [] });
  // `^(?=a)b|c` asks the lookahead of `b` only.
  if (alternatives.value.length !== 1 || first === undefined) return err(LOOKAROUND);
  return ok({ alternatives: [[{ kind: 'assertion', at: 'start' }, ...first]], lookaheads: lookaheads.value });
}

interface Cursor {
  readonly codes: readonly number[];
  at: number;
}

const LINEAR = "which can't be run in linear time";
const LOOKAROUND: PatternFault = {
  message: `uses lookaround, ${LINEAR}`,
  fix: 'write lookaheads only at the very beginning, after `^`, or as several schemas in an `allOf`',
};
const BACK_REFERENCE: PatternFault = {
  message: `uses a back-reference, ${LINEAR}`,
  fix: 'write the pattern without it',
};
const UNBALANCED: PatternFault = { message: 'has a parenthesis without its other half' };
const NOTHING_REPEATED: PatternFault = { message: 'has a quantifier with nothing to repeat' };

function readLookaheads(cursor: Cursor): Result<Expression['lookaheads'], PatternFault> {
  const found: { alternatives: readonly Sequence[]; negative: boolean }[] = [];
  if (!startsWith(cursor, '^(?=') && !startsWith(cursor, '^(?!')) return ok(found);
  cursor.at += 1;
  while (startsWith(cursor, '(?=') || startsWith(cursor, '(?!')) {
    const negative = startsWith(cursor, '(?!');
    cursor.at += 3;
    const inner = readAlternatives(cursor, 1);
    if (!inner.ok) return inner;
    if (!take(cursor, ')')) return err(UNBALANCED);
    found.push({ alternatives: inner.value, negative });
  }
  return ok(found);
}

function readAlternatives(cursor: Cursor, depth: number): Result<readonly Sequence[], PatternFault> {
  if (depth > NESTING_LIMIT) return err({ message: `has more than ${NESTING_LIMIT} groups inside one another` });
  const alternatives: Term[][] = [[]];
  while (cursor.at < cursor.codes.length && !startsWith(cursor, ')')) {
    if (take(cursor, '|')) {
      alternatives.push([]);
      continue;
    }
    const term = readTerm(cursor, depth);
    if (!term.ok) return term;
    alternatives.at(-1)?.push(term.value);
  }
  return ok(alternatives);
}

function readTerm(cursor: Cursor, depth: number): Result<Term, PatternFault> {
  const atom = readAtom(cursor, depth);
  if (!atom.ok) return atom;
  const bounds = readQuantifier(cursor);
  if (bounds === null) return atom;
  if (atom.value.kind === 'assertion') return err(NOTHING_REPEATED);
  if (bounds.min > bounds.max) return err({ message: 'has a quantifier whose numbers are out of order' });
  take(cursor, '?');
  return ok({ kind: 'repeat', term: atom.value, ...bounds });
}

function readQuantifier(cursor: Cursor): { min: number; max: number } | null {
  if (take(cursor, '*')) return { min: 0, max: Infinity };
  if (take(cursor, '+')) return { min: 1, max: Infinity };
  if (take(cursor, '?')) return { min: 0, max: 1 };
  if (!startsWith(cursor, '{')) return null;
  const ahead = String.fromCodePoint(...cursor.codes.slice(cursor.at, cursor.at + 24));
  const found = /^\{(\d{1,9})(?:(,)(\d{1,9})?)?\}/.exec(ahead);
  if (found === null) return null;
  cursor.at += found[0].length;
  const min = Number(found[1]);
  if (found[2] === undefined) return { min, max: min };
  return { min, max: found[3] === undefined ? Infinity : Number(found[3]) };
}

function readAtom(cursor: Cursor, depth: number): Result<Term, PatternFault> {
  const code = cursor.codes[cursor.at] ?? 0;
  cursor.at += 1;
  switch (String.fromCodePoint(code)) {
    case '^':
      return ok({ kind: 'assertion', at: 'start' });
    case '$':
      return ok({ kind: 'assertion', at: 'end' });
    case '.':
      return setTerm(negatedSet(LINE_ENDS));
    case '(':
      return readGroup(cursor, depth);
    case '[':
      return readClass(cursor);
    case '\\':
      return readEscape(cursor);
    case '*':
    case '+':
    case '?':
      return err(NOTHING_REPEATED);
    default:
      return setTerm(singleCode(code));
  }
}

function readGroup(cursor: Cursor, depth: number): Result<Term, PatternFault> {
  if (take(cursor, '?')) {
    const lookbehind = startsWith(cursor, '<=') || startsWith(cursor, '<!');
    if (lookbehind || startsWith(cursor, '=') || startsWith(cursor, '!')) return err(LOOKAROUND);
    if (take(cursor, '<')) {
      while (cursor.at < cursor.codes.length && !startsWith(cursor, '>')) cursor.at += 1;
      if (!take(cursor, '>')) return err({ message: 'has a group whose name does not end' });
    } else if (!take(cursor, ':')) {
      return err({ message: 'has a group with modifiers, which are not read', fix: 'write both cases out: `[aA]`' });
    }
  }
  const inner = readAlternatives(cursor, depth + 1);
  if (!inner.ok) return inner;
  return take(cursor, ')') ? ok({ kind: 'group', alternatives: inner.value }) : err(UNBALANCED);
}

function readClass(cursor: Cursor): Result<Term, PatternFault> {
  const negated = take(cursor, '^');
  const sets: CodeSet[] = [];
  while (!take(cursor, ']')) {
    const from = readClassMember(cursor);
    if (!from.ok) return from;
    const last = startsWith(cursor, '-]') || !startsWith(cursor, '-');
    if (last) {
      sets.push(from.value);
      continue;
    }
    cursor.at += 1;
    const to = readClassMember(cursor);
    if (!to.ok) return to;
    const first = onlyCode(from.value);
    const end = onlyCode(to.value);
    if (first === null || end === null) sets.push(from.value, singleCode(0x2d), to.value);
    else if (first > end) return err({ message: 'has a range of characters that is out of order' });
    else sets.push(rangesSet([[first, end]]));
  }
  const set = unitedSet(sets);
  return setTerm(negated ? negatedSet(set) : set);
}

function readClassMember(cursor: Cursor): Result<CodeSet, PatternFault> {
  const code = cursor.codes[cursor.at];
  if (code === undefined) return err({ message: 'has a class of characters that does not end' });
  cursor.at += 1;
  if (code !== 0x5c) return ok(singleCode(code));
  if (take(cursor, 'b')) return ok(singleCode(0x08));
  const term = readEscape(cursor);
  if (!term.ok) return term;
  return term.value.kind === 'set' ? ok(term.value.set) : err({ message: 'has an assertion inside a class' });
}

/** The one code point of a set, or null where it is of another kind. */
function onlyCode({ ranges, properties, negated }: CodeSet): number | null {
  const [range] = ranges;
  const single = range !== undefined && ranges.length === 1 && range[0] === range[1];
  return single && properties.length === 0 && !negated ? range[0] : null;
}

function readEscape(cursor: Cursor): Result<Term, PatternFault> {
  const code = cursor.codes[cursor.at];
  if (code === undefined) return err({ message: 'ends in a backslash' });
  cursor.at += 1;
  const letter = String.fromCodePoint(code);
  const set = CLASS_ESCAPES.get(letter);
  if (set !== undefined) return setTerm(set);
  if (letter === 'b') return ok({ kind: 'assertion', at: 'boundary' });
  if (letter === 'B') return ok({ kind: 'assertion', at: 'no boundary' });
  if (letter === 'p' || letter === 'P') return readProperty(cursor, letter === 'P');
  if (letter === 'k' || /^[1-9]$/.test(letter)) return err(BACK_REFERENCE);
  if ('xuc0'.includes(letter)) return readCode(cursor, letter);
  if (/^[A-Za-z]$/.test(letter)) {
    return err({
      message: 'uses an escape that ECMA-262 does not have',
      fix: 'write `^` and `$` for the ends of a text',
    });
  }
  return setTerm(singleCode(code));
}

function readProperty(cursor: Cursor, negated: boolean): Result<Term, PatternFault> {
  const end = cursor.codes.indexOf(0x7d, cursor.at);
  const length = end - cursor.at;
  const written = length > 0 && length < 100 ? String.fromCodePoint(...cursor.codes.slice(cursor.at, end)) : '';
  const name = written.slice(1);
  if (!written.startsWith('{') || !isProperty(name)) return err({ message: 'names a Unicode property that is none' });
  cursor.at = end + 1;
  return setTerm({ ranges: [], properties: [{ name, negated }], negated: false });
}

function readCode(cursor: Cursor, letter: string): Result<Term, PatternFault> {
  const ahead = String.fromCodePoint(...cursor.codes.slice(cursor.at, cursor.at + 12));
  const found = CODE_ESCAPES[letter]?.exec(ahead) ?? null;
  if (found === null) return err({ message: 'has an escape that is not complete' });
  cursor.at += found[0].length;
  const [, , second] = found;
  const first = found[1] ?? found[3] ?? found[4] ?? '';
  if (letter === '0') return setTerm(singleCode(0));
  if (letter === 'c') return setTerm(singleCode((first.codePointAt(0) ?? 0) % 32));
  const high = Number.parseInt(first, 16);
  const code = second === undefined ? high : (high - 0xd800) * 0x400 + (Number.parseInt(second, 16) - 0xdc00) + 0x10000;
  return code > LAST_CODE_POINT ? err({ message: 'names a character beyond Unicode' }) : setTerm(singleCode(code));
}

const CODE_ESCAPES: Readonly<Record<string, RegExp>> = {
  '0': /^(?![0-9])/,
  c: /^([A-Za-z])/,
  x: /^([0-9A-Fa-f]{2})/,
  u: /^(?:([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})|([0-9A-Fa-f]{4})|\{([0-9A-Fa-f]{1,8})\})/,
};

const DIGITS: readonly CodeRange[] = [[0x30, 0x39]];
const WORD: readonly CodeRange[] = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
/** WhiteSpace and LineTerminator (ECMA-262 §12.2, §12.3). */
const SPACES: readonly CodeRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_ENDS = rangesSet([
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
]);

const CLASS_ESCAPES: ReadonlyMap<string, CodeSet> = new Map([
  ['d', rangesSet(DIGITS)],
  ['D', negatedSet(rangesSet(DIGITS))],
  ['w', rangesSet(WORD)],
  ['W', negatedSet(rangesSet(WORD))],
  ['s', rangesSet(SPACES)],
  ['S', negatedSet(rangesSet(SPACES))],
  ['t', singleCode(0x09)],
  ['n', singleCode(0x0a)],
  ['v', singleCode(0x0b)],
  ['f', singleCode(0x0c)],
  ['r', singleCode(0x0d)],
]);

function setTerm(set: CodeSet): Result<Term, PatternFault> {
  return ok({ kind: 'set', set });
}

function startsWith(cursor: Cursor, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (cursor.codes[cursor.at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

function take(cursor: Cursor, text: string): boolean {
  const found = startsWith(cursor, text);
  if (found) cursor.at += text.length;
  return found;
}
