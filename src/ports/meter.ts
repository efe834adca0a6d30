/** Fixed labels of a series, from closed sets only: a client must not be able to make series. */
export type Labels = Readonly<Record<string, string>>;

/** Counts up. */
export interface Counter {
  add(amount: number): void;
}

/** Goes up and down. */
export interface Gauge {
  set(value: number): void;
}

/** Sorts values into buckets with fixed upper bounds. */
export interface Histogram {
  observe(value: number): void;
}

/** Names follow Prometheus: snake case, `portcullis_` first, the unit before `_total`. */
export interface Meter {
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  histogram(name: string, help: string, bounds: readonly number[], labels?: Labels): Histogram;
}

/** What a scrape sees: the Prometheus text format 0.0.4. */
export interface MeterReader {
  exposition(): string;
}
