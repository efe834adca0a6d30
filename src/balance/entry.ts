/** One target as pickers see it. */
export interface Entry {
  /** Its origin, such as http://10.0.0.1:3001; unique in its pool. */
  readonly name: string;
  /** From 1 to 1000. */
  readonly weight: number;
  /** What part of its weight it gets now: 0 where it gets nothing (ejected, failing its checks), below 1 while it starts slowly. */
  share: number;
  /** How many requests it has now. Kept by `begun` and `ended` of its picker. */
  inFlight: number;
}

/** What an entry weighs now: its weight times its share, and 0 for a share that says nothing. */
export function effectiveWeight({ weight, share }: Entry): number {
  return share > 0 ? weight * Math.min(share, 1) : 0;
}
