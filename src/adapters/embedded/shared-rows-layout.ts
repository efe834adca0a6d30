/**
 * How rows lie in memory: words of 32 bits, then bytes.
 *
 * - The head: HEAD_WORDS words, at the places of WORD.
 * - The slots: two words each, the hash of a key and the number of its row plus one; 0 is an empty slot. A key stands
 *   in the slot that its hash says, or in the next that was empty.
 * - The starts: for each row where its key begins and where its text does, counted in bytes from the end of the words;
 *   and one more word, where the last text ends.
 * - The bytes: each key in UTF-16, low byte first, followed by the row's JSON in UTF-8, filled up with a space so that
 *   the next key begins at an even byte.
 */
/** What each word of the head says. */
export const WORD = { format: 0, rows: 1, slots: 2, longestKey: 3, key0: 4, key1: 5 } as const;

/** Words of the head. */
export const HEAD_WORDS = 6;

/** Another thread of this process wrote it, so it fits; a mistake in what is sent is found by this. */
export const FORMAT = 0x706c7431;

/** Memory of one version of a table. Two of them live while it is replaced, and more until the memory is collected. */
export const TABLE_BYTES_LIMIT = 64 * 1_024 * 1_024;

const SMALL = { rows: 256, bytes: 128 * 1_024 };

/**
 * Whether a table is copied to each thread and decoded there at once: that takes less than a millisecond, and what is
 * copied is counted by the collector, which shared memory is not.
 */
export function isSmall(rows: number, bytes: number): boolean {
  return rows <= SMALL.rows && bytes <= SMALL.bytes;
}

/** Words ahead of the bytes. */
export function wordsOf(rows: number, slots: number): number {
  return HEAD_WORDS + slots * 2 + rows * 2 + 1;
}

/** At least twice as many as rows, so that an empty one is always near; a power of two. */
export function slotsFor(rows: number): number {
  return rows === 0 ? 1 : 2 ** (32 - Math.clz32(rows * 2 - 1));
}
