import { type CoverageRow, ok, type Issue, type Result } from '../base/index.ts';
import { type GatheredParcel, unpackGathered } from '../config/compiled.ts';
import type { CompileContext } from './compilation.ts';
import { compileInSlices } from './compile.ts';
import { coverageOf } from './coverage.ts';

/** So many rows take about half a millisecond. */
const ROWS_PER_SLICE = 64;

/**
 * What protects each operation of a configuration, worked out in slices: it waits for `pause` whenever it has worked for
 * a millisecond or so. The issues are those of its routes.
 */
export async function coverageInSlices(
  parcel: GatheredParcel,
  context: CompileContext,
  pause: () => Promise<void>,
): Promise<Result<readonly CoverageRow[], readonly Issue[]>> {
  const snapshot = await compileInSlices(parcel, context, pause);
  if (!snapshot.ok) return snapshot;
  const { operations } = snapshot.value;
  const configured = unpackGathered(parcel);
  const rows: CoverageRow[] = [];
  for (let first = 0; first < operations.length; first += ROWS_PER_SLICE) {
    await pause();
    rows.push(...coverageOf(operations.slice(first, first + ROWS_PER_SLICE), configured));
  }
  return ok(rows);
}
