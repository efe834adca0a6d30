/**
 * Draws whole numbers by weight in constant time (Walker's alias method, in Vose's way of building it): every column holds
 * its own number up to a threshold, and above it the number of one that weighs more.
 */
export class AliasTable {
  readonly #thresholds: Float64Array;
  readonly #aliases: Uint32Array;
  /** The sum of all weights. */
  readonly total: number;

  /** Weights are finite and above 0. Without any nothing can be drawn. */
  constructor(weights: readonly number[]) {
    const count = weights.length;
    this.total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#thresholds = new Float64Array(count);
    this.#aliases = new Uint32Array(count);
    const scaled = weights.map((weight) => (weight * count) / this.total);
    const small: number[] = [];
    const large: number[] = [];
    for (const [index, weight] of scaled.entries()) (weight < 1 ? small : large).push(index);
    while (small.length > 0 && large.length > 0) {
      const less = small.pop() as number;
      const more = large.pop() as number;
      this.#fill(less, scaled[less] as number, more);
      scaled[more] = (scaled[more] as number) - (1 - (scaled[less] as number));
      ((scaled[more] as number) < 1 ? small : large).push(more);
    }
    // What is left over is whole but for rounding.
    for (const index of [...large, ...small]) this.#fill(index, 1, index);
  }

  /** A number below the count of weights, by `random` from 0 up to and not including 1. */
  draw(random: number): number {
    const at = random * this.#thresholds.length;
    const column = Math.floor(at);
    return at - column < (this.#thresholds[column] as number) ? column : (this.#aliases[column] as number);
  }

  #fill(column: number, threshold: number, alias: number): void {
    this.#thresholds[column] = threshold;
    this.#aliases[column] = alias;
  }
}
