import { type FAULT, fault, type Frame, overspent, TOO_MUCH } from './frame.ts';
import type { Members } from './value.ts';

/** The names of an object. The runtime makes a list of them each time, so each costs a step. */
export function namesOf(object: Members, frame: Frame): readonly string[] | typeof FAULT {
  const names = Object.keys(object);
  return overspent(frame, names.length) ? fault(frame, TOO_MUCH) : names;
}
