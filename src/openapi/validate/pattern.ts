import { RE2JS } from 're2js';
import { err, ok, type Result } from '../../base/index.ts';
import { areDisjoint, type CodeSet, codeRanges } from './code-set.ts';
import { PATTERN_SIZE_LIMIT } from './limits.ts';
import { sizeOf, workPerCharacter } from './pattern-states.ts';
import { type Expression, parsePattern, type PatternFault, type Sequence, type Term } from './pattern-syntax.ts';

export type { PatternFault } from './pattern-syntax.ts';

/** A compiled pattern. */
export interface Matcher {
  /**
   * What it may take to judge a text of this length, to be held against `PATTERN_WORK_LIMIT` before the text is judged:
   * the length by the parts of the pattern that each character may concern, and nothing where that is known to be little.
   */
  readonly workOn: (length: number) => number;
  /** Whether a text matches anywhere, as `RegExp.prototype.test` has it with the flag `u`. */
  readonly matches: (text: string) => boolean;
}

/**
 * Compiles an ECMA-262 regular expression, as JSON Schema writes them (2020-12 §6.4), to a matcher that can't be made
 * to hang, if the work is bounded that it says a text may take. It runs on RE2, and on the engine of the runtime only
 * where that provably never goes back twice.
 * Look-behind, lookaheads but at the very beginning, and back-references are faults.
 */
export function compilePattern(text: string): Result<Matcher, PatternFault> {
  const parsed = parsePattern(text);
  if (!parsed.ok) return parsed;
  const { alternatives, lookaheads } = parsed.value;
  const main = compileExpression(alternatives);
  if (!main.ok || lookaheads.length === 0) return main;
  const ahead: { matcher: Matcher; wanted: boolean }[] = [];
  for (const lookahead of lookaheads) {
    const inner = linearMatcher([[START, { kind: 'group', alternatives: lookahead.alternatives }]]);
    if (!inner.ok) return inner;
    ahead.push({ matcher: inner.value, wanted: !lookahead.negative });
  }
  return ok({
    workOn: (length) => ahead.reduce((sum, { matcher }) => sum + matcher.workOn(length), main.value.workOn(length)),
    matches: (value) =>
      main.value.matches(value) && ahead.every(({ matcher, wanted }) => matcher.matches(value) === wanted),
  });
}

/** Runs a pattern on RE2 alone: the reference that the faster way is tested against. */
export function compileLinear(text: string): Result<Matcher, PatternFault> {
  const parsed = parsePattern(text);
  return parsed.ok ? linearMatcher(parsed.value.alternatives) : parsed;
}

/** Whether the runtime's own engine is fast on a pattern whatever the text. */
export function isHarmless({ alternatives, lookaheads }: Expression): boolean {
  const [sequence] = alternatives;
  return lookaheads.length === 0 && alternatives.length === 1 && sequence !== undefined && neverGoesBack(sequence);
}

const START: Term = { kind: 'assertion', at: 'start' };

/** The runtime's engine keeps a place to go back to for each character, and its stack for them ends at some 10 million. */
const NATIVE_TEXT_LIMIT = 1_000_000;

function compileExpression(alternatives: readonly Sequence[]): Result<Matcher, PatternFault> {
  if (!isHarmless({ alternatives, lookaheads: [] })) return linearMatcher(alternatives);
  const native = new RegExp(emitAlternatives(alternatives, NATIVE), 'u');
  let linear: Matcher | null = null;
  const slow = (): Matcher => {
    if (linear === null) {
      const compiled = linearMatcher(alternatives);
      linear = compiled.ok ? compiled.value : UNABLE;
    }
    return linear;
  };
  return ok({
    workOn: (length) => (length <= NATIVE_TEXT_LIMIT ? 0 : slow().workOn(length)),
    matches: (text) => (text.length <= NATIVE_TEXT_LIMIT ? native.test(text) : slow().matches(text)),
  });
}

/** Stands for what RE2 can't run. */
const UNABLE: Matcher = { workOn: () => Infinity, matches: () => false };

function linearMatcher(alternatives: readonly Sequence[]): Result<Matcher, PatternFault> {
  const size = sizeOf(alternatives);
  if (size > PATTERN_SIZE_LIMIT) {
    return err({
      message: `repeats what makes more than ${PATTERN_SIZE_LIMIT} parts in all`,
      fix: 'repeat less, and bound the length by `maxLength`',
    });
  }
  try {
    const pattern = RE2JS.compile(emitAlternatives(alternatives, LINEAR));
    const workPerUnit = workPerCharacter(alternatives);
    return ok({ workOn: (length) => length * workPerUnit, matches: (text) => pattern.test(text) });
  } catch {
    return err({
      message: 'repeats more than RE2 can count, 1,000 times in all',
      fix: 'bound the length by `maxLength`',
    });
  }
}

/** How long a sequence without quantifiers may be that is tried at each place of a text. */
const UNANCHORED_LIMIT = 64;

/**
 * Backtracking is harmless for a sequence of characters and classes when each quantifier but one stops in only one
 * way, because what follows it can't begin with what it repeats, and the one that may be given back bit by bit has
 * only parts of fixed length after it. Tried at each place of the text, there must be no quantifier at all.
 */
function neverGoesBack(sequence: Sequence): boolean {
  const [first, ...rest] = sequence;
  const anchored = first?.kind === 'assertion' && first.at === 'start';
  const terms = anchored ? rest : sequence;
  if (!terms.every(isSimple)) return false;
  if (!anchored) return terms.length <= UNANCHORED_LIMIT && terms.every((term) => term.kind === 'set');
  return terms.every((term, index) => {
    if (!isVariable(term)) return true;
    const after = terms.slice(index + 1);
    return (
      stopsInOneWay(term, after) || (after.every((next) => !isVariable(next)) && sizeOf([after]) <= GIVE_BACK_LIMIT)
    );
  });
}

/** The parts that are tried again for each character that a quantifier gives back. */
const GIVE_BACK_LIMIT = 64;

/** The longest repetition that is run natively; its copies make the program larger. */
const COUNT_LIMIT = 10_000;

function isSimple(term: Term, index: number, terms: Sequence): boolean {
  if (term.kind === 'assertion') return term.at === 'end' && index === terms.length - 1;
  if (term.kind === 'group') return false;
  if (term.kind === 'set') return true;
  const bounded = term.min <= COUNT_LIMIT && (term.max <= COUNT_LIMIT || term.max === Infinity);
  return bounded && term.term.kind === 'set';
}

function isVariable(term: Term): boolean {
  return term.kind === 'repeat' && term.min !== term.max;
}

function stopsInOneWay(term: Term, after: Sequence): boolean {
  const repeated = setOf(term);
  const [next] = after;
  if (repeated === null || next === undefined) return false;
  const follows = setOf(next);
  const needed = next.kind !== 'repeat' || next.min > 0;
  return follows !== null && needed && areDisjoint(repeated, follows);
}

function setOf(term: Term): CodeSet | null {
  if (term.kind === 'repeat') return setOf(term.term);
  return term.kind === 'set' ? term.set : null;
}

/** What the two engines write differently. */
interface Dialect {
  readonly set: (set: CodeSet) => string;
  readonly start: string;
  readonly end: string;
}

const NATIVE: Dialect = { set: nativeSet, start: '^', end: '$' };
const LINEAR: Dialect = { set: linearSet, start: '\\A', end: '\\z' };

function emitAlternatives(alternatives: readonly Sequence[], dialect: Dialect): string {
  return alternatives.map((sequence) => sequence.map((term) => emitTerm(term, dialect)).join('')).join('|');
}

function emitTerm(term: Term, dialect: Dialect): string {
  switch (term.kind) {
    case 'set':
      return dialect.set(term.set);
    case 'group':
      return `(?:${emitAlternatives(term.alternatives, dialect)})`;
    case 'repeat':
      return `${emitTerm(term.term, dialect)}{${term.min},${term.max === Infinity ? '' : term.max}}`;
    case 'assertion':
      return emitAssertion(term.at, dialect);
  }
}

function emitAssertion(at: 'start' | 'end' | 'boundary' | 'no boundary', { start, end }: Dialect): string {
  switch (at) {
    case 'start':
      return start;
    case 'end':
      return end;
    case 'boundary':
      return '\\b';
    case 'no boundary':
      return '\\B';
  }
}

function nativeSet({ ranges, properties, negated }: CodeSet): string {
  const hexadecimal = (code: number): string => `\\u{${code.toString(16)}}`;
  const listed = ranges.map(([first, last]) => `${hexadecimal(first)}-${hexadecimal(last)}`);
  const named = properties.map((property) => `\\${property.negated ? 'P' : 'p'}{${property.name}}`);
  return `[${negated ? '^' : ''}${listed.join('')}${named.join('')}]`;
}

function linearSet(set: CodeSet): string {
  const ranges = codeRanges(set);
  if (ranges.length === 0) return '[^\\x{0}-\\x{10ffff}]';
  return `[${ranges.map(([first, last]) => `\\x{${first.toString(16)}}-\\x{${last.toString(16)}}`).join('')}]`;
}
