/** What a public suite asked, and how the answers were. The sum of all is the total. */
export interface SuiteTally {
  readonly name: string;
  total: number;
  ok: number;
  /** What was not judged since it was refused before, by the reason given. */
  readonly refused: Map<string, number>;
  /** What was decided otherwise than the suite has it, by the reason. */
  readonly otherwise: Map<string, number>;
  readonly wrong: string[];
}

/** A tally of nothing. */
export function createTally(name: string): SuiteTally {
  return { name, total: 0, ok: 0, refused: new Map(), otherwise: new Map(), wrong: [] };
}

/** All that a map counts. */
export function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
