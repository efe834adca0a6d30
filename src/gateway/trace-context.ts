import type { FillRandom } from '../base/index.ts';
import type { HeaderFields } from '../wire/index.ts';

/** Where a request stands in its trace (W3C Trace Context level 2, §3.2). */
export interface TraceParent {
  /** 32 hexadecimal digits in lower case. */
  readonly traceId: string;
  /** Two hexadecimal digits; only the flags that the specification knows. */
  readonly flags: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);
/** Sampled and random; a flag that nobody has defined yet is not ours to pass on (§3.2.2.5). */
const KNOWN_FLAGS = 0b11;
/** A trace that begins here is sampled, else the upstream would record none; its id is random. */
const NEW_FLAGS = '03';
/** So much of it everybody must take (§3.3.1.5). */
const STATE_LIMIT_CHARACTERS = 512;

/**
 * Reads a traceparent field (§3.2, §4.3): version 00 as it is defined, later versions by their first four parts, ff
 * never. Null where it is none, and then a new trace begins.
 */
export function readTraceParent(text: string): TraceParent | null {
  const parts = TRACEPARENT.exec(text);
  if (parts === null) return null;
  const [, version = '', traceId = '', parent = '', flags = '', rest] = parts;
  if (version === 'ff' || traceId === NO_TRACE || parent === NO_PARENT) return null;
  if (version === '00' && rest !== undefined) return null;
  return { traceId, flags: `0${Number.parseInt(flags, 16) & KNOWN_FLAGS}` };
}

/** Where the ids of traces come from. */
export interface TraceIds {
  /** Gives a span id: 16 random hexadecimal digits in lower case, never all zero. */
  readonly nextSpan: () => string;
  /** Gives the traceparent of a trace that begins here, its ids random and never all zero. */
  readonly nextTrace: () => string;
}

/**
 * The traceparent that goes upstream, with a new parent id. The client's field is taken out; so is its tracestate where
 * the trace is not continued or it is longer than everybody must take.
 */
export function continueTrace(fields: HeaderFields, ids: TraceIds): string {
  const given = fields.get('traceparent');
  const parent = given === null ? null : readTraceParent(given);
  if (given !== null) fields.drop('traceparent');
  const state = fields.get('tracestate');
  if (state !== null && (parent === null || state.length > STATE_LIMIT_CHARACTERS)) fields.drop('tracestate');
  return parent === null ? ids.nextTrace() : '00-' + parent.traceId + '-' + ids.nextSpan() + '-' + parent.flags;
}

/** Makes the ids of traces. */
export function createTraceIds(fillRandom: FillRandom): TraceIds {
  const spans = new DigitTexts(NO_PARENT, [0], fillRandom);
  const traces = new DigitTexts(
    `00-${NO_TRACE}-${NO_PARENT}-${NEW_FLAGS}`,
    [TRACE_AT, TRACE_AT + 16, PARENT_AT],
    fillRandom,
  );
  return { nextSpan: () => spans.next(), nextTrace: () => traces.next() };
}

const TRACE_AT = 3;
const PARENT_AT = TRACE_AT + NO_TRACE.length + 1;
/** Texts that are written out together, since doing so for each would cost more than the rest. */
const POOL_TEXTS = 128;
/** So many pools are drawn together: a draw costs some microseconds whatever its size, and more where its code is cold. */
const DRAWN_POOLS = 4;
const GROUP_BYTES = 8;
const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/** Texts of one form with groups of 16 random hexadecimal digits in lower case, none of them all zero. */
class DigitTexts {
  readonly #form: string;
  readonly #groups: readonly number[];
  readonly #fillRandom: FillRandom;
  readonly #octets: Buffer;
  readonly #random: Uint8Array;
  #spent: number;
  #texts = '';
  #used = 0;

  /** `groups`: where the groups begin. */
  constructor(form: string, groups: readonly number[], fillRandom: FillRandom) {
    this.#form = form;
    this.#groups = groups;
    this.#fillRandom = fillRandom;
    this.#octets = Buffer.from(form.repeat(POOL_TEXTS), 'latin1');
    this.#random = new Uint8Array(DRAWN_POOLS * POOL_TEXTS * groups.length * GROUP_BYTES);
    this.#spent = this.#random.length;
  }

  next(): string {
    if (this.#used === this.#texts.length) this.#write();
    const from = this.#used;
    this.#used += this.#form.length;
    return this.#texts.slice(from, this.#used);
  }

  #write(): void {
    if (this.#spent === this.#random.length) {
      this.#fillRandom(this.#random);
      this.#spent = 0;
    }
    for (let text = 0; text < this.#octets.length; text += this.#form.length) {
      for (const group of this.#groups) {
        writeGroup(this.#octets, text + group, this.#random, this.#spent);
        this.#spent += GROUP_BYTES;
      }
    }
    this.#texts = this.#octets.toString('latin1');
    this.#used = 0;
  }
}

/** Zeros mean that there is no id (§3.2.2.3, §3.2.2.4), so a group of them ends in a one. */
function writeGroup(octets: Uint8Array, at: number, random: Uint8Array, from: number): void {
  let seen = 0;
  for (let next = 0; next < GROUP_BYTES; next++) {
    const byte = random[from + next] as number;
    seen |= byte;
    octets[at + 2 * next] = DIGITS[byte >> 4] as number;
    octets[at + 2 * next + 1] = DIGITS[byte & 15] as number;
  }
  if (seen === 0) octets[at + 2 * GROUP_BYTES - 1] = ONE;
}

const ONE = 0x31;
