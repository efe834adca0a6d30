import { KeptBytes } from './kept-bytes.ts';
import { NAME_LIMIT_BYTES, nameOf } from './name-table.ts';
import { bufferOf } from './text.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LAST_SPACE = 0x20;

/** The bytes that JSON is built of (RFC 8259 §2). */
export const JSON_MARKS = { QUOTE, COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT } as const;

/** A cursor over a text that is known to be JSON. What is left out or written anew is told with `drop`; all else stays. */
export class JsonScan extends KeptBytes {
  readonly #bytes: Buffer;
  /** Where the cursor stands. */
  at = 0;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#bytes = bufferOf(bytes);
  }

  /**
   * Passes over what an object or a list holds, up to behind its end. `pass` passes over one item, and says whether it is
   * left out; a comma goes along with it.
   */
  items(close: number, pass: () => boolean): void {
    this.at++;
    /** Where the item before ends, once one has stayed; until then, those that go take the comma behind them along. */
    let endBefore = -1;
    while (this.next() !== close) {
      const start = this.at;
      const goes = pass();
      const end = this.at;
      const last = this.next() !== COMMA;
      if (!last) {
        this.at++;
        this.next();
      }
      if (goes) this.drop(endBefore < 0 ? start : endBefore, endBefore < 0 && !last ? this.at : end);
      if (!goes || endBefore >= 0) endBefore = end;
    }
    this.at++;
  }

  /** Passes over a value, whatever it holds. */
  skip(): void {
    let open = 0;
    do {
      const byte = this.next();
      if (byte === QUOTE) this.passString();
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        open++;
        this.at++;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        open--;
        this.at++;
      } else if (byte === COMMA || byte === COLON) this.at++;
      else this.scalar();
    } while (open > 0);
  }

  /** Passes over a string, and yields what it says. */
  string(): string {
    const bytes = this.#bytes;
    const start = this.at;
    const plain = this.passString();
    const end = this.at - 1;
    if (plain && end - start - 1 <= NAME_LIMIT_BYTES) return nameOf(bytes, start + 1, end);
    if (plain) return bytes.toString('latin1', start + 1, end);
    return JSON.parse(bytes.toString('utf8', start, this.at)) as string;
  }

  /** Passes over a string; whether it is plain ASCII without escapes. */
  passString(): boolean {
    const bytes = this.#bytes;
    let plain = true;
    let at = this.at + 1;
    for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[++at]) {
      if (byte === undefined) throw new Error('what was read as JSON is none');
      if (byte === BACKSLASH) at++;
      if (byte === BACKSLASH || byte >= 0x80) plain = false;
    }
    this.at = at + 1;
    return plain;
  }

  /** Passes over a number or a word. */
  scalar(): void {
    const bytes = this.#bytes;
    const start = this.at;
    for (let byte = bytes[this.at]; byte !== undefined && !ends(byte); byte = bytes[this.at]) this.at++;
    if (this.at === start) throw new Error('what was read as JSON is none');
  }

  /** Passes over white space and yields the byte it stops at. */
  next(): number {
    const bytes = this.#bytes;
    while ((bytes[this.at] ?? QUOTE) <= LAST_SPACE) this.at++;
    return bytes[this.at] ?? -1;
  }
}

/** Whether a byte ends a number or a word. */
function ends(byte: number): boolean {
  return byte <= LAST_SPACE || byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT;
}
