/** The kinds of JSON values, one bit each; numbers without a fraction are apart, whatever they are written like. */
export const KIND = { null: 1, boolean: 2, integer: 4, fraction: 8, string: 16, array: 32, object: 64 } as const;

/** Every kind. */
export const ANY_KIND = 127;

/** The kinds each `type` of JSON Schema allows (2020-12 §6.1.1). */
export const TYPE_KINDS: ReadonlyMap<string, number> = new Map([
  ['null', KIND.null],
  ['boolean', KIND.boolean],
  ['integer', KIND.integer],
  ['number', KIND.integer | KIND.fraction],
  ['string', KIND.string],
  ['array', KIND.array],
  ['object', KIND.object],
]);

/** The kind of a value; 0, which nothing allows, for what no JSON text can say. */
export function kindOf(value: unknown): number {
  if (typeof value === 'string') return KIND.string;
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return KIND.integer;
    return Number.isFinite(value) ? KIND.fraction : 0;
  }
  if (typeof value === 'boolean') return KIND.boolean;
  if (value === null) return KIND.null;
  if (typeof value !== 'object') return 0;
  return Array.isArray(value) ? KIND.array : KIND.object;
}
