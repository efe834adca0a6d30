import type { CutMembers } from './cuts.ts';

/**
 * One way in which a value differs from its schema. `pointer` is a JSON Pointer (RFC 6901) from the value's root, `''`
 * for the root itself; `message` is plain words that repeat nothing of the value and nothing of a pattern.
 */
export interface Violation {
  readonly pointer: string;
  readonly message: string;
}

/**
 * Judges a value: null where it holds, which allocates nothing but where alternatives have to be tracked, else what
 * was found wrong, at most `VIOLATION_LIMIT` violations. Never throws, whatever JSON value it is given.
 */
export type Validator = (value: unknown) => readonly Violation[] | null;

/**
 * What of a value has to go for it to hold: null for nothing; else the members that do, or, where it would not hold even
 * without them, what is wrong.
 */
export type Sieve = (
  value: unknown,
) => { readonly cuts: CutMembers } | { readonly violations: readonly Violation[] } | null;

/** Where a schema stands: a document as parsed data, which must not change afterwards, and its version of OpenAPI. */
export interface SchemaSource {
  readonly document: unknown;
  readonly specification: '3.0' | '3.1' | '3.2';
}

/**
 * How a schema is read.
 *
 * `closed`: of an object whose properties are described, only described properties pass. Described is what any schema
 * that applies to the object names in `properties` or `patternProperties`: schemas joined by `allOf` and `$ref` count
 * together, of `anyOf`, `oneOf`, `if` and `dependentSchemas` count those that match, `not` counts never. A schema that
 * says `additionalProperties` or `unevaluatedProperties`, whatever it says, decides for itself. An object of which no
 * schema says `properties` or `patternProperties` stays open. What `not`, `if` and `contains` ask is judged as JSON
 * Schema has it, since closing them would let more pass; so a closed validator passes nothing that an open one refuses.
 *
 * `direction`: in requests, properties that are `readOnly` are refused and never required; in responses the same holds
 * for `writeOnly` (OpenAPI 3.0 §4.7.24.2; for 3.1 the meaning JSON Schema 2020-12 §9.4 leaves open is the same).
 */
export interface ValidatorOptions {
  readonly closed: boolean;
  readonly direction: 'request' | 'response';
}
