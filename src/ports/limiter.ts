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
}

/** Counts calls. Refused calls are not counted. */
export interface Limiter {
  /** Charges one call to all the given rules, or to none of them if one is used up; decisions in the order given. */
  charge(charges: readonly RateCharge[], nowMs: number): readonly RateDecision[];

  /**
   * Takes one call back from all the given rules, where `charge` let one through that was refused later after all:
   * from then on it is as if it had never been counted. Only for what was charged. Returns what is left, in the order given.
   */
  refund(charges: readonly RateCharge[], nowMs: number): readonly RateDecision[];
}
