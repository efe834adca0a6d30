import type { RequestEditor } from '../../exchange.ts';
import type { HeaderMap } from '../../../wire/index.ts';
import type { SealedTags } from './sealed-tags.ts';

/** The next entity tag of a list (RFC 9110 §8.8.3, §13.1.1), and what stands before it. */
const NEXT_TAG = /[\t ,]*((?:W\/)?"[!\x23-\x7e\x80-\xff]*")[\t ]*(?:,|$)/y;
/** More than clients have of one thing. */
const TAGS_LIMIT = 100;

/** The tags of a list; null for one that is none, or has more than anybody needs. */
function tagsOf(list: string): readonly string[] | null {
  const tags: string[] = [];
  NEXT_TAG.lastIndex = 0;
  while (NEXT_TAG.lastIndex < list.length) {
    const found = NEXT_TAG.exec(list);
    if (found === null || tags.length === TAGS_LIMIT) return null;
    tags.push(found[1] as string);
  }
  return tags;
}

/**
 * Puts the upstream's own tags in the place of those that it was asked by, for a request that changes something. What
 * nobody here has sealed goes on as it is: it is the upstream's to compare.
 */
export function openWrites(headers: HeaderMap, editor: RequestEditor, tags: SealedTags): void {
  for (const name of ['if-match', 'if-none-match']) {
    const said = headers.get(name);
    const list = said === null ? null : tagsOf(said);
    if (list === null || !list.some((each) => tags.open(each) !== null)) continue;
    editor.setHeader(name, list.map((each) => tags.open(each)?.tag ?? each).join(', '));
  }
}

/** What no upstream has given out: a condition on nothing that is known here stays one, and does not hold. */
const UNKNOWN_TAG = '"pf-"';

/** Times and differences (RFC 3229) tell no sets of fields apart. */
const WITHOUT_SETS = ['if-modified-since', 'if-unmodified-since', 'a-im'];

/** For whom tags are opened. `asks`: whether anything is asked about at all. */
interface Asking {
  readonly tags: SealedTags;
  readonly set: string;
  readonly asks: boolean;
}

/**
 * The same for one that reads: only what was given for this very set of fields is asked about, for by a 304 the client, or
 * a cache before it, goes on to use what it has. Nor may a tag that somebody guessed be held against the upstream's own,
 * which may be a hash of the whole: a 412 tells as much as a 304. Says whether a 304 may come of it.
 */
export function openReads(headers: HeaderMap, editor: RequestEditor, asking: Asking): boolean {
  for (const name of WITHOUT_SETS) if (headers.has(name)) editor.removeHeader(name);
  openMatch(headers, editor, asking);
  const said = headers.get('if-none-match');
  if (said === null) return false;
  const own = ownTags(said, asking);
  if (own.length === 0) editor.removeHeader('if-none-match');
  else editor.setHeader('if-none-match', own.join(', '));
  return own.length > 0;
}

/** `*` asks whether there is anything at all. */
function openMatch(headers: HeaderMap, editor: RequestEditor, asking: Asking): void {
  const said = headers.get('if-match');
  if (said === null) return;
  const own = ownTags(said, asking);
  if (!asking.asks) editor.removeHeader('if-match');
  else if (own.length > 0) editor.setHeader('if-match', own.join(', '));
  else if (said !== '*') editor.setHeader('if-match', UNKNOWN_TAG);
}

function ownTags(list: string, { tags, set, asks }: Asking): readonly string[] {
  const opened = (asks ? (tagsOf(list) ?? []) : []).flatMap((each) => tags.open(each) ?? []);
  return opened.filter((each) => each.set === set).map(({ tag }) => tag);
}
