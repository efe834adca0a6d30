import { isUtf8 } from 'node:buffer';
import { err, ok, type Result } from '../base/index.ts';

/** Why bytes are not text, and the offset in bytes where that stands. */
export interface TextFault {
  readonly code: 'invalid-utf8' | 'nul-byte';
  readonly offset: number;
}

// Enough for halving always to get on, and soon walked.
const WALKED_BYTES = 64;

/**
 * Reads UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). A byte order mark stays in the text.
 * NUL is refused: ASCII in UTF-16 without a mark is valid UTF-8 full of NULs, and some readers would guess UTF-16.
 */
export function parseText(bytes: Uint8Array): Result<string, TextFault> {
  const buffer = bufferOf(bytes);
  const invalid = firstInvalidUtf8(buffer);
  if (invalid !== -1) return err({ code: 'invalid-utf8', offset: invalid });
  const nul = buffer.indexOf(0);
  return nul === -1 ? ok(buffer.toString('utf8')) : err({ code: 'nul-byte', offset: nul });
}

/** Whether `parseText` would read the bytes, without making a text of them. */
export function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

/** The offset of the first byte that begins no valid sequence of UTF-8 (RFC 3629 §4), or -1. */
export function firstInvalidUtf8(bytes: Uint8Array): number {
  if (isUtf8(bytes)) return -1;
  // Halving leaves nearly all of the search to the native check: refusing must not cost more than reading.
  let at = 0;
  let end = bytes.length;
  while (end - at > WALKED_BYTES) {
    const middle = sequenceStart(bytes, (at + end) >>> 1);
    if (isUtf8(bytes.subarray(at, middle))) at = middle;
    else end = middle;
  }
  for (;;) {
    const next = at + sequenceLength(bytes[at]!);
    if (next > bytes.length || !isUtf8(bytes.subarray(at, next))) return at;
    at = next;
  }
}

/** The same bytes as a Buffer, not copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sequenceLength(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Goes back from the middle of a sequence, which has at most three continuation bytes, to its start. */
function sequenceStart(bytes: Uint8Array, at: number): number {
  const first = at - 3;
  while (at > first && (bytes[at]! & 0xc0) === 0x80) at--;
  return at;
}
