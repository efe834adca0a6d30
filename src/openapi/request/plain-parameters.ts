import type { Validator } from '../validate/validator.ts';
import { readScalar } from './scalar.ts';
import type { ValueShape } from './value-shape.ts';

/** A parameter of the path or the query whose value is one text without parts, to be read in one way. */
export interface PlainParameter {
  readonly in: 'path' | 'query';
  readonly name: string;
  readonly required: boolean;
  readonly shape: ValueShape;
  /** Null where it has no schema. */
  readonly validate: Validator | null;
}

/**
 * Whether the parameters of a request are there, hold, and are written so plainly that they have one reading at a glance.
 * False says nothing against a request: whoever asks must look at it in full. True allocates next to nothing.
 */
export type PlainCheck = (params: Readonly<Record<string, string>>, query: string | null) => boolean;

/** Which of them were sent is kept in the bits of one small integer. */
const QUERY_LIMIT = 30;

/** Makes the check of these, which must be all that is described of path and query; null where it can't be made. */
export function createPlainCheck(parameters: readonly PlainParameter[]): PlainCheck | null {
  const inPath = parameters.filter((one) => one.in === 'path');
  const inQuery = parameters.filter((one) => one.in === 'query');
  if (inQuery.length > QUERY_LIMIT || new Set(inQuery.map(({ name }) => name)).size < inQuery.length) return null;
  const required = inQuery.reduce((bits, one, number) => (one.required ? bits | (1 << number) : bits), 0);
  return (params, query) => {
    if (!pathHolds(inPath, params)) return false;
    const sent = sentBits(inQuery, query ?? '');
    return sent !== NOT_PLAIN && (sent & required) === required;
  };
}

function pathHolds(parameters: readonly PlainParameter[], params: Readonly<Record<string, string>>): boolean {
  for (const parameter of parameters) {
    const text = Object.hasOwn(params, parameter.name) ? params[parameter.name] : undefined;
    if (text === undefined || !valueHolds(parameter, text, 0, text.length)) return false;
  }
  return true;
}

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
function sentBits(parameters: readonly PlainParameter[], query: string): number {
  let sent = 0;
  for (let at = 0; at < query.length; ) {
    let equals = -1;
    let end = at;
    for (; end < query.length; end++) {
      const code = query.charCodeAt(end);
      if (code === AMPERSAND) break;
      if (code === PERCENT || code === PLUS || code === SEMICOLON) return NOT_PLAIN;
      if (code === EQUALS && equals < 0) equals = end;
    }
    const number = equals <= at ? -1 : numberOf(parameters, query, at, equals);
    if (number < 0 || (sent & (1 << number)) !== 0) return NOT_PLAIN;
    if (!valueHolds(parameters[number] as PlainParameter, query, equals + 1, end)) return NOT_PLAIN;
    sent |= 1 << number;
    at = end + 1;
  }
  return sent;
}

/** The place of the parameter whose name stands in a text from `from` to `to`, or -1. */
function numberOf(parameters: readonly PlainParameter[], text: string, from: number, to: number): number {
  for (let number = 0; number < parameters.length; number++) {
    const { name } = parameters[number] as PlainParameter;
    if (name.length === to - from && text.startsWith(name, from)) return number;
  }
  return -1;
}

function valueHolds({ shape, validate }: PlainParameter, text: string, from: number, to: number): boolean {
  const whole = shape !== null && takesWhole(shape) ? wholeNumber(text, from, to) : NOT_WHOLE;
  const value = whole === NOT_WHOLE ? readScalar(text.slice(from, to), shape, 'typed') : whole;
  return validate === null || validate(value) === null;
}

function takesWhole({ scalars }: NonNullable<ValueShape>): boolean {
  return scalars.has('integer') || scalars.has('number');
}

const ZERO = 0x30;
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
