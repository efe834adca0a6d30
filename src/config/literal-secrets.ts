import { errorIssue, type Issue, type Place } from '../base/index.ts';
import { Detector } from '../leaks/index.ts';
import { disorderIn, disorderInComment } from './disorder.ts';
import { formatKeyPath, type KeyPath } from './key-path.ts';
import { createLineIndex, type SourceDocument } from './source-document.ts';
import { commentsIn } from './yaml-syntax.ts';

/** A text that is written at some place, and the name of the key nearest to it. */
interface Written {
  readonly path: string;
  readonly keyPath: KeyPath;
  readonly name: string;
}

/** What was found: by its place in the document, or in the text where it is in no value. */
interface Found {
  readonly path: string;
  readonly place: Place | null;
  /** What it looks like, in words. */
  readonly looks: string;
}

/** Nobody reads more. */
const FOUND_LIMIT = 50;
/** Parts texts that are looked at together: no form of a secret goes on behind the quote, and no key behind the NUL. */
const BETWEEN = '"\0"';

const FIX = 'write a reference, such as ${env:NAME}; if it is no secret, name its place in `secrets.notSecrets`';
const TOO_MUCH = 'holds so much that begins like a secret that it can not be looked through';
const FIX_IN_COMMENT = 'take it away, and replace it where it is in use';

let shared: Detector | null = null;

function detector(): Detector {
  const classes = new Set(['secrets', 'privateKeys', 'tokens', 'signedUrls'] as const);
  return (shared ??= new Detector({ classes, allowed: new Set() }));
}

/**
 * Texts of a configuration that look like secrets: by their form, wherever they stand, in comments and keys too; or by their
 * disorder, where they stand at a key that bears secrets by its name. The places that `secrets.notSecrets` names are left
 * out, and nothing else is: one that is none at one place may be one at the next. What is found is never repeated. Takes
 * time by the length of the text.
 */
export function literalSecretIssues(
  document: SourceDocument,
  { text, file }: { readonly text: string; readonly file: string },
): Issue[] {
  const excepted = exceptions(document.value);
  const written = textsIn(document.value);
  const inValues = findInValues(written);
  const besides = findBesides(text, file, inValues?.texts ?? new Set());
  // What can not be looked through may hold anything.
  if (inValues === null || besides === null) return [errorIssue('', TOO_MUCH, { fix: FIX_IN_COMMENT })];
  const found: Found[] = [
    ...inValues.found,
    ...findDisorder(written, new Set(inValues.found.map(({ path }) => path))),
  ].map((one) => ({ ...one, place: document.locate(one.keyPath)?.value ?? null }));
  return [
    ...found.filter(({ path }) => !excepted.has(path)).map((one) => issueOf(one, FIX)),
    ...besides.map((one) => issueOf(one, FIX_IN_COMMENT)),
  ].slice(0, FOUND_LIMIT);
}

function issueOf({ path, place, looks }: Found, fix: string): Issue {
  return errorIssue(path, `a text here looks like ${looks}; secrets never stand in the configuration`, { place, fix });
}

function exceptions(value: unknown): ReadonlySet<string> {
  const listed = memberOf(memberOf(value, 'secrets'), 'notSecrets');
  return new Set(Array.isArray(listed) ? listed.filter((one) => typeof one === 'string') : []);
}

function memberOf(value: unknown, name: string): unknown {
  const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isThere ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Every text that is a value, once, with all places at which it stands. */
function textsIn(document: unknown): ReadonlyMap<string, readonly Written[]> {
  const texts = new Map<string, Written[]>();
  const visit = (value: unknown, keyPath: KeyPath, name: string): void => {
    if (typeof value === 'string') {
      const places = texts.get(value);
      const one = { path: formatKeyPath(keyPath), keyPath, name };
      if (places === undefined) texts.set(value, [one]);
      else places.push(one);
    } else if (Array.isArray(value)) value.forEach((element, index) => visit(element, [...keyPath, index], name));
    else if (typeof value === 'object' && value !== null)
      for (const [key, member] of Object.entries(value)) visit(member, [...keyPath, key], key);
  };
  visit(document, [], '');
  return texts;
}

type Placed = Omit<Found, 'place'> & { readonly keyPath: KeyPath };

/** Looks at all values in one walk, and tells besides which texts those are that were found; null where there is too much. */
function findInValues(written: ReadonlyMap<string, readonly Written[]>): {
  readonly found: readonly Placed[];
  readonly texts: ReadonlySet<string>;
} | null {
  // What somebody has encoded is looked at as it was before, too.
  const values = [...written.keys()].flatMap((value) => [value, ...decodedOf(value)].map((text) => ({ value, text })));
  const bytes = Buffer.from(values.map(({ text }) => text).join(BETWEEN));
  const ends: number[] = [];
  let end = 0;
  for (const { text } of values) ends.push((end += Buffer.byteLength(text) + BETWEEN.length));
  const found: Placed[] = [];
  const texts = new Set<string>();
  const told = new Set<string>();
  const findings = detector().find(bytes, 'none');
  if (findings === null) return null;
  let at = 0;
  for (const { form, from, to } of findings) {
    while ((ends[at] as number) <= from) at++;
    texts.add(plainOf(bytes.toString('utf8', from, to)));
    for (const { path, keyPath } of written.get(values[at]?.value ?? '') ?? []) {
      if (told.has(path)) continue;
      told.add(path);
      found.push({ path, keyPath, looks: wordsOf(form) });
    }
  }
  return { found, texts };
}

const BASE64 = /^[A-Za-z0-9+/_-]{20,65536}={0,2}$/;

/** The same text without the encoding of URLs, and what a text in base64 holds where that is a text. */
function decodedOf(value: string): readonly string[] {
  const plain = /%[0-9A-Fa-f]{2}/.test(value)
    ? [value.replace(/%[2-7][0-9A-Fa-f]/g, (code) => decodeURIComponent(code))]
    : [];
  if (!BASE64.test(value)) return plain;
  const text = Buffer.from(value, 'base64').toString('latin1');
  return /^[\t\n\r\x20-\x7e]+$/.test(text) ? [...plain, text] : plain;
}

/** What stands in no value: in a comment, or a key; null where there is too much. */
function findBesides(text: string, file: string, known: ReadonlySet<string>): readonly Found[] | null {
  const bytes = Buffer.from(text);
  const lines = createLineIndex(file, text);
  const findings = detector().find(bytes, 'none');
  if (findings === null) return null;
  const formed = findings
    .filter(({ from, to }) => !known.has(plainOf(bytes.toString('utf8', from, to))))
    .slice(0, FOUND_LIMIT)
    .map(({ form, from }) => {
      const place = lines.placeAt(bytes.toString('utf8', 0, from).length);
      return { path: '', place, looks: wordsOf(form) };
    });
  const told = new Set(formed.map(({ place }) => place.line));
  // A line of a text may be a comment in whatever reads that text.
  const linesOfText = [...text.matchAll(/^[ \t]*#.{16,}$/gm)].map(({ 0: comment, index }) => ({ comment, at: index }));
  const disorderly: Found[] = [];
  for (const { comment, at } of [...linesOfText, ...commentsIn(text)]) {
    const place = lines.placeAt(at);
    if (told.has(place.line) || !disorderInComment(comment)) continue;
    told.add(place.line);
    disorderly.push({ path: '', place, looks: 'a secret, for it is without order behind a name of such' });
  }
  return [...formed, ...disorderly];
}

/** A key of many lines is indented in the file, and not in its value; in a comment each line has its own sign. */
function plainOf(text: string): string {
  return text.replace(/[\s#]/g, '');
}

function wordsOf(form: string): string {
  return `a secret (${form})`;
}

function findDisorder(written: ReadonlyMap<string, readonly Written[]>, known: ReadonlySet<string>): readonly Placed[] {
  return [...written].flatMap(([text, places]) =>
    places.flatMap(({ name, path, keyPath }) => {
      const looks = known.has(path) ? null : disorderIn(text, name);
      return looks === null ? [] : [{ path, keyPath, looks }];
    }),
  );
}
