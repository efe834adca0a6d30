import type { Segment } from '../openapi/index.ts';
import type { Match } from '../policy/index.ts';
import { LiteralSegments } from './literal-segments.ts';
import { isOwnPath } from './own-paths.ts';

/** What a router keeps for one method of one template. */
export interface Route<T> {
  readonly host: string | null;
  readonly method: string;
  readonly segments: readonly Segment[];
  readonly target: T;
}

/** Two routes that could answer the same request, by what is kept for them. */
export interface RouteClash<T> {
  readonly earlier: Pick<Route<T>, 'target'>;
  readonly later: Pick<Route<T>, 'target'>;
}

/** Methods that no route may take: they reach through the gateway or make it talk about itself. */
const NEVER = new Set(['CONNECT', 'TRACE', 'TRACK']);

/**
 * The registered methods that `*` in a route stands for; extension methods must be named. HEAD follows GET, and so never
 * comes past what is said of a GET that is named beside the star.
 */
const STAR_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'] as const;

type Piece = Extract<Segment, { kind: 'mixed' }>['pieces'][number];

interface Leaf<T> {
  readonly target: T;
  /** Whether it is there for all methods that have none of their own. */
  readonly star: boolean;
  readonly names: readonly string[];
}

interface Mixed<T> {
  readonly pattern: MixedPattern;
  readonly node: Node<T>;
}

// Most places have no mixed segments below them, or no leaf, and there are tens of thousands of places.
const NO_LEAVES: ReadonlyMap<string, never> = new Map<string, never>();
const NO_MIXED: readonly never[] = [];
const NO_NAMES: readonly string[] = [];

class Node<T> {
  literals: LiteralSegments<Node<T>> | null = null;
  mixed: readonly Mixed<T>[] = NO_MIXED;
  parameter: Node<T> | null = null;
  rest: Node<T> | null = null;
  leaves: ReadonlyMap<string, Leaf<T>> = NO_LEAVES;
}

/**
 * Finds the route of a request in time that depends on the path's length, not on how many routes there are (but for
 * mixed segments of one place, which are tried one by one). A literal segment beats a mixed one, that beats a parameter,
 * that beats a rest. The path is chosen first and the method then, so that a more general template never answers
 * for a method that the more special one does not have.
 */
export class Router<T> {
  readonly #named: ReadonlyMap<string, Node<T>>;
  readonly #anyHost: Node<T>;

  /** Routers are built by `RouterBuilder`, or at once by `build`. */
  constructor(named: ReadonlyMap<string, Node<T>>, anyHost: Node<T>) {
    this.#named = named;
    this.#anyHost = anyHost;
  }

  /** All routes at once, as `RouterBuilder` takes them one by one. */
  static build<T>(routes: readonly Route<T>[], sameOwner: (a: T, b: T) => boolean): BuiltRouter<T> {
    const builder = new RouterBuilder<T>(new Set(routes.flatMap(({ host }) => host ?? [])), sameOwner);
    for (const route of routes) builder.add(route);
    return builder.finish();
  }

  /** `path` is canonical; `host` too. */
  find(host: string, path: string, method: string): Match<T> {
    const root = this.#named.size === 0 ? this.#anyHost : this.#named.get(host);
    if (root === undefined) return MISDIRECTED;
    if (NEVER.has(method)) return { kind: 'methodNotAllowed', allow: path === '*' ? [] : allowOf(walk(root, path)) };
    // The asterisk of OPTIONS speaks of the server as a whole (RFC 9112 §3.2.4), and no API answers for that.
    if (path === '*' || isOwnPath(path)) return NOT_FOUND;
    const node = walk(root, path);
    if (node === null) return NOT_FOUND;
    const leaf = node.leaves.get(method) ?? (method === 'HEAD' ? node.leaves.get('GET') : undefined);
    if (leaf === undefined) return { kind: 'methodNotAllowed', allow: allowOf(node) };
    return new MatchedRoute(leaf.target, leaf.names, leaf.names.length === 0 ? NO_NAMES : met.slice(0, metCount));
  }
}

/** A match whose parameters are put together when somebody asks for them, for most requests are judged without. */
class MatchedRoute<T> {
  readonly kind = 'matched';
  readonly target: T;
  readonly #names: readonly string[];
  readonly #values: readonly string[];
  #params: Readonly<Record<string, string>> | null = null;

  constructor(target: T, names: readonly string[], values: readonly string[]) {
    this.target = target;
    this.#names = names;
    this.#values = values;
  }

  get params(): Readonly<Record<string, string>> {
    return (this.#params ??= paramsOf(this.#names, this.#values));
  }
}

/** A router, and the routes that are not in it. */
export interface BuiltRouter<T> {
  readonly router: Router<T>;
  readonly clashes: readonly RouteClash<T>[];
  /** Routes with one mixed segment too many in one place. */
  readonly crowded: readonly Route<T>[];
}

/**
 * Builds a router route by route. The first route over a template wins; later ones of another owner are clashes.
 * `hosts` are all that any route names, and `sameOwner` tells whose a target is.
 */
export class RouterBuilder<T> {
  readonly #named: ReadonlyMap<string, Node<T>>;
  readonly #anyHost = new Node<T>();
  readonly #everywhere: readonly Node<T>[];
  readonly #sameOwner: (a: T, b: T) => boolean;
  readonly #clashes: RouteClash<T>[] = [];
  readonly #crowded: Route<T>[] = [];

  constructor(hosts: ReadonlySet<string>, sameOwner: (a: T, b: T) => boolean) {
    this.#named = new Map([...hosts].map((host) => [host, new Node<T>()]));
    this.#everywhere = [this.#anyHost, ...this.#named.values()];
    this.#sameOwner = sameOwner;
  }

  add(route: Route<T>): void {
    // A route without a host answers on every host that is named anywhere.
    const roots = route.host === null ? this.#everywhere : [this.#named.get(route.host) as Node<T>];
    const placed = roots.map((root) => insert(root, route, this.#sameOwner));
    if (placed.includes('crowded')) this.#crowded.push(route);
    const clash = placed.find((found) => found !== null && found !== 'crowded');
    if (clash !== undefined) this.#clashes.push(clash);
  }

  finish(): BuiltRouter<T> {
    return { router: new Router(this.#named, this.#anyHost), clashes: this.#clashes, crowded: this.#crowded };
  }
}

/**
 * Mixed segments of one place are tried one by one, at some 50 ns each. Public descriptions that end their paths in
 * `{name}:verb` have two hundred.
 */
export const MIXED_LIMIT = 500;

const MISDIRECTED = { kind: 'misdirected' } as const;
const NOT_FOUND = { kind: 'notFound' } as const;
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);

function insert<T>(
  root: Node<T>,
  route: Route<T>,
  sameOwner: (a: T, b: T) => boolean,
): RouteClash<T> | 'crowded' | null {
  let node = root;
  for (const segment of route.segments) {
    const child = childFor(node, segment);
    if (child === null) return 'crowded';
    node = child;
  }
  const named = route.segments.flatMap(namesOf).map(asKey);
  const names = named.length === 0 ? NO_NAMES : named;
  const other = node.leaves.values().next().value;
  if (other !== undefined && !sameOwner(other.target, route.target)) return { earlier: other, later: route };
  const star = route.method === '*';
  for (const method of star ? STAR_METHODS : [route.method]) {
    const earlier = node.leaves.get(method);
    if (earlier !== undefined && earlier.star === star) return { earlier, later: route };
    // A method named by itself beats the star, whichever comes first.
    if (earlier === undefined || !star)
      node.leaves = withEntry(node.leaves, method, { target: route.target, star, names });
  }
  return null;
}

/** The map with one more entry: the same one, but for the one that all share while they are empty. */
function withEntry<V>(map: ReadonlyMap<string, V>, name: string, value: V): ReadonlyMap<string, V> {
  return map === NO_LEAVES ? new Map([[name, value]]) : (map as Map<string, V>).set(name, value);
}

/** The node below for a segment, made where there is none; null where there is no room for it. */
function childFor<T>(node: Node<T>, segment: Segment): Node<T> | null {
  switch (segment.kind) {
    case 'literal': {
      const literals = (node.literals ??= new LiteralSegments());
      const known = literals.get(segment.text);
      if (known !== undefined) return known;
      const child = new Node<T>();
      literals.add(segment.text, child);
      return child;
    }
    case 'parameter':
      return (node.parameter ??= new Node());
    case 'rest':
      return (node.rest ??= new Node());
    case 'mixed': {
      const pattern = new MixedPattern(segment.pieces);
      const known = node.mixed.find((entry) => entry.pattern.shape === pattern.shape);
      if (known !== undefined) return known.node;
      if (node.mixed.length >= MIXED_LIMIT) return null;
      const child = new Node<T>();
      // The more a pattern says, the earlier it is tried; among equals, in the order of the routes.
      const before = node.mixed.findIndex((entry) => entry.pattern.literalLength < pattern.literalLength);
      node.mixed = node.mixed.toSpliced(before < 0 ? node.mixed.length : before, 0, { pattern, node: child });
      return child;
    }
  }
}

function namesOf(segment: Segment): readonly string[] {
  if (segment.kind === 'literal') return [];
  if (segment.kind !== 'mixed') return [segment.name];
  return segment.pieces.flatMap((piece) => (piece.kind === 'parameter' ? [piece.name] : []));
}

/** The parameters that the last walk met, and how many of them: filled anew by each, since making an array costs more. */
const met: string[] = [];
let metCount = 0;

function walk<T>(root: Node<T>, path: string): Node<T> | null {
  metCount = 0;
  return descend(root, path, 1, 0);
}

/** The node for what follows `from` in the path, or null, with `count` parameters met before. Goes back where a more special way ends nowhere. */
function descend<T>(node: Node<T>, path: string, from: number, count: number): Node<T> | null {
  const slash = path.indexOf('/', from);
  const end = slash < 0 ? path.length : slash;
  const literal = node.literals === null ? undefined : node.literals.find(path, from, end);
  const found = literal === undefined ? null : onward(literal, path, slash, count);
  if (found !== null) return found;
  const general =
    node.mixed.length === 0 && node.parameter === null ? null : throughNamed(node, path, { from, end, slash }, count);
  if (general !== null || node.rest === null) return general;
  metCount = meet(path.slice(from), count);
  return node.rest;
}

function onward<T>(node: Node<T>, path: string, slash: number, count: number): Node<T> | null {
  if (slash >= 0) return descend(node, path, slash + 1, count);
  if (node.leaves.size === 0) return null;
  metCount = count;
  return node;
}

/** Where a segment stands in a path; `slash` is that behind it, or negative. */
interface SegmentPlace {
  readonly from: number;
  readonly end: number;
  readonly slash: number;
}

/** The same by what the segment names: a mixed one first, then a parameter, which is never empty. */
function throughNamed<T>(
  node: Node<T>,
  path: string,
  { from, end, slash }: SegmentPlace,
  count: number,
): Node<T> | null {
  const segment = path.slice(from, end);
  for (const { pattern, node: child } of node.mixed) {
    const values: string[] = [];
    if (!pattern.match(segment, values)) continue;
    const found = onward(child, path, slash, values.reduce(meetNext, count));
    if (found !== null) return found;
  }
  return node.parameter === null || segment === '' ? null : onward(node.parameter, path, slash, meet(segment, count));
}

/** Notes a parameter behind `count` others, and gives how many these are now. */
function meet(value: string, count: number): number {
  met[count] = value;
  return count + 1;
}

function meetNext(count: number, value: string): number {
  return meet(value, count);
}

/** The same text as V8 keeps it for keys: a property is found at once by that, and any other is looked up among all texts first. */
function asKey(name: string): string {
  return Object.keys({ [name]: null })[0] ?? name;
}

function allowOf<T>(node: Node<T> | null): readonly string[] {
  if (node === null) return [];
  const methods = new Set([...node.leaves.keys()].filter((method) => !NEVER.has(method)));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

/**
 * `new Params()` is an object whose only ancestor is empty and frozen. It is what `Object.create(null)` is to readers, but
 * V8 gives it a shape instead of a hash table.
 */
const Params = function () {} as unknown as new () => Record<string, string>;
Params.prototype = Object.freeze(Object.create(null) as object);

function paramsOf(names: readonly string[], values: readonly string[]): Readonly<Record<string, string>> {
  if (names.length === 0) return NO_PARAMS;
  const params = new Params();
  // The path's escapes have been read as UTF-8 by the canonicalizer, so decoding can't fail.
  for (let at = 0; at < names.length; at++) {
    const value = values[at] as string;
    params[names[at] as string] = value.includes('%') ? decodeURIComponent(value) : value;
  }
  return params;
}

/** Literals around parameters within one segment; each parameter takes as little as it can, but something. */
class MixedPattern {
  readonly shape: string;
  /** How much of a segment it names. */
  readonly literalLength: number;
  readonly #pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    this.shape = pieces.map((piece) => (piece.kind === 'literal' ? piece.text : '{}')).join('');
    this.literalLength = pieces.reduce((sum, piece) => sum + (piece.kind === 'literal' ? piece.text.length : 0), 0);
  }

  /** Appends the parameters' values when the segment fits. */
  match(segment: string, values: string[]): boolean {
    let at = 0;
    for (const [index, piece] of this.#pieces.entries()) {
      if (piece.kind === 'literal') {
        if (!segment.startsWith(piece.text, at)) return false;
        at += piece.text.length;
        continue;
      }
      const next = this.#pieces[index + 1];
      const end = valueEnd(segment, at, next, index + 2 === this.#pieces.length);
      if (end <= at) return false;
      const value = segment.slice(at, end);
      // A value that holds what parts it from its neighbour could be cut in another place, as the API may do.
      if (this.#holdsParting(value, index)) return false;
      values.push(value);
      at = end;
    }
    return at === segment.length;
  }

  /** Whether a parameter's value holds a literal that stands between it and another parameter. */
  #holdsParting(value: string, index: number): boolean {
    const decoded = decodeURIComponent(value);
    return [-1, 1].some((side) => {
      const literal = this.#pieces[index + side];
      const beyond = this.#pieces[index + side * 2];
      if (literal?.kind !== 'literal' || beyond?.kind !== 'parameter') return false;
      return decoded.includes(decodeURIComponent(literal.text));
    });
  }
}

/** Where a parameter's value ends that begins at `at`: before the literal that follows it, or with the segment. */
function valueEnd(segment: string, at: number, next: Piece | undefined, nextIsLast: boolean): number {
  if (next === undefined) return segment.length;
  const text = next.kind === 'literal' ? next.text : '';
  // The last literal must end the segment, so only its last occurrence counts.
  if (nextIsLast) {
    const last = segment.length - text.length;
    return segment.endsWith(text) && !isInEscape(segment, last) ? last : -1;
  }
  let end = segment.indexOf(text, at + 1);
  while (end >= 0 && isInEscape(segment, end)) end = segment.indexOf(text, end + 1);
  return end;
}

/** Whether `at` lies behind the percent sign of an escape, whose digits are no text of their own. */
function isInEscape(segment: string, at: number): boolean {
  return segment[at - 1] === '%' || segment[at - 2] === '%';
}
