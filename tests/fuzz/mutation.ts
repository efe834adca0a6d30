import { randomInt } from 'node:crypto';
import fc from 'fast-check';

/** The seeds that a target runs with: the same ones each time, and one that is new. Each stands in the name of its test. */
export function seedsOf(fixed: number): readonly number[] {
  return [...Array.from({ length: fixed }, (_, at) => at + 1), randomInt(2 ** 31)];
}

/** One thing that is done to bytes; places beyond their end count from the beginning again. */
export interface Change {
  readonly how: 'flip' | 'drop' | 'repeat' | 'insert';
  readonly at: number;
  readonly length: number;
}

/** Any change of up to so many bytes. */
export function changeOf(maxLength: number): fc.Arbitrary<Change> {
  return fc.record({
    how: fc.constantFrom('flip', 'drop', 'repeat', 'insert'),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: maxLength }),
  });
}

/** A copy of the bytes with this change. */
export function changed(bytes: Buffer, change: Change): Buffer {
  if (bytes.length === 0) return bytes;
  const at = change.at % bytes.length;
  const end = Math.min(bytes.length, at + change.length);
  const [head, middle, rest] = [bytes.subarray(0, at), Buffer.from(bytes.subarray(at, end)), bytes.subarray(end)];
  switch (change.how) {
    case 'flip':
      return Buffer.concat([head, middle.map((octet) => octet ^ (1 << (change.length % 8))), rest]);
    case 'drop':
      return Buffer.concat([head, rest]);
    case 'repeat':
      return Buffer.concat([head, middle, middle, rest]);
    case 'insert':
      return Buffer.concat([head, Buffer.alloc(change.length, change.at), middle, rest]);
  }
}

/** The bytes in pieces of these lengths, and what is left as the last piece; none is empty. */
export function cutUp(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const cut of cuts) {
    pieces.push(bytes.subarray(from, from + cut));
    from += cut;
  }
  return [...pieces, bytes.subarray(from)].filter(({ length }) => length > 0);
}
