import { JSON_MARKS, JsonScan } from './json-scan.ts';

/**
 * What stays of a value: members that are named by what is said of each, all others whole where `rest` says so and else
 * not at all; what is no object or list where `rest` does. Of lists it is said of their elements.
 */
export interface KeptFields {
  readonly rest: boolean;
  readonly members: ReadonlyMap<string, KeptFields>;
}

/** What has become of a text. */
export interface KeptJson {
  /** What stays, byte for byte and in its order; the very bytes that were given where that is all. */
  readonly bytes: Uint8Array;
  /** How many members and elements were taken out, each with all that it held. */
  readonly taken: number;
}

const { QUOTE, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT } = JSON_MARKS;
const NOTHING: KeptFields = { rest: false, members: new Map() };

/**
 * Takes out of a JSON text that `parseJson` has read whatever is not kept. An object or a list on the way to what is kept
 * stays, also where it is empty then. Null where the text is one value that is not kept. `tell` hears the names that
 * lead to each of what is taken out; the list is another one after each call.
 */
export function keepFields(
  bytes: Uint8Array,
  fields: KeptFields,
  tell: ((names: readonly string[]) => void) | null = null,
): KeptJson | null {
  const keeping = new Keeping(bytes, tell);
  if (!keeping.whole(fields)) return null;
  const { taken } = keeping;
  return { bytes: taken === 0 ? bytes : keeping.scan.rest(), taken };
}

/** One walk over a text that is known to be JSON. */
class Keeping {
  readonly scan: JsonScan;
  taken = 0;
  readonly #tell: ((names: readonly string[]) => void) | null;
  readonly #names: string[] = [];

  constructor(bytes: Uint8Array, tell: ((names: readonly string[]) => void) | null) {
    this.scan = new JsonScan(bytes);
    this.#tell = tell;
  }

  /** The value that is the text stays as an object or a list, whatever is left of it. */
  whole(fields: KeptFields): boolean {
    const byte = this.scan.next();
    if (byte !== OPEN_OBJECT && byte !== OPEN_ARRAY) return fields.rest;
    this.#container(byte, fields);
    return true;
  }

  /** Passes over a value; true where it goes. */
  #value(fields: KeptFields): boolean {
    const { scan } = this;
    const { rest, members } = fields;
    if (members.size === 0) {
      scan.skip();
      return rest ? false : this.#take();
    }
    const byte = scan.next();
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#container(byte, fields);
      return false;
    }
    if (byte === QUOTE) scan.passString();
    else scan.scalar();
    return rest ? false : this.#take();
  }

  #container(byte: number, fields: KeptFields): void {
    if (byte === OPEN_OBJECT) this.scan.items(CLOSE_OBJECT, () => this.#member(fields));
    else this.scan.items(CLOSE_ARRAY, () => this.#value(fields));
  }

  #member({ rest, members }: KeptFields): boolean {
    const { scan } = this;
    const name = scan.string();
    if (scan.next() === COLON) scan.at++;
    const own = members.get(name);
    if (own === undefined && rest) {
      scan.skip();
      return false;
    }
    if (this.#tell === null) return this.#value(own ?? NOTHING);
    this.#names.push(name);
    const goes = this.#value(own ?? NOTHING);
    this.#names.pop();
    return goes;
  }

  #take(): true {
    this.taken++;
    this.#tell?.(this.#names);
    return true;
  }
}
