import type { Segment } from '../openapi/index.ts';
import { IN_SEGMENTS, percentEncoded } from './percent-encoding.ts';

/** A path that is written for each request: segments of a template, whose parameters are those of the operation. */
export interface PathText {
  /** The template in its canonical form. */
  readonly text: string;
  readonly segments: readonly Segment[];
}

/** The parameters of a request's path, decoded. */
export type PathParams = Readonly<Record<string, string>>;

/**
 * What is wrong with the parameters that a path takes from an operation whose template has these segments, in words;
 * null where it can always be written. One of several segments stands at the end alone, for its slashes are no text.
 */
export function paramFault(path: PathText, known: readonly Segment[]): string | null {
  const [single, rest] = [new Set(known.flatMap(singleNames)), new Set(known.flatMap(restNames))];
  const unknown = (name: string): string => `the path of this operation has no parameter \`${name}\``;
  for (const segment of path.segments) {
    for (const name of singleNames(segment)) {
      if (rest.has(name)) return `\`${name}\` may hold several segments: write \`{${name}...}\` as the last one`;
      if (!single.has(name)) return unknown(name);
    }
    for (const name of restNames(segment)) if (!rest.has(name) && !single.has(name)) return unknown(name);
  }
  return null;
}

/** The names of all parameters that a path with these segments has. */
export function paramNames(segments: readonly Segment[]): readonly string[] {
  return segments.flatMap((segment) => [...singleNames(segment), ...restNames(segment)]);
}

function singleNames(segment: Segment): readonly string[] {
  if (segment.kind === 'parameter') return [segment.name];
  return segment.kind === 'mixed' ? segment.pieces.flatMap(singleNames) : [];
}

function restNames(segment: Segment): readonly string[] {
  return segment.kind === 'rest' ? [segment.name] : [];
}

/**
 * The canonical path for these parameters, which `paramFault` has nothing against. None can add a segment, a query or a
 * host. Null where a segment comes out as one of dots, which servers resolve, or as an empty one before others, which makes
 * a host of the next: a client that sends such a value is refused.
 */
export function writePath({ segments }: PathText, params: PathParams): string | null {
  let path = '';
  for (const segment of segments) {
    // What takes the place of several segments has been cut at slashes that stood in the request's own path.
    const written =
      segment.kind === 'rest' ? valueOf(params, segment.name).split('/').map(encoded) : [writeSegment(segment, params)];
    if (written.some(isDots)) return null;
    path += `/${written.join('/')}`;
  }
  return path.includes('//') ? null : path;
}

function writeSegment(segment: Exclude<Segment, { kind: 'rest' }>, params: PathParams): string {
  switch (segment.kind) {
    case 'literal':
      return segment.text;
    case 'parameter':
      return encoded(valueOf(params, segment.name));
    case 'mixed':
      return segment.pieces.map((piece) => writeSegment(piece, params)).join('');
  }
}

function encoded(text: string): string {
  return percentEncoded(text, IN_SEGMENTS);
}

function valueOf(params: PathParams, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`a path needs the parameter ${name}, which the request does not have`);
  return value;
}

/** As the canonicalizer judges: also two dots with an escape behind them, which some servers cut off before they look. */
function isDots(segment: string): boolean {
  return segment === '.' || segment === '..' || segment.startsWith('..%');
}
