import { JSON_MARKS, JsonScan } from './json-scan.ts';
import type { JsonValue } from './json-value.ts';

/** The names of members that go, by the object they are in, which is one of the value that was read. */
export type MembersToCut = ReadonlyMap<object, ReadonlyMap<string, unknown>>;

/** The indexes of elements that go, by the list they are in, which is one of the value that was read. */
export type ElementsToCut = ReadonlyMap<object, ReadonlySet<number>>;

/**
 * Texts that take the place of others, by the object or array they are in, which is one of the value that was read, and
 * there by their name or index.
 */
export type TextsToReplace = ReadonlyMap<object, ReadonlyMap<string, string>>;

/** What is done to a text on one walk over it. */
interface JsonEdits {
  readonly members?: MembersToCut;
  readonly elements?: ElementsToCut;
  readonly texts?: TextsToReplace;
}

const { QUOTE, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT } = JSON_MARKS;

/**
 * Edits a JSON text that `parseJson` has read as `value`. Whatever stays, stays byte for byte and in its order. The result
 * is JSON again, and shares no memory with `bytes`.
 */
export function editJson(bytes: Uint8Array, value: JsonValue, edits: JsonEdits): Buffer {
  const scan = new JsonScan(bytes);
  new Walk(scan, edits).value(value, undefined);
  return scan.rest();
}

/** One walk over a text that is known to be JSON, beside what was read of it. */
class Walk {
  readonly #scan: JsonScan;
  readonly #members: JsonEdits['members'];
  readonly #elements: JsonEdits['elements'];
  readonly #texts: JsonEdits['texts'];

  constructor(scan: JsonScan, { members, elements, texts }: JsonEdits) {
    this.#scan = scan;
    this.#members = members;
    this.#elements = elements;
    this.#texts = texts;
  }

  /** Passes over a value; its end is where the cursor stands then. `instead` takes its place. */
  value(value: JsonValue | undefined, instead: string | undefined): void {
    const scan = this.#scan;
    const byte = scan.next();
    const start = scan.at;
    if (byte === OPEN_OBJECT) this.#object(value as { readonly [name: string]: JsonValue });
    else if (byte === OPEN_ARRAY) this.#array(value as readonly JsonValue[]);
    else if (byte === QUOTE) scan.passString();
    else scan.scalar();
    if (instead === undefined) return;
    if (byte !== QUOTE) throw new Error('what is to be replaced is no text');
    scan.drop(start, scan.at, Buffer.from(JSON.stringify(instead)));
  }

  #object(object: { readonly [name: string]: JsonValue }): void {
    const scan = this.#scan;
    const gone = this.#members?.get(object);
    const texts = this.#texts?.get(object);
    scan.items(CLOSE_OBJECT, () => {
      const name = scan.string();
      if (scan.next() === COLON) scan.at++;
      const goes = gone?.has(name) === true;
      if (goes) scan.skip();
      else this.value(object[name], texts?.get(name));
      return goes;
    });
  }

  #array(array: readonly JsonValue[]): void {
    const gone = this.#elements?.get(array);
    const texts = this.#texts?.get(array);
    let index = 0;
    this.#scan.items(CLOSE_ARRAY, () => {
      const at = index++;
      const goes = gone?.has(at) === true;
      if (goes) this.#scan.skip();
      else this.value(array[at], texts?.get(String(at)));
      return goes;
    });
  }
}
