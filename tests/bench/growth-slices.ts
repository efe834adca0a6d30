import { setImmediate as turn } from 'node:timers/promises';
import { createMemoryTables } from '../../src/adapters/index.ts';
import { gather, packGathered, parseConfig } from '../../src/config/index.ts';
import { compileInSlices } from '../../src/gateway/index.ts';
import { createOfflineKinds, listKinds } from '../../src/main/kinds.ts';
import { ok } from '../../src/base/index.ts';
import { growthDescription } from './growth-description.ts';

/** How long a gateway thread does not serve while it prepares a configuration, in milliseconds of wall time. */
export interface SliceFigures {
  readonly slices: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

const RUNS = 8;

const CONFIGURATION = `version: 1
server: { https: { port: 8443, certificate: local } }
apis:
  growth: { openapi: ./growth.json, upstream: 'http://127.0.0.1:9', auth: public }
`;

/**
 * Prepares a configuration with so many operations several times as a gateway thread does. Of each slice the quickest of
 * all runs counts, for what else the machine did meanwhile is no work of the slice.
 */
export async function measureSlices(operations: number): Promise<SliceFigures> {
  const kinds = createOfflineKinds();
  const parsed = parseConfig(CONFIGURATION, { file: '/growth/portcullis.yaml', kinds: listKinds(kinds) });
  if (!parsed.ok) throw new Error('the configuration of the measurement is wrong');
  const document = Buffer.from(growthDescription(operations));
  const outside = { files: { read: () => Promise.resolve(ok(document)) }, secrets: {}, egress: {} };
  const gathered = await gather(parsed.value, { ...outside, revision: 1 } as never);
  if (!gathered.ok) throw new Error('the description of the measurement is wrong');
  const parcel = packGathered(gathered.value);
  const runs: number[][] = [];
  for (let run = 0; run < RUNS; run++) {
    const tables = createMemoryTables({ log: { write() {} } });
    const slices: number[] = [];
    let since = performance.now();
    await compileInSlices(parcel, { kinds, tables }, async () => {
      slices.push(performance.now() - since);
      await turn();
      since = performance.now();
    });
    slices.push(performance.now() - since);
    runs.push(slices);
  }
  const quickest = (runs[0] ?? []).map((_, index) => Math.min(...runs.map((slices) => slices[index] ?? Infinity)));
  const sorted = quickest.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { slices: sorted.length, p99Ms: at(0.99), longestMs: at(1) };
}
