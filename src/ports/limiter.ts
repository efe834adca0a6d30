/** One rule of the generic cell rate algorithm: on average one call each `periodMs / count`, at most `burst` at once. */
export interface Rate {
  readonly count: number;
  readonly periodMs: number;
  readonly burst: number;
}

/** What the limiter says of a call. `remaining` calls would pass now; at `resetMs` from now the burst is whole again; `retryMs` is 0 when allowed. */
export interface RateDecision {
  readonly allowed: boolean;
  readonly remaining: number;
  readonly resetMs: number;
  readonly retryMs: number;
}

/** A rule and whom it counts. */
export interface RateCharge {
  readonly key: string;
  readonly rate: Rate;
  /** What the keys of one rule have in common. Many keys of one share cannot push out those of another. Absent is one share. */
  readonly share?: string;
  /** Anybody can make such keys, as with addresses. They have room of their own: a crowd of them takes none from callers. */
  readonly stranger?: boolean;
}

/** Counts calls. Refused calls are not counted. */
export interface Limiter {
  /**
   * The same charges, for whoever makes them again and again: this limiter has read them already. To another limiter
   * they are charges like any others. Those that can't be charged throw here as they would there.
   */
  prepare(charges: readonly RateCharge[]): Iterable<RateCharge>;

  /**
   * Charges one call to all the given rules, or to none of them if one is used up; decisions in the order given. Calls
   * of which the same is to be said may get the same decisions, which nobody may change.
   */
  charge(charges: Iterable<RateCharge>, nowMs: number): readonly RateDecision[];

  /**
   * Takes one call back from all the given rules, where `charge` let one through that was refused later after all:
   * from then on it is as if it had never been counted. Only for what was charged. Returns what is left, in the order given.
   */
  refund(charges: Iterable<RateCharge>, nowMs: number): readonly RateDecision[];
}
