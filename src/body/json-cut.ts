import type { JsonValue } from './json-value.ts';
import { editJson, type ElementsToCut, type MembersToCut } from './json-walk.ts';

/**
 * Takes members out of a JSON text that `parseJson` has read as `value`. Whatever stays, stays byte for byte and in its
 * order: numbers and texts as they are written, white space too. The result is JSON again, and shares no memory with
 * `bytes`.
 */
export function cutMembers(bytes: Uint8Array, value: JsonValue, members: MembersToCut): Buffer {
  return editJson(bytes, value, { members });
}

/** Takes elements out of lists of a JSON text that `parseJson` has read as `value`, and members too; all else as `cutMembers`. */
export function cutElements(
  bytes: Uint8Array,
  value: JsonValue,
  cuts: { readonly elements: ElementsToCut; readonly members: MembersToCut },
): Buffer {
  return editJson(bytes, value, cuts);
}
