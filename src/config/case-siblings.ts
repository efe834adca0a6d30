import type { Segment } from '../openapi/index.ts';

/** What is routed: the method, or `*` for every one, and the segments of the template. */
export interface Routed {
  readonly method: string;
  readonly segments: readonly Segment[];
}

/** Where the parameter of one operation takes what is a literal of another. */
export interface Crossing {
  readonly literal: string;
  readonly segment: Exclude<Segment, { kind: 'literal' }>;
}

/** `sibling` takes requests that are written like those of `own` but for the case of letters. */
export interface CaseSibling<T extends Routed> {
  readonly own: T;
  readonly sibling: T;
  /** At least one. */
  readonly crossings: readonly Crossing[];
}

/** Far more than the largest public descriptions take; a document made to take longer is told of in part. */
const STEP_LIMIT = 400_000;

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  /** By their shape, as segments of one shape take the same. */
  readonly others: Map<string, { readonly segment: Crossing['segment']; readonly node: Node<T> }>;
  readonly ends: T[];
}

/**
 * Pairs of operations of which the second has a parameter where the first has a literal, so that it takes requests in
 * which the case of that literal is changed: `/orders/export` and `/orders/{id}`.
 */
export function* caseSiblings<T extends Routed>(operations: readonly T[]): Generator<CaseSibling<T>> {
  const root = newNode<T>();
  for (const operation of operations) add(root, operation);
  const budget = { left: STEP_LIMIT };
  for (const own of operations) {
    for (const { sibling, crossings } of siblingsOf(root, own.segments, budget)) {
      const isOther = sibling !== own && crossings.some(({ literal }) => caseVariants(literal).length > 0);
      if (isOther && shareMethod(own.method, sibling.method)) yield { own, sibling, crossings };
    }
    if (budget.left <= 0) return;
  }
}

/** Some of the ways to write a literal in other cases; none where it has no letters. Escapes stay in upper case. */
export function caseVariants(literal: string): readonly string[] {
  const letters = [...literal.matchAll(/%[0-9A-F]{2}|[A-Za-z]/g)].filter(([found]) => found.length === 1);
  const written = (changes: readonly RegExpExecArray[], change: (letter: string) => string): string => {
    const characters = literal.split('');
    for (const { index, 0: letter } of changes) characters[index] = change(letter);
    return characters.join('');
  };
  const all = [
    written(letters.slice(0, 1), swapped),
    written(letters.slice(-1), swapped),
    written(letters, (letter) => letter.toUpperCase()),
    written(letters, (letter) => letter.toLowerCase()),
  ];
  return [...new Set(all)].filter((variant) => variant !== literal);
}

function swapped(letter: string): string {
  return letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
}

function newNode<T>(): Node<T> {
  return { literals: new Map(), others: new Map(), ends: [] };
}

function add<T extends Routed>(root: Node<T>, operation: T): void {
  let node = root;
  for (const segment of operation.segments) {
    if (segment.kind === 'literal') {
      const next = node.literals.get(segment.text) ?? newNode<T>();
      node.literals.set(segment.text, next);
      node = next;
    } else {
      const key = JSON.stringify(segment);
      const next = node.others.get(key) ?? { segment, node: newNode<T>() };
      node.others.set(key, next);
      ({ node } = next);
    }
  }
  node.ends.push(operation);
}

interface Sibling<T> {
  readonly sibling: T;
  readonly crossings: readonly Crossing[];
}

/** What else takes these segments; no more than there are operations. */
function siblingsOf<T extends Routed>(
  root: Node<T>,
  segments: readonly Segment[],
  budget: { left: number },
): readonly Sibling<T>[] {
  const found: Sibling<T>[] = [];
  const walk = (node: Node<T>, at: number, crossings: readonly Crossing[]): void => {
    if (--budget.left <= 0) return;
    const segment = segments[at];
    if (segment === undefined) {
      if (crossings.length > 0) for (const sibling of node.ends) found.push({ sibling, crossings });
      return;
    }
    const same = segment.kind === 'literal' ? node.literals.get(segment.text) : undefined;
    if (same !== undefined) walk(same, at + 1, crossings);
    for (const { segment: other, node: next } of node.others.values()) {
      const end = other.kind === 'rest' ? segments.length : at + 1;
      const crossed = segments
        .slice(at, end)
        .flatMap((each) => (each.kind === 'literal' ? { literal: each.text, segment: other } : []));
      walk(next, end, crossed.length === 0 ? crossings : [...crossings, ...crossed]);
    }
  };
  walk(root, 0, []);
  return found;
}

function shareMethod(own: string, sibling: string): boolean {
  return own === sibling || own === '*' || sibling === '*';
}
