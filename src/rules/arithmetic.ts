import { type FAULT, fault, type Frame, overspent, TOO_MUCH } from './frame.ts';
import { CHARACTERS_PER_STEP, TEXT_LIMIT } from './limits.ts';
import { doubleAsAny, numberKind, numberOf } from './value.ts';

/** What is worked out of two numbers, or put together of two texts or lists. */
export type Arithmetic = '+' | '-' | '*' | '/' | '%';

/** The answers for whole numbers; one that is none any more, or too large, is a fault. */
const INT = {
  '+': (one, other) => one + other,
  '-': (one, other) => one - other,
  '*': (one, other) => one * other,
  '/': (one, other) => (other === 0 ? Number.NaN : Math.trunc(one / other)),
  '%': (one, other) => (other === 0 ? Number.NaN : one % other),
} as const satisfies Record<Arithmetic, (one: number, other: number) => number>;

const DOUBLE = {
  '+': (one, other) => one + other,
  '-': (one, other) => one - other,
  '*': (one, other) => one * other,
  '/': (one, other) => one / other,
} as const satisfies Partial<Record<Arithmetic, (one: number, other: number) => number>>;

/** Two whole numbers. Beyond ±2^53 there is no answer: a double could not say it. */
export function onInts(operator: Arithmetic, one: number, other: number, frame: Frame): number | typeof FAULT {
  const answer = INT[operator](one, other);
  // Zero has no sign where it is an int.
  if (Number.isSafeInteger(answer)) return answer + 0;
  return fault(
    frame,
    Number.isNaN(answer) ? `\`${operator}\` by zero` : `\`${operator}\` goes beyond 9007199254740991`,
  );
}

/** Two doubles, as IEEE 754 has it. */
export function onDoubles(operator: Exclude<Arithmetic, '%'>, one: number, other: number): number {
  return DOUBLE[operator](one, other);
}

/** Two values of JSON: two numbers of one kind, and for `+` two texts or two lists. */
export function onAny(operator: Arithmetic, one: unknown, other: unknown, frame: Frame): unknown {
  const kind = numberKind(one);
  if (kind !== null && kind === numberKind(other)) {
    const [left, right] = [numberOf(one) as number, numberOf(other) as number];
    if (kind === 'int') return onInts(operator, left, right, frame);
    if (operator !== '%') return doubleAsAny(onDoubles(operator, left, right));
  }
  if (operator === '+' && typeof one === 'string' && typeof other === 'string') return joined(one, other, frame);
  if (operator === '+' && Array.isArray(one) && Array.isArray(other)) return together(one, other, frame);
  return fault(frame, `\`${operator}\` wants two numbers of one kind`);
}

/** Two texts, one behind the other. */
export function joined(one: string, other: string, frame: Frame): string | typeof FAULT {
  const length = one.length + other.length;
  if (length > TEXT_LIMIT || overspent(frame, length / CHARACTERS_PER_STEP)) return fault(frame, TOO_MUCH);
  return one + other;
}

/** Two lists, one behind the other. */
export function together(
  one: readonly unknown[],
  other: readonly unknown[],
  frame: Frame,
): readonly unknown[] | typeof FAULT {
  return overspent(frame, one.length + other.length) ? fault(frame, TOO_MUCH) : [...one, ...other];
}
