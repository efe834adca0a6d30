/**
 * The known key that `key` was probably meant to be, or null: the same letters in other case, or one letter too many,
 * too few, another, or two swapped.
 */
export function meantKey(key: string, known: Iterable<string>): string | null {
  if (key.length > 40) return null;
  const lower = key.toLowerCase();
  for (const candidate of known) {
    if (oneSlipApart(lower, candidate.toLowerCase())) return candidate;
  }
  return null;
}

function oneSlipApart(left: string, right: string): boolean {
  if (Math.abs(left.length - right.length) > 1) return false;
  let start = 0;
  while (start < left.length && left[start] === right[start]) start += 1;
  let end = 0;
  const shorter = Math.min(left.length, right.length);
  while (end < shorter - start && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  const a = left.slice(start, left.length - end);
  const b = right.slice(start, right.length - end);
  return (a.length <= 1 && b.length <= 1) || (a.length === 2 && b === `${a[1]}${a[0]}`);
}
