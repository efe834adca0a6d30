import { Buffer } from 'node:buffer';

/** Bytes that another text takes the place of. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The bytes with these edits made, which stand in rising order; what stays, stays byte for byte. The result is new. */
export function applyEdits(bytes: Uint8Array, edits: readonly Edit[]): Buffer {
  const pieces: Uint8Array[] = [];
  let done = 0;
  for (const { from, to, text } of edits) {
    pieces.push(bytes.subarray(done, from), Buffer.from(text));
    done = to;
  }
  pieces.push(bytes.subarray(done));
  return Buffer.concat(pieces);
}
