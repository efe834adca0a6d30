import { FAULT, fault, type Frame, overspent, TOO_MUCH } from './frame.ts';
import { CHARACTERS_PER_STEP } from './limits.ts';
import { namesOf } from './object-names.ts';
import { isObject, member, type Members, numberOf } from './value.ts';

/**
 * Whether two values are equal (CEL, "Equality"): numbers by what they are worth, whatever their kind, lists and objects
 * by their parts. Values of different types are not. FAULT where that is too much to look at.
 */
export function equal(one: unknown, other: unknown, frame: Frame): boolean | typeof FAULT {
  if (typeof one === 'object' && one !== null) return equalParts(one, other, frame);
  if (typeof one === 'string') {
    if (typeof other !== 'string' || one.length !== other.length) return false;
    if (one.length > CHARACTERS_PER_STEP && overspent(frame, one.length / CHARACTERS_PER_STEP))
      return fault(frame, TOO_MUCH);
    return one === other;
  }
  if (typeof one === 'number') return equalNumbers(one, numberOf(other), frame);
  return one === other;
}

/**
 * Beyond ±2^53 two numbers that were written differently may be the same here, and one of them be the name of somebody else:
 * that they differ can be told, that they are equal can't.
 */
function equalNumbers(one: number, other: number | undefined, frame: Frame): boolean | typeof FAULT {
  if (one !== other) return false;
  return isExact(one) ? true : fault(frame, INEXACT);
}

/** Whether no other number is written that would be read as this one: of those beyond ±2^53 nobody knows. */
export function isExact(number: number): boolean {
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER;
}

/** What is said of two numbers of which nobody knows whether they are equal. */
export const INEXACT = 'two numbers beyond 2^53 can’t be told apart';

function equalParts(one: object, other: unknown, frame: Frame): boolean | typeof FAULT {
  if (overspent(frame, 1)) return fault(frame, TOO_MUCH);
  const number = numberOf(one);
  if (number !== undefined) return equalNumbers(number, numberOf(other), frame);
  if (Array.isArray(one)) return Array.isArray(other) && equalLists(one, other, frame);
  return isObject(other) && equalObjects(one as Members, other, frame);
}

function equalLists(one: readonly unknown[], other: readonly unknown[], frame: Frame): boolean | typeof FAULT {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) {
    if (overspent(frame, 1)) return fault(frame, TOO_MUCH);
    const same = equal(one[at], other[at], frame);
    if (same !== true) return same;
  }
  return true;
}

function equalObjects(one: Members, other: Members, frame: Frame): boolean | typeof FAULT {
  const names = namesOf(one, frame);
  const others = namesOf(other, frame);
  if (names === FAULT || others === FAULT) return FAULT;
  if (names.length !== others.length) return false;
  for (const name of names) {
    if (!Object.hasOwn(other, name)) return false;
    const same = equal(one[name], member(other, name), frame);
    if (same !== true) return same;
  }
  return true;
}

/** Whether a value is an element of a list, or the name of a member of an object. */
export function isIn(value: unknown, where: unknown, frame: Frame): boolean | typeof FAULT {
  if (Array.isArray(where)) {
    for (const element of where as readonly unknown[]) {
      if (overspent(frame, 1)) return fault(frame, TOO_MUCH);
      const same = equal(value, element, frame);
      if (same !== false) return same;
    }
    return false;
  }
  if (isObject(where)) {
    if (value === null || Array.isArray(value) || isObject(value))
      return fault(frame, 'an object has its members by name');
    return typeof value === 'string' && Object.hasOwn(where, value);
  }
  return fault(frame, '`in` wants a list or an object');
}
