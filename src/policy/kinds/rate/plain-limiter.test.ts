// No tests here: kind.test.ts holds it to the contract of Limiter.
import type { Limiter, Rate, RateCharge, RateDecision } from '../../../ports/index.ts';

interface Owed {
  readonly units: bigint;
  readonly atMs: number;
}

/**
 * A limiter to test against, as plain as can be: a call owes one period, each millisecond pays back as many units as
 * calls are allowed in a period. It keeps every key.
 */
export class PlainLimiter implements Limiter {
  readonly #owed = new Map<string, Owed>();
  /** The keys that were charged, in order, whatever came of it. */
  readonly keys: string[] = [];

  prepare(charges: readonly RateCharge[]): readonly RateCharge[] {
    this.#read(charges, 0);
    return charges;
  }

  charge(charges: readonly RateCharge[], nowMs: number): readonly RateDecision[] {
    this.keys.push(...charges.map(({ key }) => key));
    const now = this.#read(charges, nowMs);
    const passes = charges.every((charge) => hasRoom(charge.rate, now.get(nameOf(charge))?.units ?? 0n));
    const decisions = charges.map((charge) => {
      const { units } = now.get(nameOf(charge)) as Owed;
      return decisionOf(charge.rate, units, { passes, allowed: hasRoom(charge.rate, units) });
    });
    if (passes) this.#add(charges, now, 1n);
    return decisions;
  }

  refund(charges: readonly RateCharge[], nowMs: number): readonly RateDecision[] {
    this.#add(charges, this.#read(charges, nowMs), -1n);
    const now = this.#read(charges, nowMs);
    return charges.map((charge) => {
      const { units } = now.get(nameOf(charge)) as Owed;
      return decisionOf(charge.rate, units, { passes: false, allowed: hasRoom(charge.rate, units) });
    });
  }

  #read(charges: readonly RateCharge[], nowMs: number): ReadonlyMap<string, Owed> {
    if (!Number.isFinite(nowMs)) throw new RangeError('no time');
    return new Map(
      charges.map((charge) => {
        for (const part of Object.values(charge.rate))
          if (!Number.isSafeInteger(part) || part < 1) throw new RangeError();
        const { units, atMs } = this.#owed.get(nameOf(charge)) ?? { units: 0n, atMs: Math.floor(nowMs) };
        // Where the clock went back, what is owed grows by the time that will come twice.
        const left = units - BigInt(Math.floor(nowMs) - atMs) * BigInt(charge.rate.count);
        return [nameOf(charge), { units: units > 0n && left > 0n ? left : 0n, atMs: Math.floor(nowMs) }];
      }),
    );
  }

  #add(charges: readonly RateCharge[], now: ReadonlyMap<string, Owed>, calls: bigint): void {
    for (const charge of charges) {
      const { units, atMs } = now.get(nameOf(charge)) as Owed;
      const sum = units + calls * BigInt(charge.rate.periodMs);
      this.#owed.set(nameOf(charge), { units: sum < 0n ? 0n : sum, atMs });
    }
  }
}

function nameOf({ key, rate, share = '' }: RateCharge): string {
  return JSON.stringify([key, share, rate.count, rate.periodMs, rate.burst]);
}

function capacity({ burst, periodMs }: Rate): bigint {
  return BigInt(burst) * BigInt(periodMs);
}

function hasRoom(rate: Rate, units: bigint): boolean {
  return units + BigInt(rate.periodMs) <= capacity(rate);
}

function decisionOf(
  rate: Rate,
  before: bigint,
  said: { readonly passes: boolean; readonly allowed: boolean },
): RateDecision {
  const period = BigInt(rate.periodMs);
  const units = said.passes ? before + period : before;
  const inMs = (amount: bigint): number => Number((amount + BigInt(rate.count) - 1n) / BigInt(rate.count));
  return {
    allowed: said.allowed,
    remaining: units > capacity(rate) ? 0 : Number((capacity(rate) - units) / period),
    resetMs: inMs(units),
    retryMs: said.allowed ? 0 : inMs(before + period - capacity(rate)),
  };
}
