import type { Labels, MeterReader } from '../../ports/index.ts';
import type { MeterSeries } from './shared-meter.ts';

/** The cells of one thread, as far as its series were announced. */
export interface AttachedMeter {
  /** Takes a series that the thread has announced. One name for two kinds is a bug and throws. */
  announce(series: MeterSeries): void;
  /** The thread has ended: what it counted stays in the sums, its gauges go. */
  detach(): void;
}

/** Sums the cells of several threads. */
export interface SharedMeterReader extends MeterReader {
  /** Reads a thread's cells from now on. */
  attach(buffer: SharedArrayBuffer): AttachedMeter;
}

interface Family {
  readonly help: string;
  readonly kind: MeterSeries['kind'];
  readonly bounds: readonly number[];
  readonly sums: Map<string, Sum>;
}

/** One series over all threads. `kept` is what ended threads have left. */
interface Sum {
  readonly labels: Labels;
  readonly kept: number[];
  readonly parts: Set<{ readonly cells: Float64Array; readonly cell: number }>;
}

// Four threads with all cells in different series: more is not asked for by any room.
const SERIES_LIMIT = 16_384;

/** The Prometheus text format 0.0.4 over all attached threads; gauges of several threads are added up. */
export function createMeterReader(): SharedMeterReader {
  const families = new Map<string, Family>();
  let seriesCount = 0;

  const sumOf = (series: MeterSeries): Sum => {
    const { name, kind, help, bounds } = series;
    const family = families.get(name) ?? { help, kind, bounds: [...bounds], sums: new Map<string, Sum>() };
    if (family.kind !== kind || family.bounds.join() !== bounds.join())
      throw new Error(`${name} is two things at once`);
    families.set(name, family);
    const labels = labelText(series.labels);
    const known = family.sums.get(labels);
    if (known !== undefined) return known;
    if (++seriesCount > SERIES_LIMIT) throw new RangeError(`more than ${SERIES_LIMIT} series`);
    const sum = { labels: series.labels, kept: new Array<number>(width(family)).fill(0), parts: new Set<never>() };
    family.sums.set(labels, sum);
    return sum;
  };

  return {
    attach(buffer) {
      const cells = new Float64Array(buffer);
      const mine: (() => void)[] = [];
      return {
        announce(series) {
          const sum = sumOf(series);
          const part = { cells, cell: series.cell };
          sum.parts.add(part);
          mine.push(() => {
            if (!sum.parts.delete(part) || series.kind === 'gauge') return;
            for (let at = 0; at < sum.kept.length; at++)
              sum.kept[at] = (sum.kept[at] ?? 0) + (cells[part.cell + at] ?? 0);
          });
        },
        detach() {
          for (const leave of mine.splice(0)) leave();
        },
      };
    },
    exposition() {
      const names = [...families.keys()].toSorted();
      return names.map((name) => familyText(name, families.get(name) as Family)).join('');
    },
  };
}

function width({ kind, bounds }: Family): number {
  return kind === 'histogram' ? bounds.length + 2 : 1;
}

function familyText(name: string, family: Family): string {
  const help = family.help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
  const head = `# HELP ${name} ${help}\n# TYPE ${name} ${family.kind}\n`;
  // A gauge whose threads have all ended has no value any more.
  const live = [...family.sums].filter(([, sum]) => family.kind !== 'gauge' || sum.parts.size > 0);
  const lines = live
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([labels, sum]) => seriesText(name, labels, sum, family));
  return lines.length === 0 ? '' : head + lines.join('');
}

function seriesText(name: string, labels: string, sum: Sum, { kind, bounds }: Family): string {
  const values = sum.kept.map((kept, at) => {
    let value = kept;
    // Not atomic: an aligned double is read whole on every machine Node runs on, and one writer makes no lost updates.
    for (const { cells, cell } of sum.parts) value += cells[cell + at] ?? 0;
    return value;
  });
  if (kind !== 'histogram') return `${name}${braced(labels)} ${values[0] ?? 0}\n`;
  let count = 0;
  const buckets = [...bounds.map(String), '+Inf'].map((bound, at) => {
    count += values[at] ?? 0;
    return `${name}_bucket${braced(labels, `le="${bound}"`)} ${count}\n`;
  });
  const total = `${name}_sum${braced(labels)} ${values.at(-1) ?? 0}\n${name}_count${braced(labels)} ${count}\n`;
  return buckets.join('') + total;
}

function labelText(labels: Labels): string {
  const escape = (value: string): string => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([label, value]) => `${label}="${escape(value)}"`).join(',');
}

function braced(labels: string, more = ''): string {
  const inside = [labels, more].filter((part) => part !== '').join(',');
  return inside === '' ? '' : `{${inside}}`;
}
