import { JSON_MARKS, JsonScan } from './json-scan.ts';
import type { JsonValue } from './json-value.ts';

/**
 * Texts that take the place of others, by the object or array they are in, which is one of the value that was read, and
 * there by their name or index.
 */
export type TextsToReplace = ReadonlyMap<object, ReadonlyMap<string, string>>;

const { QUOTE, COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT } = JSON_MARKS;

/**
 * Puts other texts in the place of strings in a JSON text that `parseJson` has read as `value`. They are written as
 * `JSON.stringify` does. All else stays byte for byte: names, numbers, other texts and white space. The result is JSON
 * again, and shares no memory with `bytes`. What is no string there is a bug and throws.
 */
export function replaceTexts(bytes: Uint8Array, value: JsonValue, texts: TextsToReplace): Buffer {
  const scan = new JsonScan(bytes);
  new Walk(scan, texts).value(value, undefined);
  return scan.rest();
}

/** One walk over a text that is known to be JSON, beside what was read of it. */
class Walk {
  readonly #scan: JsonScan;
  readonly #texts: TextsToReplace;

  constructor(scan: JsonScan, texts: TextsToReplace) {
    this.#scan = scan;
    this.#texts = texts;
  }

  /** Passes over a value; `instead` takes its place. */
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
    const texts = this.#texts.get(object);
    scan.at++;
    while (scan.next() !== CLOSE_OBJECT) {
      const name = scan.string();
      if (scan.next() === COLON) scan.at++;
      this.value(object[name], texts?.get(name));
      if (scan.next() === COMMA) scan.at++;
    }
    scan.at++;
  }

  #array(array: readonly JsonValue[]): void {
    const scan = this.#scan;
    const texts = this.#texts.get(array);
    scan.at++;
    for (let index = 0; scan.next() !== CLOSE_ARRAY; index++) {
      this.value(array[index], texts?.get(String(index)));
      if (scan.next() === COMMA) scan.at++;
    }
    scan.at++;
  }
}
