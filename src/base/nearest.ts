// Beyond this a name is compared with nothing: the table below grows with the product of both lengths.
const LENGTH_LIMIT = 128;

/** The name among `known` that was most likely meant by `written`, or null where none is close. */
export function nearestName(written: string, known: Iterable<string>): string | null {
  if (written.length > LENGTH_LIMIT) return null;
  const allowed = Math.min(3, Math.max(1, Math.floor(written.length / 3)));
  let best: string | null = null;
  let bestDistance = allowed + 1;
  for (const name of known) {
    if (name.length > LENGTH_LIMIT || Math.abs(name.length - written.length) >= bestDistance) continue;
    const distance = editDistance(written.toLowerCase(), name.toLowerCase());
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** `did you mean "x"?`, or undefined where no known name is close. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  const name = nearestName(written, known);
  return name === null ? undefined : `did you mean ${JSON.stringify(name)}?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + changed);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
