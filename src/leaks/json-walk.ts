import { Buffer } from 'node:buffer';
import { stricter, type FieldAction, type LeakAction } from './action.ts';
import type { Edit } from './edit.ts';
import { actionAt, type FieldPlace, placesBelow } from './field-paths.ts';
import { Tally } from './hit.ts';
import { maskDigits, maskOf } from './mask.ts';

/** One part of a place: the name of a member, or null for an element. */
type Part = string | null;

/** What has been found in a text of JSON before, each with what becomes of it, by where it begins. */
export interface ActedFinding {
  readonly kind: string;
  readonly form: string;
  readonly from: number;
  readonly to: number;
  readonly action: LeakAction;
}

/** A class that an operator describes: what becomes of a value that it holds of. */
export interface OwnClass {
  readonly name: string;
  readonly action: LeakAction;
  readonly pattern: {
    /** What it may take to judge a text of this length. */
    readonly workOn: (length: number) => number;
    readonly matches: (text: string) => boolean;
  };
}

/** What a walk goes by. */
export interface WalkRules {
  readonly fields: FieldPlace;
  readonly own: readonly OwnClass[];
  /** Whether several values may follow each other, as lines of JSON do. */
  readonly isSeries: boolean;
  /** A place in words that may be recorded. */
  readonly placeOf: (parts: readonly (string | null)[]) => string;
}

/** What a walk has found, and what is to be changed for it, in rising order. */
export interface Walked {
  readonly tally: Tally;
  readonly edits: readonly Edit[];
}

const DEPTH_LIMIT = 512;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Begins a number or one of the three words. */
const BEGINS_SCALAR = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[-0-9tfn]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
const IN_SCALAR = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[-+.0-9A-Za-z]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** The text is no JSON, or takes too much. */
const UNREADABLE = new Error('no JSON, or too much of it');
/** What the classes of an operator's own may take of one text, in characters by parts of a pattern. */
const WORK_LIMIT = 5_000_000;

/**
 * Walks over a text of JSON, value by value: names the places of what was found in it, finds the fields that are named
 * and the values that an operator's own classes hold of, and says what is to be changed. Null where it is no JSON, or
 * deeper than 512, where something that was found lies in no value, and where own classes would take too long.
 */
export function walkJson(bytes: Uint8Array, findings: readonly ActedFinding[], rules: WalkRules): Walked | null {
  const walk = new Walk(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), findings, rules);
  try {
    walk.whole();
  } catch (fault) {
    if (fault === UNREADABLE) return null;
    throw fault;
  }
  return walk;
}

class Walk implements Walked {
  readonly tally = new Tally();
  readonly edits: Edit[] = [];
  readonly #bytes: Buffer;
  readonly #findings: readonly ActedFinding[];
  readonly #rules: WalkRules;
  readonly #parts: Part[] = [];
  #at = 0;
  /** What the operator's own classes have taken. */
  #work = 0;
  /** The next of what was found. */
  #finding = 0;

  constructor(bytes: Buffer, findings: readonly ActedFinding[], rules: WalkRules) {
    this.#bytes = bytes;
    this.#findings = findings;
    this.#rules = rules;
  }

  whole(): void {
    if (this.#bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) this.#at = BYTE_ORDER_MARK.length;
    do {
      this.#next();
      const start = this.#at;
      const edits = this.edits.length;
      const goes = this.#value([this.#rules.fields], null);
      if (goes) this.#replace(edits, { from: start, to: this.#at, text: 'null' });
    } while (this.#next() !== -1 && this.#rules.isSeries);
    if (this.#next() !== -1 || this.#finding < this.#findings.length) throw UNREADABLE;
  }

  /** Passes over a value; true where it is to go. */
  #value(places: readonly FieldPlace[], above: FieldAction | null): boolean {
    const said = actionAt(places) ?? above;
    const byte = this.#next();
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (this.#parts.length >= DEPTH_LIMIT) throw UNREADABLE;
      const from = this.#at;
      this.#container(places, said === 'drop' ? null : said, byte === OPEN_OBJECT);
      if (said === 'drop') this.#note('fields', 'field', 'drop');
      return said === 'drop' && this.#at > from;
    }
    const from = this.#at;
    if (byte === QUOTE) this.#string();
    else if (BEGINS_SCALAR[byte] === 1) this.#scalar();
    else throw UNREADABLE;
    return this.#leaf(from, said);
  }

  #container(places: readonly FieldPlace[], above: FieldAction | null, isObject: boolean): void {
    const close = isObject ? CLOSE_OBJECT : CLOSE_ARRAY;
    this.#at++;
    /** Where the item before ends, once one has stayed; until then, those that go take the comma behind them along. */
    let endBefore = -1;
    let byte = this.#next();
    while (byte !== close) {
      const start = this.#at;
      const edits = this.edits.length;
      const name = isObject ? this.#name() : null;
      this.#parts.push(name);
      const goes = this.#value(placesBelow(places, name), above);
      this.#parts.pop();
      const end = this.#at;
      const last = this.#next() === close;
      if (!last) {
        if (this.#bytes[this.#at] !== COMMA) throw UNREADABLE;
        this.#at++;
        if (this.#next() === close) throw UNREADABLE;
      }
      if (goes) {
        const to = endBefore < 0 && !last ? this.#at : end;
        this.#replace(edits, { from: endBefore < 0 ? start : endBefore, to, text: '' });
      }
      if (!goes || endBefore >= 0) endBefore = end;
      byte = this.#next();
    }
    this.#at++;
  }

  /** A name is left as it is. What is found in it is nothing that could be masked, so it refuses where it would be. */
  #name(): string {
    if (this.#next() !== QUOTE) throw UNREADABLE;
    const from = this.#at;
    this.#string();
    const to = this.#at;
    for (const { kind, form, action } of this.#findingsUntil(to))
      this.#note(kind, form, action === 'report' ? action : 'refuse');
    if (this.#next() !== COLON) throw UNREADABLE;
    this.#at++;
    return this.#text(from, to);
  }

  /** A string, number or word that ends at the cursor; true where it is to go. */
  #leaf(from: number, said: FieldAction | null): boolean {
    const to = this.#at;
    const found = this.#findingsUntil(to);
    if (said === 'pass') return false;
    const isNull = this.#bytes[from] === 0x6e;
    let action: LeakAction | null = null;
    if (said !== null && (said === 'drop' || !isNull)) {
      this.#note('fields', 'field', said);
      action = said;
    }
    for (const { name, action: own, pattern } of isNull ? NO_CLASSES : this.#rules.own) {
      if (!this.#matches(pattern, from, to)) continue;
      this.#note(name, name, own);
      action = action === null ? own : stricter(action, own);
    }
    if (action === 'mask') this.edits.push({ from, to, text: this.#wholeMask(from, to) });
    const foundAction = this.#leafFindings(found, action === 'mask');
    return action === 'drop' || foundAction === 'drop';
  }

  /** Notes what was found in one leaf, and masks it unless the leaf is masked as a whole. */
  #leafFindings(found: readonly ActedFinding[], isMasked: boolean): LeakAction | null {
    let strictest: LeakAction | null = null;
    let done = -1;
    for (const { kind, form, action, from, to } of found) {
      this.#note(kind, form, action);
      strictest = strictest === null ? action : stricter(strictest, action);
      if (action !== 'mask' || isMasked) continue;
      // Of two that overlap, the second is masked where the first has not masked it.
      const start = Math.max(from, done);
      if (start < to) this.edits.push({ from: start, to, text: this.#partMask(start, to, kind) });
      done = Math.max(done, to);
    }
    return strictest;
  }

  #matches(pattern: OwnClass['pattern'], from: number, to: number): boolean {
    const text = this.#text(from, to);
    this.#work += pattern.workOn(text.length);
    if (this.#work > WORK_LIMIT) throw UNREADABLE;
    return pattern.matches(text);
  }

  #findingsUntil(end: number): readonly ActedFinding[] {
    const first = this.#finding;
    while ((this.#findings[this.#finding]?.from ?? Infinity) < end) {
      if ((this.#findings[this.#finding] as ActedFinding).to > end) throw UNREADABLE;
      this.#finding++;
    }
    return first === this.#finding ? NO_FINDINGS : this.#findings.slice(first, this.#finding);
  }

  #partMask(from: number, to: number, kind: string): string {
    const part = this.#bytes.subarray(from, to);
    // The leaf ends at the cursor.
    const isString = this.#bytes[this.#at - 1] === QUOTE;
    return !isString ? maskDigits(part.toString('latin1')) : maskOf(part, kind, 'backslash');
  }

  #wholeMask(from: number, to: number): string {
    const first = this.#bytes[from];
    if (first === QUOTE) return `"${'*'.repeat(this.#text(from, to).length)}"`;
    return first === 0x74 || first === 0x66 ? 'null' : '0';
  }

  #note(kind: string, form: string, action: LeakAction): void {
    this.tally.add({ kind, form, action }, () => this.#rules.placeOf(this.#parts));
  }

  /** An edit in the place of those that were made since there were so many. */
  #replace(edits: number, edit: Edit): void {
    this.edits.length = edits;
    this.edits.push(edit);
  }

  #text(from: number, to: number): string {
    const bytes = this.#bytes;
    if (bytes[from] !== QUOTE) return bytes.toString('latin1', from, to);
    const text = bytes.toString('utf8', from, to);
    if (!text.includes('\\')) return text.slice(1, -1);
    try {
      return JSON.parse(text) as string;
    } catch {
      throw UNREADABLE;
    }
  }

  #string(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[++at]) {
      if (byte === undefined || byte < 0x20) throw UNREADABLE;
      if (byte === BACKSLASH) at++;
    }
    this.#at = at + 1;
  }

  #scalar(): void {
    while (IN_SCALAR[this.#bytes[this.#at] ?? 0] === 1) this.#at++;
  }

  /** Passes over white space and yields the byte it stops at, or -1 at the end. */
  #next(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.#at];
    return byte ?? -1;
  }
}

const NO_FINDINGS: readonly ActedFinding[] = [];
const NO_CLASSES: readonly OwnClass[] = [];
