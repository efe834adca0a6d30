import type { ScalarType, ValueShape } from './value-shape.ts';

/**
 * How text is read where a schema has room for text and for something else: `typed` takes a number or truth value
 * wherever the text is one, `text` leaves it. Whoever judges tries `typed` first.
 */
export type ReadingMode = 'typed' | 'text';

const INTEGER = /^-?(?:0|[1-9][0-9]*)$/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
/** As in JSON bodies; readers with unbounded decimals need quadratic time. */
const NUMBER_LENGTH = 1_000;

/**
 * What a text says as a value of this shape; the text itself where it says nothing else, which the validator then
 * judges as text. Truth values are `true` and `false`. An integer is written as JSON writes it, without fraction or
 * exponent, since readers disagree on `1e2`; a number has JSON's grammar (RFC 8259 §6), and one that a double holds
 * only as infinity, or as zero when it is not zero, is none. `null` is null only where there is no room for text.
 */
export function readScalar(text: string, shape: ValueShape, mode: ReadingMode): unknown {
  if (shape === null) return text;
  const { scalars } = shape;
  if (mode === 'text' && scalars.has('string')) return text;
  if (scalars.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if (scalars.has('number') || scalars.has('integer')) {
    const value = readNumber(text, scalars.has('number') ? NUMBER : INTEGER);
    if (value !== null) return value;
  }
  return text === 'null' && scalars.has('null') && !scalars.has('string') ? null : text;
}

/** Whether some text has two readings in this shape, or in the parts of it. */
export function isAmbiguous(shape: ValueShape): boolean {
  if (shape === null) return false;
  const { scalars, array, object } = shape;
  if (scalars.has('string') && TYPED.some((type) => scalars.has(type))) return true;
  if (array !== null && isAmbiguous(array.items)) return true;
  if (object === null) return false;
  return [...object.properties.values(), object.others ?? null].some(isAmbiguous);
}

const TYPED: readonly ScalarType[] = ['boolean', 'integer', 'number'];

function readNumber(text: string, grammar: RegExp): number | null {
  if (text.length > NUMBER_LENGTH || !grammar.test(text)) return null;
  const value = Number(text);
  const vanished = value === 0 && /^[^eE]*[1-9]/.test(text);
  return vanished || !Number.isFinite(value) ? null : value;
}
