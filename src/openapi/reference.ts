import { err, ok, type Result } from '../base/index.ts';
import { BOUNDS } from './bounds.ts';
import { quoted, type Report } from './issue-log.ts';
import { descend, isObject, own, parsePointer, type PlainObject, pointerTo, type Site, valueAt } from './pointer.ts';
import { knownOf, surveyDocument } from './survey.ts';

/** Follows the `$ref`s of one document. Each is looked up once, and what is wrong with it is reported once. */
export interface References {
  /**
   * The first site on the chain from `holder` that is no reference (`holder` itself where it is none), or null where
   * there is no such site: then the reason was reported.
   */
  follow(holder: Site, report: Report): Site | null;
  /** What a `$ref` with this text means, one step far; null where it means nothing. */
  target(text: string): Site | null;
}

interface Fault {
  readonly message: string;
  readonly fix?: string;
}

/** Where a chain ends, and how many references it still has from here. */
interface End {
  readonly site: Site | null;
  readonly length: number;
}

const BUNDLE = 'bundle the document into one file first';

/** Whether a value is an object with a member `$ref`. */
export function isReference(value: unknown): value is PlainObject {
  return isObject(value) && Object.hasOwn(value, '$ref');
}

/** The references of a document that is within the bounds. */
export function createReferences(document: unknown): References {
  const found = new Map<string, Result<Site, Fault>>();
  const ends = new Map<object, End>();
  const anchorOf = anchorsOf(document);

  const lookUp = (text: unknown): Result<Site, Fault> => {
    if (typeof text !== 'string') return err({ message: 'must be text' });
    const before = found.get(text);
    if (before !== undefined) return before;
    const result = find(document, text, anchorOf);
    found.set(text, result);
    return result;
  };

  const follow = (holder: Site, report: Report): Site | null => {
    if (!isReference(holder.value)) return holder;
    const known = ends.get(holder.value);
    if (known !== undefined) return known.site;
    const first = lookUp(own(holder.value, '$ref'));
    if (first.ok && !isReference(first.value.value)) {
      // Most lead to the thing itself.
      ends.set(holder.value, { site: first.value, length: 1 });
      return first.value;
    }
    const trail = new Map<object, Site>();
    let at: Site = holder;
    while (isReference(at.value)) {
      const before = trail.has(at.value) ? circle(trail, at, report) : ends.get(at.value);
      if (before !== undefined) return remember(ends, trail, before, report);
      trail.set(at.value, at);
      const next = lookUp(own(at.value, '$ref'));
      if (!next.ok) return remember(ends, trail, broken(at, next.error, report), report);
      at = next.value;
    }
    return remember(ends, trail, { site: at, length: 0 }, report);
  };

  return {
    follow,
    target(text) {
      const result = lookUp(text);
      return result.ok ? result.value : null;
    },
  };
}

function broken(at: Site, fault: Fault, report: Report): End {
  report(pointerTo(at.pointer, '$ref'), fault.message, fault.fix);
  return { site: null, length: 0 };
}

function circle(trail: ReadonlyMap<object, Site>, at: Site, report: Report): End {
  const pointers = [...trail.values()].map((site) => site.pointer);
  const round = pointers.slice([...trail.keys()].indexOf(at.value as object)).concat(at.pointer);
  const shown = round.length > 10 ? [...round.slice(0, 8), '…', at.pointer] : round;
  report(
    pointerTo(at.pointer, '$ref'),
    `refers in a circle that never reaches a thing: ${shown.map((pointer) => quoted(`#${pointer}`)).join(' → ')}`,
  );
  return { site: null, length: 0 };
}

/** Walks the trail back, so that whoever comes to a part of it later knows its end without walking. */
function remember(ends: Map<object, End>, trail: ReadonlyMap<object, Site>, end: End, report: Report): Site | null {
  let last = end;
  for (const [value, at] of [...trail].toReversed()) {
    if (last.site !== null && last.length >= BOUNDS.chain) {
      report(pointerTo(at.pointer, '$ref'), `leads over more than ${BOUNDS.chain} references to its end`);
      last = { site: null, length: 0 };
    } else {
      last = { site: last.site, length: last.length + 1 };
    }
    ends.set(value, last);
  }
  return last.site;
}

/** Reads a reference (RFC 3986 §4.4, RFC 6901 §6): `#/a/b` by pointer, `#name` by anchor; anything else is elsewhere. */
function find(document: unknown, text: string, anchorOf: AnchorOf): Result<Site, Fault> {
  if (!text.startsWith('#')) return err({ message: `refers to another document: ${quoted(text)}`, fix: BUNDLE });
  const fragment = decodeFragment(text.slice(1));
  if (fragment === null) return err({ message: `is no reference: ${quoted(text)} is not percent-encoded UTF-8` });
  if (fragment !== '' && !fragment.startsWith('/')) return findAnchor(document, fragment, anchorOf);
  const tokens = parsePointer(fragment);
  if (!tokens.ok) return err({ message: `is no reference: ${quoted(text)} ${tokens.error}` });
  const value = descend(document, tokens.value);
  if (value === undefined) return err({ message: `refers to ${quoted(text)}, which is not in the document` });
  return ok({ value, pointer: fragment });
}

function findAnchor(document: unknown, name: string, anchorOf: AnchorOf): Result<Site, Fault> {
  const pointer = anchorOf(name);
  if (pointer === undefined)
    return err({ message: `refers to the anchor ${quoted(name)}, which is not in the document` });
  if (pointer === null) return err({ message: `refers to the anchor ${quoted(name)}, which is there more than once` });
  return ok({ value: valueAt(document, pointer), pointer });
}

function decodeFragment(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** The pointer of an anchor; null for one that stands twice, undefined for one that is not there. */
type AnchorOf = (name: string) => string | null | undefined;

/** As it was told, or from a reading of the whole document once somebody asks. */
function anchorsOf(document: unknown): AnchorOf {
  const told = knownOf(document)?.anchor ?? null;
  if (told !== null) return told;
  let anchors: ReadonlyMap<string, string | null> | null = null;
  return (name) => (anchors ??= surveyDocument(document).anchors).get(name);
}
