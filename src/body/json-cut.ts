import type { JsonValue } from './json-value.ts';
import { bufferOf } from './text.ts';

/** The names of members that go, by the object they are in, which is one of the value that was read. */
export type MembersToCut = ReadonlyMap<object, ReadonlyMap<string, unknown>>;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LAST_SPACE = 0x20;

/**
 * Takes members out of a JSON text that `parseJson` has read as `value`. Whatever stays, stays byte for byte and in its
 * order: numbers and texts as they are written, white space too. The result is JSON again, and shares no memory with
 * `bytes`.
 */
export function cutMembers(bytes: Uint8Array, value: JsonValue, members: MembersToCut): Buffer {
  const walk = new Walk(bufferOf(bytes), members);
  walk.value(value);
  return walk.rest();
}

/** One walk over a text that is known to be JSON, beside what was read of it. */
class Walk {
  readonly #bytes: Buffer;
  readonly #members: MembersToCut;
  readonly #kept: Buffer[] = [];
  /** Up to here all is in `kept`, or is gone. */
  #done = 0;
  #at = 0;

  constructor(bytes: Buffer, members: MembersToCut) {
    this.#bytes = bytes;
    this.#members = members;
  }

  rest(): Buffer {
    this.#kept.push(this.#bytes.subarray(this.#done));
    return Buffer.concat(this.#kept);
  }

  /** Passes over a value; its end is where the cursor stands then. */
  value(value: JsonValue | undefined): void {
    const byte = this.#next();
    if (byte === OPEN_OBJECT) this.#object(value as { readonly [name: string]: JsonValue });
    else if (byte === OPEN_ARRAY) this.#array(value as readonly JsonValue[]);
    else if (byte === QUOTE) this.#string();
    else this.#scalar();
  }

  #object(object: { readonly [name: string]: JsonValue }): void {
    const gone = this.#members.get(object);
    this.#at++;
    /** Where the member before ends, once one has stayed; until then, those that go take the comma behind them along. */
    let endBefore = -1;
    while (this.#next() !== CLOSE_OBJECT) {
      const start = this.#at;
      const name = this.#string();
      if (this.#next() === COLON) this.#at++;
      const goes = gone?.has(name) === true;
      if (goes) this.#skip();
      else this.value(object[name]);
      const end = this.#at;
      const last = this.#next() !== COMMA;
      if (!last) {
        this.#at++;
        this.#next();
      }
      if (goes) this.#drop(endBefore < 0 ? start : endBefore, endBefore < 0 && !last ? this.#at : end);
      if (!goes || endBefore >= 0) endBefore = end;
    }
    this.#at++;
  }

  #array(array: readonly JsonValue[]): void {
    this.#at++;
    for (let index = 0; this.#next() !== CLOSE_ARRAY; index++) {
      this.value(array[index]);
      if (this.#next() === COMMA) this.#at++;
    }
    this.#at++;
  }

  /** Passes over a value that goes. */
  #skip(): void {
    let open = 0;
    do {
      const byte = this.#next();
      if (byte === QUOTE) this.#string();
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        open++;
        this.#at++;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        open--;
        this.#at++;
      } else if (byte === COMMA || byte === COLON) this.#at++;
      else this.#scalar();
    } while (open > 0);
  }

  /** Passes over a string, and yields what it says. */
  #string(): string {
    const bytes = this.#bytes;
    const start = this.#at;
    let plain = true;
    let at = start + 1;
    for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[++at]) {
      if (byte === undefined) throw new Error('what was read as JSON is none');
      if (byte === BACKSLASH) at++;
      if (byte === BACKSLASH || byte >= 0x80) plain = false;
    }
    this.#at = at + 1;
    if (plain) return bytes.toString('latin1', start + 1, at);
    return JSON.parse(bytes.toString('utf8', start, this.#at)) as string;
  }

  #scalar(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    for (let byte = bytes[this.#at]; byte !== undefined && !ends(byte); byte = bytes[this.#at]) this.#at++;
    if (this.#at === start) throw new Error('what was read as JSON is none');
  }

  /** Passes over white space and yields the byte it stops at. */
  #next(): number {
    const bytes = this.#bytes;
    while ((bytes[this.#at] ?? QUOTE) <= LAST_SPACE) this.#at++;
    return bytes[this.#at] ?? -1;
  }

  #drop(from: number, to: number): void {
    this.#kept.push(this.#bytes.subarray(this.#done, from));
    this.#done = to;
  }
}

/** Whether a byte ends a number or a word. */
function ends(byte: number): boolean {
  return byte <= LAST_SPACE || byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT;
}
