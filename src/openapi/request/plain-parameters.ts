import type { Validator } from '../validate/validator.ts';
import { readScalar } from './scalar.ts';
import type { ValueShape } from './value-shape.ts';
import type { WholeNumbers } from './whole-numbers.ts';

/** A parameter of the path or the query whose value is one text without parts, to be read in one way. */
export interface PlainParameter {
  readonly in: 'path' | 'query';
  readonly name: string;
  readonly required: boolean;
  readonly shape: ValueShape;
  /** Null where it has no schema. */
  readonly validate: Validator | null;
  /** Whole numbers that the validator takes for certain, where some are known. */
  readonly wholeNumbers?: WholeNumbers;
}

/**
 * Whether the parameters of a request are there, hold, and are written so plainly that they have one reading at a glance.
 * False says nothing against a request: whoever asks must look at it in full. True allocates next to nothing.
 */
export type PlainCheck = (params: Readonly<Record<string, string>>, query: string | null) => boolean;

/** Which of them were sent is kept in the bits of one small integer. */
const QUERY_LIMIT = 30;

/** Names that are written in a query as they are read there. */
const PLAIN_NAME = /^[^=&%+;]+$/;

/** Makes the check of these, which must be all that is described of path and query; null where it can't be made. */
export function createPlainCheck(parameters: readonly PlainParameter[]): PlainCheck | null {
  const inPath = parameters.filter((one) => one.in === 'path').map((one) => new PlainReader(one));
  const described = parameters.filter((one) => one.in === 'query');
  if (described.length > QUERY_LIMIT || !described.every(({ name }) => PLAIN_NAME.test(name))) return null;
  if (new Set(described.map(({ name }) => name)).size < described.length) return null;
  const required = described.reduce((bits, one, number) => (one.required ? bits | (1 << number) : bits), 0);
  const inQuery = described.map((one) => new PlainReader(one));
  return (params, query) => {
    for (let at = 0; at < inPath.length; at++) if (!(inPath[at] as PlainReader).holdsIn(params)) return false;
    if (query === null || query === '') return required === 0;
    const sent = sentBits(inQuery, query);
    return sent !== NOT_PLAIN && (sent & required) === required;
  };
}

const ZERO = 0x30;
const PERCENT = 0x25;
const AMPERSAND = 0x26;
const PLUS = 0x2b;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/** What `sentBits` gives where there is more to look at. */
const NOT_PLAIN = -1;

/**
 * The parameters that the query has, as bits by their numbers; NOT_PLAIN where anything in it is encoded, unknown, sent
 * twice, without a name or a value, or not as described.
 */
function sentBits(parameters: readonly PlainReader[], query: string): number {
  let sent = 0;
  for (let at = 0; at < query.length; ) {
    const number = numberAt(parameters, query, at);
    if (number < 0 || (sent & (1 << number)) !== 0) return NOT_PLAIN;
    sent |= 1 << number;
    const parameter = parameters[number] as PlainReader;
    const from = at + parameter.name.length + 1;
    let end = from;
    for (; end < query.length; end++) {
      const code = query.charCodeAt(end);
      if (code === AMPERSAND) break;
      if (code === PERCENT || code === PLUS || code === SEMICOLON) return NOT_PLAIN;
    }
    if (!parameter.holds(query, from, end)) return NOT_PLAIN;
    at = end + 1;
  }
  return sent;
}

/** The place of the parameter whose name and `=` stand in a query from `at` on, or -1. No name has an `=` in it. */
function numberAt(parameters: readonly PlainReader[], query: string, at: number): number {
  for (let number = 0; number < parameters.length; number++) {
    const { name } = parameters[number] as PlainReader;
    if (query.charCodeAt(at + name.length) === EQUALS && standsAt(name, query, at)) return number;
  }
  return -1;
}

/** Whether a text stands in another one, that is long enough, from `from` on. */
function standsAt(text: string, other: string, from: number): boolean {
  for (let at = 0; at < text.length; at++) if (other.charCodeAt(from + at) !== text.charCodeAt(at)) return false;
  return true;
}

/** A parameter as it is read of each request. */
class PlainReader {
  readonly name: string;
  readonly #takesWhole: boolean;
  /** Whole numbers that hold without being asked about. */
  readonly #least: number;
  readonly #most: number;
  readonly #shape: ValueShape;
  readonly #validate: Validator | null;

  constructor({ name, shape, validate, wholeNumbers = NONE }: PlainParameter) {
    this.name = name;
    this.#takesWhole = shape !== null && takesWhole(shape);
    this.#least = wholeNumbers.least;
    this.#most = wholeNumbers.most;
    this.#shape = shape;
    this.#validate = validate;
  }

  holdsIn(params: Readonly<Record<string, string>>): boolean {
    const text = Object.hasOwn(params, this.name) ? params[this.name] : undefined;
    return text !== undefined && this.holds(text, 0, text.length);
  }

  /** Whether what stands in a text from `from` to `to` is as described. */
  holds(text: string, from: number, to: number): boolean {
    const whole = this.#takesWhole ? wholeNumber(text, from, to) : NOT_WHOLE;
    if (whole !== NOT_WHOLE && whole >= this.#least && whole <= this.#most) return true;
    if (this.#validate === null) return true;
    const value = whole === NOT_WHOLE ? readScalar(text.slice(from, to), this.#shape, 'typed') : whole;
    return this.#validate(value) === null;
  }
}

const NONE: WholeNumbers = { least: 1, most: 0 };

function takesWhole({ scalars }: NonNullable<ValueShape>): boolean {
  return scalars.has('integer') || scalars.has('number');
}

const NOT_WHOLE = -1;

/** So many digits are exact in a double. */
const DIGITS = 15;

/** The number that decimal digits say, as JSON writes them; NOT_WHOLE for every other text, which may be a number too. */
function wholeNumber(text: string, from: number, to: number): number {
  if (from === to || to - from > DIGITS) return NOT_WHOLE;
  if (text.charCodeAt(from) === ZERO && to - from > 1) return NOT_WHOLE;
  let number = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return NOT_WHOLE;
    number = number * 10 + digit;
  }
  return number;
}
