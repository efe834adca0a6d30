const LONGEST_WORD = 64;

/** The word among `known` that was most likely meant, or null where none is close. */
export function nearestWord(written: string, known: readonly string[]): string | null {
  if (written.length > LONGEST_WORD) return null;
  const limit = Math.ceil(written.length / 3);
  const ranked = known.map((word) => ({ word, distance: distanceOf(written, word) }));
  const best = ranked.toSorted((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= limit ? best.word : null;
}

/** Insertions, deletions and replacements that turn one word into the other (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++) {
      const kept = (row[j - 1] as number) + (a[i] === b[j - 1] ? 0 : 1);
      next.push(Math.min(kept, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
