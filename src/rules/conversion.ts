import { FAULT, type Code, fault, type Frame, overspent, TOO_MUCH, type Typed } from './frame.ts';
import { isList, sameType, type Type } from './type.ts';
import { doubleAsAny, numberKind, numberOf } from './value.ts';

/** The same part among values of JSON, where numbers must say by themselves which kind they are. */
export function asAny({ type, code }: Typed): Code {
  const convert = converterOf(type);
  if (convert === null) return code;
  return (frame) => {
    const value = code(frame);
    return value === FAULT ? FAULT : convert(value, frame);
  };
}

/** The same part as one of a type that holds its values. */
export function withType(part: Typed, type: Type): Code {
  return sameType(part.type, type) ? part.code : asAny(part);
}

type Convert = (value: unknown, frame: Frame) => unknown;

function converterOf(type: Type): Convert | null {
  if (type === 'double') return (value) => doubleAsAny(value as number);
  const inner = isList(type) ? converterOf(type.list) : null;
  if (inner === null) return null;
  return (value, frame) => {
    const list = value as readonly unknown[];
    return overspent(frame, list.length) ? fault(frame, TOO_MUCH) : list.map((each) => inner(each, frame));
  };
}

/** A part of a type that is known, of one among values of JSON that can only be of that type. */
export function fromAny(code: Code, type: Type): Code {
  if (type !== 'double') return code;
  return (frame) => {
    const value = code(frame);
    return value === FAULT ? FAULT : numberOf(value);
  };
}

/** Whole numbers as they are written: no sign but a minus, no fraction, nothing around them. */
const WHOLE = /^-?[0-9]{1,16}$/;
const NUMBER = /^-?[0-9]{1,100}(?:\.[0-9]{1,100})?(?:[eE][+-]?[0-9]{1,3})?$/;

/** `int(…)`: of a double what stands before its point, of a text the whole number that it is. */
export function toInt(value: unknown, frame: Frame): number | typeof FAULT {
  const number = typeof value === 'string' ? (WHOLE.test(value) ? Number(value) : Number.NaN) : numberOf(value);
  // Zero has no sign where it is an int.
  const whole = Math.trunc(number ?? Number.NaN) + 0;
  return Number.isSafeInteger(whole) ? whole : fault(frame, '`int` can make no whole number of this');
}

/** `double(…)`: of a whole number, or of a text that is a number as JSON writes it. */
export function toDouble(value: unknown, frame: Frame): number | typeof FAULT {
  const number =
    typeof value === 'string' ? (NUMBER.test(value) ? Number(value) : Number.POSITIVE_INFINITY) : numberOf(value);
  if (number === undefined || (typeof value === 'string' && !Number.isFinite(number)))
    return fault(frame, '`double` can make no number of this');
  return number + 0;
}

/** `string(…)`: of a whole number or a truth value. */
export function toText(value: unknown, frame: Frame): string | typeof FAULT {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || numberKind(value) === 'int') return String(value);
  return fault(frame, '`string` can make no text of this');
}
