/** Texts in shared bytes: what is sent to a thread is where they lie. `spans` holds the start and end of each, 32 bits each. */
export interface SharedTexts {
  readonly bytes: SharedArrayBuffer;
  readonly spans: SharedArrayBuffer;
}

/** Texts by name. Names are sorted by their UTF-16 code units and found by halving. */
export interface SharedRecord {
  readonly names: SharedTexts;
  readonly texts: SharedTexts;
}

/** Where a text lies in bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const SPAN_BYTES = 8;

/** Puts texts into shared bytes, in their order. */
export function shareTexts(texts: readonly string[]): SharedTexts {
  return share(texts, 'utf8');
}

/** Puts texts by name into shared bytes. */
export function shareRecord(given: ReadonlyMap<string, string>): SharedRecord {
  const names = [...given.keys()].sort();
  return { names: shareNames(names), texts: shareTexts(names.map((name) => given.get(name) as string)) };
}

/** Names parts of UTF-8 text that lies in shared bytes already. */
export function shareSpans(bytes: SharedArrayBuffer, given: ReadonlyMap<string, Span>): SharedRecord {
  const names = [...given.keys()].sort();
  return { names: shareNames(names), texts: { bytes, spans: spansOf(names.map((name) => given.get(name) as Span)) } };
}

/** The names of a record, as sorted. */
export function* namesOf({ names }: SharedRecord): Generator<string> {
  const view = viewOf(names);
  for (let index = 0; index < countOf(names); index++) yield read(view, index, 'utf16le');
}

/** How many texts there are. */
export function countOf({ spans }: SharedTexts): number {
  return spans.byteLength / SPAN_BYTES;
}

/** The text of this number, decoded anew each time; `''` for a number that none has. */
export function textAt(texts: SharedTexts, index: number): string {
  return read(viewOf(texts), index, 'utf8');
}

/**
 * Puts names into shared bytes, sorted, so that each can be asked for. UTF-8 has no form for half of a surrogate pair,
 * which a key of JSON may be; names that differ must stay different.
 */
export function shareNames(names: Iterable<string>): SharedTexts {
  return share([...names].sort(), 'utf16le');
}

/** Whether a name is among those of `shareNames`. */
export function hasName(names: SharedTexts, name: string): boolean {
  return placeOf(names, name) >= 0;
}

/** The text of a name, decoded anew each time; null for a name that is not there. */
export function textOf({ names, texts }: SharedRecord, name: string): string | null {
  const place = placeOf(names, name);
  return place < 0 ? null : textAt(texts, place);
}

/** The place of a name among sorted ones, or -1. */
function placeOf(names: SharedTexts, name: string): number {
  const view = viewOf(names);
  let low = 0;
  let high = countOf(names) - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = read(view, middle, 'utf16le');
    if (found === name) return middle;
    if (found < name) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

type Encoding = 'utf8' | 'utf16le';

function share(texts: readonly string[], encoding: Encoding): SharedTexts {
  const joined = encoding === 'utf8' ? shareAscii(texts) : null;
  if (joined !== null) return joined;
  const spans = spansBy(texts, (text) => Buffer.byteLength(text, encoding));
  const bytes = new SharedArrayBuffer(spans.at(-1)?.end ?? 0);
  const view = Buffer.from(bytes);
  for (const [index, text] of texts.entries()) view.write(text, spans[index]?.start ?? 0, encoding);
  return { bytes, spans: spansOf(spans) };
}

/** At one go, which costs less; null where a character takes more than a byte. */
function shareAscii(texts: readonly string[]): SharedTexts | null {
  const spans = spansBy(texts, ({ length }) => length);
  const whole = Buffer.from(texts.join(''));
  if (whole.byteLength !== (spans.at(-1)?.end ?? 0)) return null;
  const bytes = new SharedArrayBuffer(whole.byteLength);
  Buffer.from(bytes).set(whole);
  return { bytes, spans: spansOf(spans) };
}

/** One behind the other. */
function spansBy(texts: readonly string[], bytesOf: (text: string) => number): readonly Span[] {
  let end = 0;
  return texts.map((text) => {
    const start = end;
    end += bytesOf(text);
    return { start, end };
  });
}

function spansOf(spans: readonly Span[]): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(spans.length * SPAN_BYTES);
  const numbers = new Uint32Array(shared);
  for (const [index, { start, end }] of spans.entries()) {
    numbers[index * 2] = start;
    numbers[index * 2 + 1] = end;
  }
  return shared;
}

interface View {
  readonly bytes: Buffer<SharedArrayBuffer>;
  readonly spans: Uint32Array;
}

/** Made once for all texts that lie together: to make one takes longer than to read a text by it. */
const views = new WeakMap<SharedTexts, View>();

function viewOf(texts: SharedTexts): View {
  const known = views.get(texts);
  if (known !== undefined) return known;
  const view = { bytes: Buffer.from(texts.bytes), spans: new Uint32Array(texts.spans) };
  views.set(texts, view);
  return view;
}

function read({ bytes, spans }: View, index: number, encoding: Encoding): string {
  return bytes.toString(encoding, spans[index * 2] ?? 0, spans[index * 2 + 1] ?? 0);
}
