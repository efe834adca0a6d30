import type { JsonValue } from './json-value.ts';
import { editJson, type TextsToReplace } from './json-walk.ts';

/**
 * Puts other texts in the place of strings in a JSON text that `parseJson` has read as `value`. They are written as
 * `JSON.stringify` does. All else stays byte for byte: names, numbers, other texts and white space. The result is JSON
 * again, and shares no memory with `bytes`. What is no string there is a bug and throws.
 */
export function replaceTexts(bytes: Uint8Array, value: JsonValue, texts: TextsToReplace): Buffer {
  return editJson(bytes, value, { texts });
}
