import { err, ok, type Result } from './result.ts';

const DURATION_UNITS_MS = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_UNITS_BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, kB: 1000, MB: 1e6, GB: 1e9 } as const;

/** Reads `30s`, `250ms`, `10m`, `24h`, `90d` into milliseconds. Whole numbers only; the unit is never left out. */
export function parseDuration(text: string): Result<number, string> {
  return parseQuantity(text, DURATION_UNITS_MS, 'a duration such as 250ms, 30s, 10m, 24h or 90d');
}

/** Reads `512B`, `16KiB`, `10MiB` (powers of 1024) or `10MB` (powers of 1000) into bytes. */
export function parseSize(text: string): Result<number, string> {
  return parseQuantity(text, SIZE_UNITS_BYTES, 'a size such as 512B, 16KiB or 10MiB');
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>, wanted: string): Result<number, string> {
  const found = /^(0|[1-9][0-9]{0,11})([A-Za-z]{1,3})$/.exec(text);
  const unit = found?.[2] === undefined || !Object.hasOwn(units, found[2]) ? undefined : units[found[2]];
  if (found?.[1] === undefined || unit === undefined) return err(`expected ${wanted}`);
  const value = Number(found[1]) * unit;
  return Number.isSafeInteger(value) ? ok(value) : err(`is too large; expected ${wanted}`);
}
