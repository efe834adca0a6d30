import type { Segment } from '../openapi/index.ts';
import type { Match } from '../policy/index.ts';
import { isOwnPath } from './own-paths.ts';

/** What a router keeps for one method of one template. */
export interface Route<T> {
  readonly host: string | null;
  readonly method: string;
  readonly segments: readonly Segment[];
  readonly target: T;
}

/** Two routes that could answer the same request. */
export interface RouteClash<T> {
  readonly earlier: Route<T>;
  readonly later: Route<T>;
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
  readonly route: Route<T>;
  readonly names: readonly string[];
}

class Node<T> {
  readonly literals = new Map<string, Node<T>>();
  readonly mixed: { readonly pattern: MixedPattern; readonly node: Node<T> }[] = [];
  parameter: Node<T> | null = null;
  rest: Node<T> | null = null;
  readonly leaves = new Map<string, Leaf<T>>();
}

/**
 * Finds the route of a request in time that depends on the path's length, not on how many routes there are (but for
 * mixed segments of one place, which are tried one by one). A literal segment beats a mixed one, that beats a parameter,
 * that beats a rest. The path is chosen first and the method then, so that a more general template never answers
 * for a method that the more special one does not have.
 */
export class Router<T> {
  readonly #named = new Map<string, Node<T>>();
  readonly #anyHost = new Node<T>();

  /** The first route over a template wins; later ones of another owner are clashes. `sameOwner` tells whose a target is. */
  static build<T>(
    routes: readonly Route<T>[],
    sameOwner: (a: T, b: T) => boolean,
  ): { router: Router<T>; clashes: readonly RouteClash<T>[] } {
    const router = new Router<T>();
    const clashes: RouteClash<T>[] = [];
    for (const { host } of routes) if (host !== null && !router.#named.has(host)) router.#named.set(host, new Node());
    for (const route of routes) {
      // A route without a host answers on every host that is named anywhere.
      const roots =
        route.host === null ? [router.#anyHost, ...router.#named.values()] : [router.#named.get(route.host) as Node<T>];
      const found = roots.map((root) => insert(root, route, sameOwner)).find((clash) => clash !== null);
      if (found !== undefined && found !== null) clashes.push(found);
    }
    return { router, clashes };
  }

  /** `path` is canonical; `host` too. */
  find(host: string, path: string, method: string): Match<T> {
    const root = this.#named.size === 0 ? this.#anyHost : this.#named.get(host);
    if (root === undefined) return MISDIRECTED;
    if (NEVER.has(method))
      return { kind: 'methodNotAllowed', allow: path === '*' ? [] : allowOf(walk(root, path)?.node ?? null) };
    // The asterisk of OPTIONS speaks of the server as a whole (RFC 9112 §3.2.4), and no API answers for that.
    if (path === '*' || isOwnPath(path)) return NOT_FOUND;
    const place = walk(root, path);
    if (place === null) return NOT_FOUND;
    const leaf = place.node.leaves.get(method) ?? (method === 'HEAD' ? place.node.leaves.get('GET') : undefined);
    if (leaf === undefined) return { kind: 'methodNotAllowed', allow: allowOf(place.node) };
    return { kind: 'matched', target: leaf.route.target, params: paramsOf(leaf.names, place.values) };
  }
}

const MISDIRECTED = { kind: 'misdirected' } as const;
const NOT_FOUND = { kind: 'notFound' } as const;
const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);

function insert<T>(root: Node<T>, route: Route<T>, sameOwner: (a: T, b: T) => boolean): RouteClash<T> | null {
  let node = root;
  for (const segment of route.segments) node = childFor(node, segment);
  const names = route.segments.flatMap(namesOf);
  const other = node.leaves.values().next().value;
  if (other !== undefined && !sameOwner(other.route.target, route.target))
    return { earlier: other.route, later: route };
  for (const method of route.method === '*' ? STAR_METHODS : [route.method]) {
    const earlier = node.leaves.get(method);
    const stars = (earlier?.route.method === '*' ? 1 : 0) + (route.method === '*' ? 1 : 0);
    if (earlier !== undefined && stars !== 1) return { earlier: earlier.route, later: route };
    // A method named by itself beats the star, whichever comes first.
    if (earlier === undefined || route.method !== '*') node.leaves.set(method, { route, names });
  }
  return null;
}

function childFor<T>(node: Node<T>, segment: Segment): Node<T> {
  switch (segment.kind) {
    case 'literal': {
      const child = node.literals.get(segment.text) ?? new Node<T>();
      node.literals.set(segment.text, child);
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
      const child = new Node<T>();
      // The more a pattern says, the earlier it is tried; among equals, in the order of the routes.
      const before = node.mixed.findIndex((entry) => entry.pattern.literalLength < pattern.literalLength);
      node.mixed.splice(before < 0 ? node.mixed.length : before, 0, { pattern, node: child });
      return child;
    }
  }
}

function namesOf(segment: Segment): readonly string[] {
  if (segment.kind === 'literal') return [];
  if (segment.kind !== 'mixed') return [segment.name];
  return segment.pieces.flatMap((piece) => (piece.kind === 'parameter' ? [piece.name] : []));
}

interface Place<T> {
  readonly node: Node<T>;
  readonly values: readonly string[];
}

function walk<T>(root: Node<T>, path: string): Place<T> | null {
  const values: string[] = [];
  const node = descend(root, path, 1, values);
  return node === null ? null : { node, values };
}

/** The node for what follows `from` in the path, or null; `values` grows by the parameters met. Goes back where a more special way ends nowhere. */
function descend<T>(node: Node<T>, path: string, from: number, values: string[]): Node<T> | null {
  const slash = path.indexOf('/', from);
  const end = slash < 0 ? path.length : slash;
  const segment = path.slice(from, end);
  const literal = node.literals.get(segment);
  const kept = values.length;
  const found =
    (literal === undefined ? null : onward(literal, path, slash, values)) ??
    throughMixed(node, path, { segment, slash }, values) ??
    (node.parameter === null || segment === ''
      ? null
      : onward(node.parameter, path, slash, push(values, kept, segment)));
  if (found !== null) return found;
  if (node.rest === null) {
    values.length = kept;
    return null;
  }
  push(values, kept, path.slice(from));
  return node.rest;
}

function onward<T>(node: Node<T>, path: string, slash: number, values: string[]): Node<T> | null {
  if (slash >= 0) return descend(node, path, slash + 1, values);
  return node.leaves.size > 0 ? node : null;
}

function throughMixed<T>(
  node: Node<T>,
  path: string,
  at: { readonly segment: string; readonly slash: number },
  values: string[],
): Node<T> | null {
  const kept = values.length;
  for (const { pattern, node: child } of node.mixed) {
    values.length = kept;
    if (!pattern.match(at.segment, values)) continue;
    const found = onward(child, path, at.slash, values);
    if (found !== null) return found;
  }
  values.length = kept;
  return null;
}

function push(values: string[], kept: number, value: string): string[] {
  values.length = kept;
  values.push(value);
  return values;
}

function allowOf<T>(node: Node<T> | null): readonly string[] {
  if (node === null) return [];
  const methods = new Set([...node.leaves.keys()].filter((method) => !NEVER.has(method)));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

function paramsOf(names: readonly string[], values: readonly string[]): Readonly<Record<string, string>> {
  if (names.length === 0) return NO_PARAMS;
  const params = Object.create(null) as Record<string, string>;
  // The path's escapes have been read as UTF-8 by the canonicalizer, so decoding can't fail.
  for (const [at, name] of names.entries()) params[name] = decodeURIComponent(values[at] as string);
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
