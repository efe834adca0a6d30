/** A media type as it was sent: in lower case but for the values of its parameters, whose names are in lower case. */
export interface SentMediaType {
  readonly type: string;
  readonly subtype: string;
  readonly suffix: string | null;
  readonly essence: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** A media range that can be compared with media types. */
export interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/**
 * Reads a media range in its canonical form, as descriptions hold it. A `charset` of UTF-8 is left out: text is read as
 * UTF-8 in any case, so it tells no types apart.
 */
export function readMediaRange(text: string): MediaRange {
  const [essence = '', ...parameters] = text.match(/(?:[^;"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  const [type = '', subtype = ''] = essence.split('/');
  return {
    type,
    subtype,
    parameters: parameters.map(readParameter).filter(([name, value]) => name !== 'charset' || !isUtf8(value)),
  };
}

/**
 * The most specific of the entries whose range takes the media type (RFC 9110 §12.5.1): the type itself, then a suffix
 * (`application/*+json`), then `type/*`, then any type; among equals the one with more parameters, then the first.
 * Null where none does.
 */
export function chooseMediaRange<T extends { readonly range: MediaRange }>(
  entries: readonly T[],
  sent: SentMediaType,
): T | null {
  let chosen: T | null = null;
  let best = -1;
  for (const entry of entries) {
    const score = scoreOf(entry.range, sent);
    if (score > best) {
      chosen = entry;
      best = score;
    }
  }
  return chosen;
}

// More than the parameters that a Content-Type may have, so that they never outweigh a closer type.
const STEP = 100;

function scoreOf({ type, subtype, parameters }: MediaRange, sent: SentMediaType): number {
  const closeness = closenessOf(type, subtype, sent);
  if (closeness < 0) return -1;
  for (const [name, value] of parameters) {
    const given = sent.parameters.get(name);
    if (given === undefined || !isSame(name, given, value)) return -1;
  }
  return closeness * STEP + Math.min(parameters.length, STEP - 1);
}

function closenessOf(type: string, subtype: string, sent: SentMediaType): number {
  if (type === '*') return 0;
  if (type !== sent.type) return -1;
  if (subtype === '*') return 1;
  if (subtype.startsWith('*+')) return sent.suffix === subtype.slice(2) ? 2 : -1;
  return subtype === sent.subtype ? 3 : -1;
}

/** Names of character sets have no case (RFC 9110 §8.3.2); what others mean is not known here. */
function isSame(name: string, one: string, other: string): boolean {
  return name === 'charset' ? one.toLowerCase() === other.toLowerCase() : one === other;
}

function isUtf8(value: string): boolean {
  return value.toLowerCase() === 'utf-8';
}

function readParameter(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  const value = text.slice(equals + 1).trim();
  const meant = value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  return [text.slice(0, equals).trim(), meant];
}
