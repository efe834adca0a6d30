import { children, isObject, own, type Site } from './pointer.ts';

/** What can be told of a document only by whoever has read all of it. */
export interface DocumentSurvey {
  /** All names that any `properties` has. */
  readonly propertyNames: ReadonlySet<string>;
  /** By `$anchor` and `$dynamicAnchor` (JSON Schema 2020-12 §8.2.2): the pointer to it, null for a name that stands twice. */
  readonly anchors: ReadonlyMap<string, string | null>;
}

/** Names that can be asked for one by one. */
export interface Names {
  has(name: string): boolean;
}

/** What somebody else has found out about a document; null for what was not looked for. */
export interface KnownOfDocument {
  readonly propertyNames: Names | null;
  /** The pointer of an anchor; null for one that stands twice, undefined for one that is not there. */
  readonly anchor: ((name: string) => string | null | undefined) | null;
  /** False where no object of the document has a key `$id`; true where one may have. */
  readonly identified: boolean;
}

const known = new WeakMap<object, KnownOfDocument>();

/** Tells what is known of a document, so that nobody here reads the whole of it for that. */
export function tellOfDocument(document: object, told: KnownOfDocument): void {
  known.set(document, told);
}

/** What was told of a document, or null. */
export function knownOf(document: unknown): KnownOfDocument | null {
  return isObject(document) ? (known.get(document) ?? null) : null;
}

/** Reads a whole document that is within the bounds. */
export function surveyDocument(document: unknown): DocumentSurvey {
  const propertyNames = new Set<string>();
  const anchors = new Map<string, string | null>();
  const waiting: Site[] = [{ value: document, pointer: '' }];
  for (let site = waiting.pop(); site !== undefined; site = waiting.pop()) {
    for (const name of propertiesIn(site.value)) propertyNames.add(name);
    for (const name of anchorsIn(site.value)) anchors.set(name, anchors.has(name) ? null : site.pointer);
    for (const child of children(site)) waiting.push(child);
  }
  return { propertyNames, anchors };
}

function propertiesIn(value: unknown): readonly string[] {
  const properties = isObject(value) ? own(value, 'properties') : undefined;
  return isObject(properties) ? Object.keys(properties) : [];
}

/** A schema that has both is one place. */
function anchorsIn(value: unknown): Iterable<string> {
  const names = isObject(value) ? [own(value, '$anchor'), own(value, '$dynamicAnchor')] : [];
  return new Set(names.filter((name) => typeof name === 'string'));
}
