import { JSON_MARKS, JsonScan } from './json-scan.ts';
import type { JsonValue } from './json-value.ts';

/** The names of members that go, by the object they are in, which is one of the value that was read. */
export type MembersToCut = ReadonlyMap<object, ReadonlyMap<string, unknown>>;

const { QUOTE, COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT } = JSON_MARKS;

/**
 * Takes members out of a JSON text that `parseJson` has read as `value`. Whatever stays, stays byte for byte and in its
 * order: numbers and texts as they are written, white space too. The result is JSON again, and shares no memory with
 * `bytes`.
 */
export function cutMembers(bytes: Uint8Array, value: JsonValue, members: MembersToCut): Buffer {
  const scan = new JsonScan(bytes);
  new Walk(scan, members).value(value);
  return scan.rest();
}

/** One walk over a text that is known to be JSON, beside what was read of it. */
class Walk {
  readonly #scan: JsonScan;
  readonly #members: MembersToCut;

  constructor(scan: JsonScan, members: MembersToCut) {
    this.#scan = scan;
    this.#members = members;
  }

  /** Passes over a value; its end is where the cursor stands then. */
  value(value: JsonValue | undefined): void {
    const byte = this.#scan.next();
    if (byte === OPEN_OBJECT) this.#object(value as { readonly [name: string]: JsonValue });
    else if (byte === OPEN_ARRAY) this.#array(value as readonly JsonValue[]);
    else if (byte === QUOTE) this.#scan.passString();
    else this.#scan.scalar();
  }

  #object(object: { readonly [name: string]: JsonValue }): void {
    const scan = this.#scan;
    const gone = this.#members.get(object);
    scan.at++;
    /** Where the member before ends, once one has stayed; until then, those that go take the comma behind them along. */
    let endBefore = -1;
    while (scan.next() !== CLOSE_OBJECT) {
      const start = scan.at;
      const name = scan.string();
      if (scan.next() === COLON) scan.at++;
      const goes = gone?.has(name) === true;
      if (goes) scan.skip();
      else this.value(object[name]);
      const end = scan.at;
      const last = scan.next() !== COMMA;
      if (!last) {
        scan.at++;
        scan.next();
      }
      if (goes) scan.drop(endBefore < 0 ? start : endBefore, endBefore < 0 && !last ? scan.at : end);
      if (!goes || endBefore >= 0) endBefore = end;
    }
    scan.at++;
  }

  #array(array: readonly JsonValue[]): void {
    const scan = this.#scan;
    scan.at++;
    for (let index = 0; scan.next() !== CLOSE_ARRAY; index++) {
      this.value(array[index]);
      if (scan.next() === COMMA) scan.at++;
    }
    scan.at++;
  }
}
