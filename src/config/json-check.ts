import { decodeString, endOfScalar, endOfString, skipSpace } from './json-text.ts';

/** What is wrong with a JSON text, by offset. `duplicates` are keys that stand twice in one object. */
export interface JsonCheck {
  readonly fault: { readonly offset: number; readonly reason: 'syntax' | 'depth' } | null;
  readonly duplicates: readonly { readonly key: string; readonly offset: number }[];
}

const DUPLICATE_LIMIT = 20;

interface Walk {
  readonly text: string;
  readonly depthLimit: number;
  /** Where the walk is; after a step that failed, where the fault is. */
  at: number;
  readonly open: { readonly close: string; readonly keys: Set<string> | null }[];
  readonly duplicates: { readonly key: string; readonly offset: number }[];
}

/**
 * Walks a JSON text by the grammar of RFC 8259, for what JSON.parse does not tell: where the first fault is,
 * and which keys stand twice, of which it takes the last unsaid.
 */
export function checkJson(text: string, depthLimit: number): JsonCheck {
  const walk: Walk = { text, depthLimit, at: skipSpace(text, 0), open: [], duplicates: [] };
  for (;;) {
    const step = beginValue(walk);
    if (step === 'syntax' || step === 'depth') return faulty(walk, step);
    if (step === 'entered') continue;
    closeFinished(walk);
    if (walk.open.length === 0) break;
    if (!beginNext(walk)) return faulty(walk, 'syntax');
  }
  return walk.at === text.length ? { fault: null, duplicates: walk.duplicates } : faulty(walk, 'syntax');
}

function faulty({ at, duplicates }: Walk, reason: 'syntax' | 'depth'): JsonCheck {
  return { fault: { offset: at, reason }, duplicates };
}

/** Steps over a scalar or an empty container, or enters a container up to its first value. */
function beginValue(walk: Walk): 'passed' | 'entered' | 'syntax' | 'depth' {
  const opener = walk.text[walk.at];
  if (opener !== '{' && opener !== '[') return stepTo(walk, endOfScalar(walk.text, walk.at)) ? 'passed' : 'syntax';
  if (walk.open.length >= walk.depthLimit) return 'depth';
  const close = opener === '{' ? '}' : ']';
  walk.at = skipSpace(walk.text, walk.at + 1);
  if (walk.text[walk.at] === close) {
    walk.at = skipSpace(walk.text, walk.at + 1);
    return 'passed';
  }
  walk.open.push({ close, keys: opener === '{' ? new Set() : null });
  return passKey(walk) ? 'entered' : 'syntax';
}

function closeFinished(walk: Walk): void {
  for (let top = walk.open.at(-1); top !== undefined && walk.text[walk.at] === top.close; top = walk.open.at(-1)) {
    walk.open.pop();
    walk.at = skipSpace(walk.text, walk.at + 1);
  }
}

function beginNext(walk: Walk): boolean {
  if (walk.text[walk.at] !== ',') return false;
  walk.at = skipSpace(walk.text, walk.at + 1);
  return passKey(walk);
}

/** Inside an object, steps over `"key":`. */
function passKey(walk: Walk): boolean {
  const keys = walk.open.at(-1)?.keys ?? null;
  if (keys === null) return true;
  const start = walk.at;
  if (!stepTo(walk, endOfString(walk.text, start))) return false;
  const key = decodeString(walk.text.slice(start, endOfString(walk.text, start)));
  if (keys.has(key) && walk.duplicates.length < DUPLICATE_LIMIT) walk.duplicates.push({ key, offset: start });
  keys.add(key);
  if (walk.text[walk.at] !== ':') return false;
  walk.at = skipSpace(walk.text, walk.at + 1);
  return true;
}

/** Goes on behind a token and the space after it; a negative end is the offset of a fault (see `endOfScalar`). */
function stepTo(walk: Walk, end: number): boolean {
  walk.at = end < 0 ? -end - 1 : skipSpace(walk.text, end);
  return end >= 0;
}
