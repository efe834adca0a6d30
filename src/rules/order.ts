import { type FAULT, fault, type Frame, overspent, TOO_MUCH } from './frame.ts';
import { CHARACTERS_PER_STEP } from './limits.ts';
import { numberOf } from './value.ts';

/** What an order is asked for. */
export type Order = '<' | '<=' | '>' | '>=';

/** The four questions, of values that are numbers, or points or spans of time. */
export const ORDERED = {
  '<': (one: number | bigint, other: number | bigint) => one < other,
  '<=': (one: number | bigint, other: number | bigint) => one <= other,
  '>': (one: number | bigint, other: number | bigint) => one > other,
  '>=': (one: number | bigint, other: number | bigint) => one >= other,
} as const satisfies Record<Order, (one: number | bigint, other: number | bigint) => boolean>;

/** Whether two values of JSON stand in an order: numbers of both kinds, texts, or truth values. */
export function ordered(order: Order, one: unknown, other: unknown, frame: Frame): boolean | typeof FAULT {
  if (typeof one === 'string' && typeof other === 'string') return orderedTexts(order, one, other, frame);
  if (typeof one === 'boolean' && typeof other === 'boolean') return ORDERED[order](Number(one), Number(other));
  const [left, right] = [numberOf(one), numberOf(other)];
  if (left === undefined || right === undefined) return fault(frame, `\`${order}\` wants two numbers, or two texts`);
  return ORDERED[order](left, right);
}

/** The same of two texts, by their code points: as CEL says, and as UTF-8 is sorted. */
export function orderedTexts(order: Order, one: string, other: string, frame: Frame): boolean | typeof FAULT {
  const length = Math.min(one.length, other.length);
  // Units are compared one by one, in twice the time that other looks at texts take.
  if (length > CHARACTERS_PER_STEP && overspent(frame, (2 * length) / CHARACTERS_PER_STEP))
    return fault(frame, TOO_MUCH);
  let at = 0;
  while (at < length && one.charCodeAt(at) === other.charCodeAt(at)) at++;
  if (at === length) return ORDERED[order](one.length, other.length);
  return ORDERED[order](rankAt(one, at), rankAt(other, at));
}

const SURROGATES = 0xd800;
const BEHIND_SURROGATES = 0xe000;

/** Halves of what lies beyond U+FFFF come last, though their numbers do not. */
function rankAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= SURROGATES && code < BEHIND_SURROGATES ? code + 0x10000 : code;
}
