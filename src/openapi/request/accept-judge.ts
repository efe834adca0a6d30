import type { DescribedContent, DescribedResponse } from '../description.ts';
import { parseMediaRange } from '../media-range.ts';
import { type MediaRange, readMediaRange } from './media-range-choice.ts';

/** Whether an Accept field leaves room for a reply that the operation is described to give. */
export type AcceptJudge = (accept: string) => boolean;

/** More than clients write; what is longer is not judged. */
const RANGES_LIMIT = 64;
const LENGTH_LIMIT = 2000;

/**
 * Compiles what replies of an operation may be, to judge Accept fields by (RFC 9110 §12.5.1). Null where nothing can be
 * said: no reply is described, one that tells of success has no content, or content of any type. A field that can't be
 * read counts as one that is not there, as servers have it, and so does one of no ranges: whoever reads it otherwise
 * gives the client a reply that it did not ask for, and nothing worse.
 */
export function compileAccept(responses: readonly DescribedResponse[]): AcceptJudge | null {
  if (!alwaysHasContent(responses)) return null;
  const described = responses.flatMap(({ content }) => content.map(rangeOf));
  if (described.some(({ type }) => type === '*')) return null;
  return (accept) => {
    const ranges = readAccept(accept);
    return ranges === null || described.some((range) => isAccepted(range, ranges));
  };
}

/** Whether each reply of success says what it holds; where none is described, `default` stands for it. */
function alwaysHasContent(responses: readonly DescribedResponse[]): boolean {
  const successes = responses.filter(({ status }) => status.startsWith('2'));
  const meant = successes.length > 0 ? successes : responses.filter(({ status }) => status === 'default');
  return meant.length > 0 && meant.every(({ content }) => content.length > 0);
}

function rangeOf({ mediaRange }: DescribedContent): MediaRange {
  return readMediaRange(mediaRange);
}

/** A range of an Accept field, and whether it lets or excludes what it covers. */
interface AcceptedRange extends MediaRange {
  readonly wanted: boolean;
}

const QUALITY = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** What stands between commas. A quote that nobody closes goes to the end: looked for from each one, it would take too long. */
const PART = /(?:[^,"]|"(?:[^"\\]|\\[^]?)*(?:"|$))+/g;

/** The ranges of a field; null where it has none, or one that can't be read. */
function readAccept(accept: string): readonly AcceptedRange[] | null {
  if (accept.length > LENGTH_LIMIT) return null;
  const parts = accept.match(PART) ?? [];
  if (parts.length > RANGES_LIMIT) return null;
  const ranges: AcceptedRange[] = [];
  for (const part of parts) {
    if (part.trim() === '') continue;
    const range = parseMediaRange(part.trim());
    if (!range.ok) return null;
    const { type, subtype, parameters } = readMediaRange(range.value);
    // What follows `q` was once about the quality; it belongs to no media type.
    const at = parameters.findIndex(([name]) => name === 'q');
    const quality = at < 0 ? '1' : parameters[at]![1];
    if (!QUALITY.test(quality)) return null;
    ranges.push({
      type,
      subtype,
      parameters: at < 0 ? parameters : parameters.slice(0, at),
      wanted: Number(quality) > 0,
    });
  }
  return ranges.length === 0 ? null : ranges;
}

/**
 * Whether a reply of the described range may be wanted. Of the ranges that cover it whatever it is, the most specific
 * one decides; one that covers a part of it, such as `image/png` of `image/*`, is enough if it is wanted.
 */
function isAccepted(described: MediaRange, ranges: readonly AcceptedRange[]): boolean {
  let best = -1;
  let wanted = false;
  for (const range of ranges) {
    const cover = coverOf(range, described);
    if (cover === 'none') continue;
    if (cover === 'part') {
      if (range.wanted) return true;
    } else if (cover > best) {
      best = cover;
      ({ wanted } = range);
    }
  }
  return wanted;
}

/** How specific a range is that covers all of what is described; or that it covers a part of it, or nothing. */
function coverOf(range: MediaRange, described: MediaRange): number | 'part' | 'none' {
  const types = typeCover(range, described);
  if (types === 'none') return 'none';
  let whole = types !== 'part';
  for (const [name, value] of range.parameters) {
    const given = described.parameters.find(([known]) => known === name);
    if (given === undefined) whole = false;
    else if (given[1].toLowerCase() !== value.toLowerCase()) return 'none';
  }
  return whole && types !== 'part' ? types * 100 + range.parameters.length : 'part';
}

function typeCover(range: MediaRange, described: MediaRange): number | 'part' | 'none' {
  if (range.type === '*') return 0;
  if (range.type !== described.type) return 'none';
  if (range.subtype === '*') return 1;
  if (range.subtype === described.subtype) return 2;
  const { subtype } = described;
  if (subtype === '*') return 'part';
  return subtype.startsWith('*+') && range.subtype.endsWith(subtype.slice(1)) ? 'part' : 'none';
}
