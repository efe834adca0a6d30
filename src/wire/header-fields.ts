import {
  BIT_NUMBERS,
  DISGUISED_FIELD,
  FIELD_MARKS,
  FieldMark,
  FIRST_PRESENT,
  NAME_OF,
  NUMBER_OF,
  OTHER_FIELD,
  PRESENCE,
  PRESENCE_MARKS,
} from './field-names.ts';
import type { HeaderMap } from './message.ts';
import { LOWER } from './octets.ts';

const WORDS_PER_FIELD = 3;
/** As many have their drop marks in one number; few heads have more fields. */
const FIRST_FIELDS = 30;
/** In the place of a field's number: no such field stands in the head. */
const ABSENT = -1;
/** All bits of `PRESENCE`. */
const ALL_PRESENT = Object.values(PRESENCE).reduce((bits, bit) => bits | bit, 0);

/** What is known of a head's field names at one look. */
export interface NamesSeen {
  /** Which fields with a number below `BIT_NUMBERS` are there: for each the bit `1 << number`. All bits where nobody looked. */
  readonly seen: number;
  /** How long the names are: for each length, modulo 32, one bit. All bits where nobody looked. */
  readonly lengths: number;
}

/** Takes the fields of a head one by one. `name` is in lower case, `number` that of field-names.ts. */
export interface FieldReceiver {
  field(number: number, name: string, value: string): void;
}

/**
 * The fields of one head, kept as the head's text and offsets into it; nothing is copied until somebody asks.
 * Offsets are packed: start in the low 16 bits, length above. The head is at most 16 KiB, so both fit.
 */
export class HeaderFields implements HeaderMap {
  readonly #text: string;
  /** Name, value and field number of each field, one behind the other. */
  readonly #words: readonly number[];
  readonly #seen: number;
  readonly #lengths: number;
  /** One more drop mark for each field, set by what Connection names: a bit for each of the first, */
  #droppedFirst = 0;
  /** and an octet for each of the later ones; null while none is. */
  #droppedLater: Uint8Array | null = null;
  /** Fields with any of these marks are not forwarded. */
  readonly #dropMarks: number;

  /** `dropMarks`: those of `FieldMark` whose fields are not forwarded. */
  constructor(text: string, words: readonly number[], names: NamesSeen, dropMarks: number = FieldMark.drop) {
    this.#text = text;
    this.#words = words;
    this.#seen = names.seen;
    this.#lengths = names.lengths;
    this.#dropMarks = dropMarks;
  }

  get size(): number {
    return this.#words.length / WORDS_PER_FIELD;
  }

  has(name: string): boolean {
    return this.#next(name, this.#numberOf(name), 0) >= 0;
  }

  get(name: string): string | null {
    const number = this.#numberOf(name);
    let at = this.#next(name, number, 0);
    if (at < 0) return null;
    let value = this.#value(at);
    while ((at = this.#next(name, number, at + 1)) >= 0) value += `, ${this.#value(at)}`;
    return value;
  }

  all(name: string): readonly string[] {
    const values: string[] = [];
    const number = this.#numberOf(name);
    for (let at = this.#next(name, number, 0); at >= 0; at = this.#next(name, number, at + 1))
      values.push(this.#value(at));
    return values;
  }

  *entries(): IterableIterator<readonly [string, string]> {
    for (let at = 0; at < this.size; at++) yield [this.#name(at), this.#value(at)];
  }

  /** The value of the first field with this number (see field-names.ts), or null. */
  valueOf(number: number): string | null {
    if (number < BIT_NUMBERS && (this.#seen & (1 << number)) === 0) return null;
    for (let at = 0; at < this.size; at++) if (this.#number(at) === number) return this.#value(at);
    return null;
  }

  /** Which of the fields that `PRESENCE` names are forwarded, as the sum of their bits. */
  get present(): number {
    const present = (this.#seen >>> FIRST_PRESENT) & ALL_PRESENT;
    const droppable = (this.#dropMarks & PRESENCE_MARKS) !== 0;
    if (this.#droppedFirst === 0 && this.#droppedLater === null && !droppable) return present;
    let kept = 0;
    for (let at = 0; at < this.size; at++) {
      const number = this.#number(at);
      if (number >= FIRST_PRESENT && number < BIT_NUMBERS && !this.#isDropped(at))
        kept |= 1 << (number - FIRST_PRESENT);
    }
    return kept & ALL_PRESENT;
  }

  /** Takes the fields of this name out of what is forwarded; they stay readable. */
  drop(name: string): void {
    const number = this.#numberOf(name);
    for (let at = this.#next(name, number, 0); at >= 0; at = this.#next(name, number, at + 1)) {
      if (at < FIRST_FIELDS) this.#droppedFirst |= 1 << at;
      else (this.#droppedLater ??= new Uint8Array(this.size))[at] = 1;
    }
  }

  /** The same fields, without those that were dropped here; what is dropped from now on is dropped of one of them alone. */
  copy(): HeaderFields {
    const names = { seen: this.#seen, lengths: this.#lengths };
    const copy = new HeaderFields(this.#text, this.#words, names, this.#dropMarks);
    copy.#droppedFirst = this.#droppedFirst;
    copy.#droppedLater = this.#droppedLater === null ? null : this.#droppedLater.slice();
    return copy;
  }

  /** The fields that nobody took out by name, in order; those that are never forwarded stand among them, but for disguised ones. */
  *remaining(): IterableIterator<readonly [string, string]> {
    for (let at = 0; at < this.size; at++)
      if (!this.#isTakenOut(at) && this.#number(at) !== DISGUISED_FIELD) yield [this.#name(at), this.#value(at)];
  }

  /** The fields that are forwarded, in order. */
  *kept(): IterableIterator<readonly [string, string]> {
    for (let at = 0; at < this.size; at++) if (!this.#isDropped(at)) yield [this.#name(at), this.#value(at)];
  }

  /** Gives the fields that are forwarded, in order. */
  eachKept(into: FieldReceiver): void {
    const { size } = this;
    for (let at = 0; at < size; at++) {
      if (this.#isDropped(at)) continue;
      const number = this.#number(at);
      into.field(number, NAME_OF[number] ?? this.#name(at), this.#value(at));
    }
  }

  /**
   * The fields that are forwarded, as HTTP/1.1 lines. Neighbours are taken out in one slice, since the grammar has been
   * checked byte by byte and every line ends with CRLF.
   */
  keptLines(): string {
    const text = this.#text;
    const words = this.#words;
    let lines = '';
    let runStart = -1;
    let runEnd = 0;
    for (let word = 0; word < words.length; word += WORDS_PER_FIELD) {
      if (this.#isDropped(word / WORDS_PER_FIELD)) {
        if (runStart >= 0) lines += text.slice(runStart, runEnd);
        runStart = -1;
        continue;
      }
      if (runStart < 0) runStart = (words[word] as number) & 0xffff;
      runEnd = this.#lineEnd(word);
    }
    return runStart < 0 ? lines : lines + text.slice(runStart, runEnd);
  }

  /** Where the line after this field begins: at the next field's name, or at the end of the head's lines. */
  #lineEnd(word: number): number {
    const next = word + WORDS_PER_FIELD;
    return next < this.#words.length ? (this.#words[next] as number) & 0xffff : this.#text.length;
  }

  #isDropped(at: number): boolean {
    const marks = FIELD_MARKS[this.#number(at)] as number;
    return (marks & this.#dropMarks) !== 0 || this.#isTakenOut(at);
  }

  /** Whether it was dropped by name. */
  #isTakenOut(at: number): boolean {
    if (at < FIRST_FIELDS) return (this.#droppedFirst & (1 << at)) !== 0;
    return this.#droppedLater !== null && this.#droppedLater[at] === 1;
  }

  #number(at: number): number {
    return this.#words[at * WORDS_PER_FIELD + 2] as number;
  }

  #name(at: number): string {
    const word = this.#words[at * WORDS_PER_FIELD] as number;
    const start = word & 0xffff;
    return this.#text.slice(start, start + (word >>> 16)).toLowerCase();
  }

  #value(at: number): string {
    const word = this.#words[at * WORDS_PER_FIELD + 1] as number;
    const start = word & 0xffff;
    return this.#text.slice(start, start + (word >>> 16));
  }

  /** The number of a name that may stand here; `ABSENT` where one look says that it does not. */
  #numberOf(name: string): number {
    if ((this.#lengths & (1 << name.length)) === 0) return ABSENT;
    const number = NUMBER_OF.get(name) ?? OTHER_FIELD;
    const hasBit = number > DISGUISED_FIELD && number < BIT_NUMBERS;
    return hasBit && (this.#seen & (1 << number)) === 0 ? ABSENT : number;
  }

  /** The next field of this name, from field `from` on. A known name is not compared: all of its fields have its number, and no others. */
  #next(name: string, wanted: number, from: number): number {
    if (wanted === ABSENT) return -1;
    const { length } = name;
    const words = this.#words;
    for (let word = from * WORDS_PER_FIELD; word < words.length; word += WORDS_PER_FIELD) {
      const number = words[word + 2] as number;
      if (number > DISGUISED_FIELD) {
        if (number === wanted) return word / WORDS_PER_FIELD;
        continue;
      }
      const place = words[word] as number;
      if (place >>> 16 === length && this.#isNamed(place & 0xffff, name)) return word / WORDS_PER_FIELD;
    }
    return -1;
  }

  /** Compares without case, and without making a string of the name. */
  #isNamed(start: number, name: string): boolean {
    const text = this.#text;
    for (let index = 0; index < name.length; index++) {
      const code = text.charCodeAt(start + index);
      const wanted = name.charCodeAt(index);
      if (code !== wanted && LOWER[code] !== wanted) return false;
    }
    return true;
  }
}

/** A head without any field. */
export const NO_FIELDS = new HeaderFields('', [], { seen: 0, lengths: 0 });
