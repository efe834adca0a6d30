import type { Counter, Gauge, Histogram, Labels, Meter } from '../../ports/index.ts';

/**
 * A series as it is announced: its first cell, and for histograms the upper bounds. A counter or gauge has one cell; a
 * histogram one for each bound, one for what lies above, and one for the sum. Plain data that can be sent to a thread.
 */
export interface MeterSeries {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: Labels;
  readonly cell: number;
  readonly bounds: readonly number[];
}

/** A meter of one thread. `buffer` goes to the thread that reads; only this thread writes to it. */
export interface SharedMeter extends Meter {
  readonly buffer: SharedArrayBuffer;
}

const DEFAULT_CELL_LIMIT = 4096;
const BOUND_LIMIT = 64;
const NAME = /^portcullis_[a-z0-9]+(?:_[a-z0-9]+)*$/;
const LABEL_NAME = /^(?!__|le$)[a-z_][a-z0-9_]*$/;
const NOTHING = { add: () => {}, set: () => {}, observe: () => {} };

/**
 * Counts in shared memory. Each series is announced once, when it is first asked for; asking again gives the same cells.
 * When the cells are used up, further series count nothing, and `portcullis_meter_dropped_series_total` counts them.
 * A malformed name or bound, or one name for two things, is a bug and throws. Amounts that are negative or no finite
 * number are left out, since one NaN would spoil a sum for good.
 */
export function createSharedMeter(options: {
  readonly announce: (series: MeterSeries) => void;
  readonly cellLimit?: number;
}): SharedMeter {
  const cellLimit = options.cellLimit ?? DEFAULT_CELL_LIMIT;
  const buffer = new SharedArrayBuffer(cellLimit * Float64Array.BYTES_PER_ELEMENT);
  const meter = new SeriesTable(new Float64Array(buffer), options.announce);
  return {
    buffer,
    counter: (name, help, labels = {}) => meter.counter(name, help, labels),
    gauge: (name, help, labels = {}) => meter.gauge({ name, help, kind: 'gauge', labels, bounds: [] }),
    histogram: (name, help, bounds, labels = {}) => meter.histogram({ name, help, kind: 'histogram', labels, bounds }),
  };
}

type Wanted = Omit<MeterSeries, 'cell'>;

class SeriesTable {
  readonly #cells: Float64Array<SharedArrayBuffer>;
  readonly #announce: (series: MeterSeries) => void;
  readonly #known = new Map<string, MeterSeries>();
  readonly #families = new Map<string, string>();
  readonly #dropped: Counter;
  #used = 0;

  constructor(cells: Float64Array<SharedArrayBuffer>, announce: (series: MeterSeries) => void) {
    this.#cells = cells;
    this.#announce = announce;
    this.#dropped = this.counter('portcullis_meter_dropped_series_total', 'Series without room in the meter', {});
  }

  counter(name: string, help: string, labels: Labels): Counter {
    const cell = this.#place({ name, help, kind: 'counter', labels, bounds: [] }, 1);
    if (cell === null) return NOTHING;
    const cells = this.#cells;
    return {
      add(amount) {
        if (amount > 0 && amount < Number.POSITIVE_INFINITY) cells[cell] = (cells[cell] as number) + amount;
      },
    };
  }

  gauge(wanted: Wanted): Gauge {
    const cell = this.#place(wanted, 1);
    if (cell === null) return NOTHING;
    const cells = this.#cells;
    return {
      set(value) {
        if (Number.isFinite(value)) cells[cell] = value;
      },
    };
  }

  histogram(wanted: Wanted): Histogram {
    checkBounds(wanted);
    const bounds = [...wanted.bounds];
    const cell = this.#place(wanted, bounds.length + 2);
    if (cell === null) return NOTHING;
    const cells = this.#cells;
    const sum = cell + bounds.length + 1;
    return {
      observe(value) {
        if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return;
        let at = 0;
        while (at < bounds.length && value > (bounds[at] as number)) at++;
        cells[cell + at] = (cells[cell + at] as number) + 1;
        cells[sum] = (cells[sum] as number) + value;
      },
    };
  }

  #place(wanted: Wanted, size: number): number | null {
    checkNames(wanted);
    const labels = Object.fromEntries(Object.entries(wanted.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const family = JSON.stringify([wanted.kind, wanted.help, wanted.bounds, Object.keys(labels)]);
    if ((this.#families.get(wanted.name) ?? family) !== family) {
      throw new Error(`${wanted.name} is already the name of another series`);
    }
    const key = JSON.stringify([wanted.name, labels]);
    const known = this.#known.get(key);
    if (known !== undefined) return known.cell;
    if (this.#used + size > this.#cells.length) {
      this.#dropped.add(1);
      return null;
    }
    const series = { ...wanted, labels, bounds: [...wanted.bounds], cell: this.#used };
    this.#used += size;
    this.#families.set(wanted.name, family);
    this.#known.set(key, series);
    this.#announce(series);
    return series.cell;
  }
}

function checkNames({ name, labels, kind }: Wanted): void {
  if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a series`);
  // Readers make names of histograms and counters by these endings; another kind would collide with them.
  if ((kind === 'counter') !== name.endsWith('_total'))
    throw new Error(`only counters end in _total, and all do: ${name}`);
  for (const [label, value] of Object.entries(labels)) {
    if (!LABEL_NAME.test(label) || typeof value !== 'string') throw new Error(`${name} with a label ${label}`);
  }
}

function checkBounds({ name, bounds }: Wanted): void {
  const ascending = bounds.every((bound, at) => Number.isFinite(bound) && bound > (bounds[at - 1] ?? -Infinity));
  if (!ascending || bounds.length === 0 || bounds.length > BOUND_LIMIT) {
    throw new RangeError(`${name} with bounds that do not ascend, or none, or more than ${BOUND_LIMIT}`);
  }
}
