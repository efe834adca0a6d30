import { escapeToken, membersOf } from './json-members.ts';
import { namesOf, shareSpans, type SharedRecord, textOf } from './shared-text.ts';

/** Objects of an OpenAPI document with a member for each path, schema and so on: these are read one by one. */
const DIVIDED = /^(?:|\/paths|\/components|\/components\/[^/]*)$/;

/** Says where the parts of an OpenAPI document lie in its text, so that a thread reads only those that it comes to. */
export function divideDocument(json: SharedArrayBuffer): SharedRecord {
  return shareSpans(
    json,
    membersOf(new Uint8Array(json), (pointer) => DIVIDED.test(pointer)),
  );
}

/**
 * An OpenAPI document that is read when it is needed: to whoever looks at it plain data that can't be changed, with the
 * members of large objects in the order of their names. Each path and each component is read at its first use and is
 * then the same object for ever; what is read of it is kept as long as the document is.
 */
export function openDocument(record: SharedRecord): unknown {
  return openPart(record, '');
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
