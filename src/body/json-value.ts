/** What a JSON text says, as plain JavaScript values. Objects inherit nothing, so no name is there that was not sent. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/**
 * A JSON object. Every name, `__proto__` and `constructor` too, is an own property or is not there; having no
 * `toString`, it throws where it is joined to text.
 */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Bounds on the shape of a JSON text; the caller bounds its bytes. A text exactly at a bound is read. */
export interface JsonLimits {
  /** Objects and arrays open at once: `[]` has depth 1. More than 512 counts as 512, since reading recurses. */
  readonly depth: number;
  /** Members of all objects of the text together, at every level: `{"a":{"b":1},"c":[{"b":2}]}` has four. */
  readonly keys: number;
  /** Elements of all arrays of the text together, at every level: `[[1,2],3]` has four. */
  readonly elements: number;
  /** Bytes of one number as written, sign and exponent included. */
  readonly numberBytes: number;
}

/**
 * Depth 64: deeper than any API describes, and shallow enough for whoever walks the value by recursion.
 * 10,000 keys: a thousand records of ten members in one call; members cost the most memory and hashing per byte.
 * 250,000 elements: a hundred vectors of 2,000 numbers fit, while 10 MiB of `[],` would grow to over 100 MB, and of
 * the costliest strings hold up a thread for a second.
 * 1,000 bytes of number: where Jackson stops too; readers with unbounded decimals need quadratic time.
 */
export const DEFAULT_JSON_LIMITS: JsonLimits = { depth: 64, keys: 10_000, elements: 250_000, numberBytes: 1_000 };

/** Why a text is not read. */
export type JsonFaultCode =
  | 'invalid-utf8'
  | 'byte-order-mark'
  | 'unexpected-end'
  | 'unexpected-byte'
  | 'control-byte'
  | 'invalid-escape'
  | 'lone-surrogate'
  | 'number-out-of-range'
  | 'number-too-long'
  | 'duplicate-key'
  | 'too-deep'
  | 'too-many-keys'
  | 'too-many-elements';

/** The first thing found wrong with a text, and the offset in bytes where it stands. */
export interface JsonFault {
  readonly code: JsonFaultCode;
  readonly offset: number;
}
