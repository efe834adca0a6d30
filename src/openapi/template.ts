import { err, ok, type Result } from '../base/index.ts';
import { canonicalLiteral } from './path-literal.ts';

/** A part of a mixed segment. */
type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string };

/**
 * What stands between two slashes.
 * - `literal` is compared byte for byte with a segment of a canonical request path; it is empty for `/` itself and for
 *   what follows a trailing slash.
 * - `parameter` takes one whole segment of at least one character.
 * - `mixed` has literals around and between its parameters, never two parameters side by side. A parameter takes at
 *   least one character. Where a literal parts two parameters, the value before it should not hold that literal:
 *   otherwise the segment has two readings, and the API may take the other one.
 * - `rest` takes all remaining segments, also none of them (`/` or `/x/`); only routes written by hand have it.
 */
export type Segment =
  | Piece
  | { readonly kind: 'mixed'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'rest'; readonly name: string };

/**
 * A path template. `text` is its canonical form, `shape` that form without the parameters' names: two templates of one
 * shape match the same paths. `parameters` are the names in order, the one of `rest` included.
 */
export interface Template {
  readonly text: string;
  readonly shape: string;
  readonly segments: readonly Segment[];
  readonly parameters: readonly string[];
}

/** The longest request target the gateway takes: a longer template could match nothing. */
const LENGTH_LIMIT = 8192;
/** RFC 6570 §2.2: these make of a name an instruction that OpenAPI doesn't have. */
const OPERATOR = /^[+#./;?&]/;

/**
 * Reads a path template as OpenAPI has it (`/orders/{id}`, `/reports/{id}.json`) or as a route written by hand
 * (`/files/{rest...}`). Literals come out as in canonical request paths (see `canonicalLiteral`); a trailing slash is
 * kept and meant. Fails with words that continue "the template …". Reading `text` again gives the same template.
 */
export function parseTemplate(text: string): Result<Template, string> {
  if (!text.startsWith('/')) return err('does not begin with `/`');
  if (text.length > LENGTH_LIMIT) return err(`is longer than ${LENGTH_LIMIT} characters`);
  const parts = text.slice(1).split('/');
  const segments: Segment[] = [];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as string;
    const last = index === parts.length - 1;
    if (part === '' && !last) return err('holds `//`, which the gateway refuses in paths');
    const segment = parseSegment(part);
    if (!segment.ok) return segment;
    if (segment.value.kind === 'rest' && !last) return err('has a `{name...}` that is not its last segment');
    segments.push(segment.value);
  }
  const parameters = segments.flatMap(namesOf);
  const twice = firstRepeated(parameters);
  if (twice !== null) return err(`has two parameters with the name \`${twice}\``);
  const written = printed(segments, (name) => name);
  const shape = parameters.length === 0 ? written : printed(segments, () => '');
  return ok({ text: written, shape, segments, parameters });
}

function parseSegment(text: string): Result<Segment, string> {
  if (!text.includes('{')) {
    const literal = parseLiteral(text);
    return literal.ok ? toSegment([literal.value]) : literal;
  }
  const pieces: Piece[] = [];
  for (let at = 0; at < text.length; ) {
    const open = text[at] === '{';
    const end = open ? text.indexOf('}', at) + 1 : endOfLiteral(text, at);
    if (open && end === 0) return err('has a `{` without its `}` in the same segment');
    const piece = open ? parseParameter(text.slice(at + 1, end - 1)) : parseLiteral(text.slice(at, end));
    if (!piece.ok) return piece;
    if (piece.value.kind === 'parameter' && pieces.at(-1)?.kind === 'parameter') {
      return err('has two parameters with nothing between them, so that nobody can tell where one ends');
    }
    pieces.push(piece.value);
    at = end;
  }
  return toSegment(pieces);
}

function endOfLiteral(text: string, from: number): number {
  const brace = text.indexOf('{', from);
  return brace === -1 ? text.length : brace;
}

function parseLiteral(text: string): Result<Piece, string> {
  if (text.includes('}')) return err('has a `}` without its `{` in the same segment');
  const literal = canonicalLiteral(text);
  return literal.ok ? ok({ kind: 'literal', text: literal.value }) : literal;
}

/** `...` at the end of the name stays there until `toSegment` has seen that the parameter stands alone. */
function parseParameter(name: string): Result<Piece, string> {
  if (name === '' || name === '...') return err('has a parameter without a name');
  if (name.includes('{')) return err('has a `{` inside a parameter');
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(name)) return err('has a control character in the name of a parameter');
  if (OPERATOR.test(name)) {
    return err(`has \`{${name}}\`: \`${name.charAt(0)}\` is an operator of RFC 6570, which OpenAPI does not have`);
  }
  return ok({ kind: 'parameter', name });
}

function toSegment(pieces: readonly Piece[]): Result<Segment, string> {
  const [first] = pieces;
  if (first === undefined) return ok({ kind: 'literal', text: '' });
  if (pieces.length > 1) {
    const rest = pieces.some((piece) => piece.kind === 'parameter' && piece.name.endsWith('...'));
    return rest ? err('has a `{name...}` beside something else in one segment') : ok({ kind: 'mixed', pieces });
  }
  if (first.kind === 'literal') {
    return first.text === '.' || first.text === '..' ? err('holds a dot segment') : ok(first);
  }
  return ok(first.name.endsWith('...') ? { kind: 'rest', name: first.name.slice(0, -3) } : first);
}

function namesOf(segment: Segment): readonly string[] {
  if (segment.kind === 'literal') return [];
  if (segment.kind === 'mixed') return segment.pieces.flatMap(namesOf);
  return [segment.name];
}

function firstRepeated(names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return null;
}

function printed(segments: readonly Segment[], nameOf: (name: string) => string): string {
  let text = '';
  for (const segment of segments) text += `/${printedSegment(segment, nameOf)}`;
  return text;
}

function printedSegment(segment: Segment, nameOf: (name: string) => string): string {
  switch (segment.kind) {
    case 'literal':
      return segment.text;
    case 'parameter':
      return `{${nameOf(segment.name)}}`;
    case 'rest':
      return `{${nameOf(segment.name)}...}`;
    case 'mixed':
      return segment.pieces.map((piece) => printedSegment(piece, nameOf)).join('');
  }
}
