/** A double that is a whole number and stands where an int might: of JSON there is none, arithmetic makes them. */
class Whole {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Which of the two kinds of number a value of JSON is; null for none. Integers within ±2^53 are int, others are double. */
export function numberKind(value: unknown): 'int' | 'double' | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'int' : 'double';
  return value instanceof Whole ? 'double' : null;
}

/** The number that a value is; undefined for none. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value instanceof Whole ? value.value : undefined;
}

/** A double among values of JSON: it stays one, whatever it is. */
export function doubleAsAny(value: number): unknown {
  return Number.isSafeInteger(value) ? new Whole(value) : value;
}

/** An object of JSON. */
export type Members = Readonly<Record<string, unknown>>;

/** Whether it is an object of JSON. */
export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Whole);
}

/** What an object says under a name of its own; undefined where it says nothing, whatever its ancestors do. */
export function member(object: Members, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
