/**
 * The text that bytes are in UTF-8; null where they are none. A byte order mark is dropped: RFC 8259 §8.1 lets a reader do
 * so, and editors on Windows write it.
 */
export function utf8Text(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
