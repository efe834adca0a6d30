import { surveyDocument, tellOfDocument } from '../openapi/index.ts';
import { escapeToken, membersOf } from './json-members.ts';
import {
  hasName,
  namesOf,
  shareNames,
  shareRecord,
  type SharedRecord,
  type SharedTexts,
  shareSpans,
  textOf,
} from './shared-text.ts';

/** Objects of an OpenAPI document with a member for each path, schema and so on: these are read one by one. */
const DIVIDED = /^(?:|\/paths|\/components|\/components\/[^/]*)$/;

/** An OpenAPI document as it is sent to a thread. */
export interface DividedDocument {
  /** By JSON Pointer, in the document's own text. */
  readonly parts: SharedRecord;
  /** All names that any `properties` has; null where nobody is going to ask for them. */
  readonly propertyNames: SharedTexts | null;
  /** By anchor: the JSON of its pointer, or of null. */
  readonly anchors: SharedRecord;
  /** Whether an object may have a key `$id`. */
  readonly identified: boolean;
}

/**
 * Says where the parts of an OpenAPI document lie in its text, so that a thread reads only those that it comes to; and
 * what only a reading of the whole can tell, so that no thread that serves requests has to read it.
 */
export function divideDocument(
  json: SharedArrayBuffer,
  { withNames }: { readonly withNames: boolean },
): DividedDocument {
  const bytes = Buffer.from(json);
  const parts = shareSpans(
    json,
    membersOf(bytes, (pointer) => DIVIDED.test(pointer)),
  );
  const identified = mayHold(bytes, '$id');
  if (!withNames && !mayHold(bytes, 'nchor')) {
    return { parts, propertyNames: null, anchors: shareRecord(new Map()), identified };
  }
  const { propertyNames, anchors } = surveyDocument(JSON.parse(bytes.toString()));
  return {
    parts,
    propertyNames: withNames ? shareNames(propertyNames) : null,
    anchors: shareRecord(new Map([...anchors].map(([name, pointer]) => [name, JSON.stringify(pointer)]))),
    identified,
  };
}

/** Only a text with these letters, or with some that are escaped by their numbers, can have a key of them. */
function mayHold(bytes: Buffer, letters: string): boolean {
  return bytes.includes(letters) || bytes.includes('\\u');
}

/**
 * An OpenAPI document that is read when it is needed: to whoever looks at it plain data that can't be changed, with the
 * members of large objects in the order of their names. Each path and each component is read at its first use and is
 * then the same object for ever; what is read of it is kept as long as the document is.
 */
export function openDocument(divided: DividedDocument): unknown {
  return withKnown(openPart(divided.parts, ''), divided);
}

/** The same document read at once, for whoever is going to read all of it. */
export function readWhole(divided: DividedDocument): unknown {
  return withKnown(JSON.parse(Buffer.from(divided.parts.texts.bytes).toString()), divided);
}

function withKnown(document: unknown, { propertyNames, anchors, identified }: DividedDocument): unknown {
  if (typeof document !== 'object' || document === null) return document;
  tellOfDocument(document, {
    propertyNames: propertyNames === null ? null : { has: (name) => hasName(propertyNames, name) },
    anchor(name) {
      const pointer = textOf(anchors, name);
      return pointer === null ? undefined : (JSON.parse(pointer) as string | null);
    },
    identified,
  });
  return document;
}

function openPart(record: SharedRecord, pointer: string): unknown {
  const text = textOf(record, pointer);
  if (text === null) return undefined;
  return text === '' ? new Proxy(Object.create(null) as object, new LazyObject(record, pointer)) : JSON.parse(text);
}

/** What an object answers that was never made whole. Its target stays empty. */
class LazyObject implements ProxyHandler<object> {
  readonly #record: SharedRecord;
  readonly #pointer: string;
  /** No more than the document has. */
  readonly #read = new Map<string, unknown>();

  constructor(record: SharedRecord, pointer: string) {
    this.#record = record;
    this.#pointer = pointer;
  }

  get(_: object, name: string | symbol): unknown {
    if (typeof name !== 'string') return undefined;
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    const value = openPart(this.#record, `${this.#pointer}/${escapeToken(name)}`);
    // A JSON text has no undefined, so that is a member that is not there.
    if (value !== undefined) this.#read.set(name, value);
    return value;
  }

  has(target: object, name: string | symbol): boolean {
    return this.get(target, name) !== undefined;
  }

  ownKeys(): string[] {
    const start = `${this.#pointer}/`;
    return [...namesOf(this.#record)].flatMap((pointer) => {
      const token = pointer.startsWith(start) ? pointer.slice(start.length) : '/';
      return token.includes('/') ? [] : [token.replaceAll('~1', '/').replaceAll('~0', '~')];
    });
  }

  getOwnPropertyDescriptor(target: object, name: string | symbol): PropertyDescriptor | undefined {
    const value = this.get(target, name);
    return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: true };
  }

  set(): boolean {
    return false;
  }

  defineProperty(): boolean {
    return false;
  }

  deleteProperty(): boolean {
    return false;
  }
}
