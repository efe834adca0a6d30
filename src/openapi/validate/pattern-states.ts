import { type CodeRange, type CodeSet, codeRanges, LAST_CODE_POINT } from './code-set.ts';
import { PATTERN_WORK_LIMIT } from './limits.ts';
import type { Sequence, Term } from './pattern-syntax.ts';

/**
 * The size of the program that an expression becomes: its parts, those that are repeated as often as they are counted.
 * Each character of a text may concern as many of them.
 */
export function sizeOf(alternatives: readonly Sequence[]): number {
  const sizes = alternatives.map((sequence) => sequence.reduce((sum, term) => sum + termSize(term), 0));
  return sizes.reduce((sum, size) => sum + size, alternatives.length - 1);
}

function termSize(term: Term): number {
  if (term.kind === 'group') return sizeOf(term.alternatives);
  if (term.kind !== 'repeat') return 1;
  const { min, max } = term;
  const size = termSize(term.term);
  return max === Infinity ? size * Math.max(min, 1) + 1 : size * max + (max - min);
}

/**
 * What each character of a text may cost in a search for an expression: as many parts as may wait for it at once. None,
 * where the search comes to so few states, sets of such parts, that RE2 keeps them all, and working them out costs no more
 * than a judgement may: then the time depends on the length alone. Where nothing better is known, the whole size.
 */
export function workPerCharacter(alternatives: readonly Sequence[]): number {
  const graph: Graph = { parts: [], sets: new Map(), boundary: false };
  const start = addAlternatives(graph, alternatives, MATCHED);
  const { classes, runs } = classesOf([...graph.sets.values()].map(({ set }) => set));
  if (graph.boundary) {
    const states = 2 ** graph.parts.length;
    const few = BOUNDARY_FLAVOURS * states * (runs + WORD_RUNS) * graph.parts.length <= PATTERN_WORK_LIMIT;
    return few ? 0 : sizeOf(alternatives);
  }
  const known = new Set<string>();
  const waiting = [closureOf(graph, [start], true)];
  let reached = 0;
  let width = 0;
  let table = 0;
  let bytes = 0;
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    const name = state.join();
    // Behind a match nothing is asked any more.
    if (known.has(name) || state.includes(MATCHED)) continue;
    known.add(name);
    width = Math.max(width, state.length);
    table += FLAVOURS * runs * state.length;
    bytes += FLAVOURS * (STATE_BYTES + 8 * (state.length + runs));
    for (const contained of classes) {
      const next = closureOf(graph, [...targets(graph, state, contained), start], false);
      reached += next.length;
      waiting.push(next);
    }
    if (reached > REACHED_PARTS_LIMIT) return sizeOf(alternatives);
  }
  return table <= PATTERN_WORK_LIMIT && bytes <= STATES_LIMIT_BYTES ? 0 : width;
}

/** Parts in states, all together, that are looked at to know the states of an expression; it takes some 20 ms. */
const REACHED_PARTS_LIMIT = 30_000;
/** RE2 tells states apart by the kind of the last character too, where an expression looks at the ends of a text. */
const FLAVOURS = 2;
const BOUNDARY_FLAVOURS = 8;
/** Runs of characters that word boundaries tell apart: digits, letters, the underscore, and what is between. */
const WORD_RUNS = 8;
const STATE_BYTES = 250;
/** RE2 has eight for the states of an expression, and begins anew where they do not do. */
const STATES_LIMIT_BYTES = 4 * 1024 * 1024;

/** One part: a character of a set that leads on, a choice, the start of a text, or nothing that leads on. */
type Part =
  | { readonly kind: 'set'; readonly set: number; readonly out: number }
  | { readonly kind: 'choice'; readonly outs: number[] }
  | { readonly kind: 'start'; readonly out: number }
  | { readonly kind: 'end' };

interface Graph {
  readonly parts: Part[];
  /** By what they hold. */
  readonly sets: Map<string, { readonly number: number; readonly set: CodeSet }>;
  /** Whether it asks about word boundaries, which are not followed here. */
  boundary: boolean;
}

const MATCHED = -1;

function addPart(graph: Graph, part: Part): number {
  return graph.parts.push(part) - 1;
}

/** Adds parts that lead to `out`, and gives the one they begin with. */
function addAlternatives(graph: Graph, alternatives: readonly Sequence[], out: number): number {
  const outs = alternatives.map((sequence) => sequence.reduceRight((next, term) => addTerm(graph, term, next), out));
  return outs.length === 1 ? (outs[0] as number) : addPart(graph, { kind: 'choice', outs });
}

function addTerm(graph: Graph, term: Term, out: number): number {
  switch (term.kind) {
    case 'set':
      return addPart(graph, { kind: 'set', set: setNumber(graph, term.set), out });
    case 'group':
      return addAlternatives(graph, term.alternatives, out);
    case 'repeat':
      return addRepeat(graph, term, out);
    case 'assertion':
      if (term.at === 'start') return addPart(graph, { kind: 'start', out });
      graph.boundary ||= term.at !== 'end';
      return addPart(graph, { kind: 'end' });
  }
}

/** `x{2,4}` is `xx(x(x)?)?`, and `x{2,}` is `xx+`. */
function addRepeat(graph: Graph, { term, min, max }: Extract<Term, { kind: 'repeat' }>, out: number): number {
  let next = out;
  if (max === Infinity) {
    const outs = [out];
    const loop = addPart(graph, { kind: 'choice', outs });
    const body = addTerm(graph, term, loop);
    outs.push(body);
    next = min === 0 ? loop : body;
    for (let copy = 1; copy < min; copy += 1) next = addTerm(graph, term, next);
    return next;
  }
  for (let copy = min; copy < max; copy += 1) {
    next = addPart(graph, { kind: 'choice', outs: [addTerm(graph, term, next), out] });
  }
  for (let copy = 0; copy < min; copy += 1) next = addTerm(graph, term, next);
  return next;
}

function setNumber({ sets }: Graph, set: CodeSet): number {
  const key = JSON.stringify(set);
  const before = sets.get(key);
  if (before !== undefined) return before.number;
  const number = sets.size;
  sets.set(key, { number, set });
  return number;
}

/** The parts that wait for a character, and what else a match may stand on, in order. */
function closureOf({ parts }: Graph, from: readonly number[], atStart: boolean): readonly number[] {
  const reached = new Set(from);
  for (const number of reached) {
    const part = parts[number];
    if (part?.kind === 'choice') for (const out of part.outs) reached.add(out);
    if (part?.kind === 'start' && atStart) reached.add(part.out);
  }
  return [...reached].sort((left, right) => left - right);
}

/** Where a character leads that is in these sets. */
function targets({ parts }: Graph, state: readonly number[], contained: ReadonlySet<number>): readonly number[] {
  return state.flatMap((number) => {
    const part = parts[number];
    return part?.kind === 'set' && contained.has(part.set) ? [part.out] : [];
  });
}

/** The kinds of character that sets tell apart, each as the sets it is in, and how many runs of characters RE2 makes of them. */
function classesOf(sets: readonly CodeSet[]): { classes: readonly ReadonlySet<number>[]; runs: number } {
  const ranges = sets.map(codeRanges);
  const begins = new Set(ranges.flatMap((each) => each.flatMap(([first, last]) => [first, last + 1])));
  begins.add(0);
  begins.delete(LAST_CODE_POINT + 1);
  const classes = new Map<string, ReadonlySet<number>>();
  for (const code of begins) {
    const within = ranges.flatMap((each, index) => (contains(each, code) ? [index] : []));
    classes.set(within.join(), new Set(within));
  }
  return { classes: [...classes.values()], runs: begins.size + 1 };
}

function contains(ranges: readonly CodeRange[], code: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as CodeRange)[1] < code) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range[0] <= code;
}
