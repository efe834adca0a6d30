import { runCorpus, type RunRecord } from '../framing/corpus-run.ts';
import { startGateway } from '../framing/gateway-process.ts';
import { closeLanes, configurationFor, openLanes } from '../framing/lane.ts';
import { PLAIN_HEAD } from './contestants/portcullis.ts';
import { printTable } from './table.ts';

const SHOWN = 40;

/** With this word the gateway runs under what the bench's plain and TLS rows are run with. */
export const AS_BENCH = '--as-bench';

/**
 * Runs the framing corpus against a gateway of its own, every case whole and byte by byte, and counts.
 * A case counts as held only when it held both ways. `cut_off_upstream` are refused requests whose fault came to light
 * in a body that was already on its way: the origin got a beginning and then a broken connection, never a request.
 */
export async function framingEvidence(options: readonly string[] = []): Promise<Record<string, unknown>> {
  const started = performance.now();
  const lanes = await openLanes(24);
  const asBench = options.includes(AS_BENCH);
  const configuration = asBench ? benchConfigurationFor(lanes) : configurationFor(lanes);
  const gateway = await startGateway(configuration);
  let records: RunRecord[];
  try {
    records = await runCorpus(gateway, lanes);
  } finally {
    await gateway.stop();
    await closeLanes(lanes);
  }
  const cases = [...Map.groupBy(records, ({ name }) => name).values()];
  const kinds = ['refused', 'forwarded', 'mixed', 'reply'] as const;
  const counted = kinds.map((kind) => {
    const ofKind = cases.filter(([first]) => first?.kind === kind);
    return { kind, cases: ofKind.length, held: ofKind.filter(held).length };
  });
  printTable(
    ['cases that must be', 'cases', 'held'],
    counted.map(({ kind, cases: all, held: good }) => [DESCRIPTIONS[kind], String(all), String(good)]),
  );
  const failed = cases.filter((runs) => !held(runs));
  for (const runs of failed.slice(0, SHOWN)) console.log(`did not hold: ${runs[0]?.name}: ${complaintsOf(runs)}`);
  if (failed.length > SHOWN) console.log(`and ${failed.length - SHOWN} more`);
  const heldOf = (kind: RunRecord['kind']): number => counted.find((row) => row.kind === kind)?.held ?? 0;
  return {
    configuration: asBench ? 'bench' : 'default',
    cases: cases.length,
    runs: records.length,
    refused: heldOf('refused'),
    forwarded_as_sent_meaning: heldOf('forwarded'),
    mixed: heldOf('mixed'),
    replies: heldOf('reply'),
    not_held: failed.length,
    reached_upstream_wrongly: cases.filter((runs) => runs.some(({ reachedWrongly }) => reachedWrongly)).length,
    cut_off_upstream: cases.filter((runs) => runs.some(({ cutOff }) => cutOff)).length,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
}

/** Everything but the APIs is the bench's; those are what the corpus asks for. */
function benchConfigurationFor(lanes: Parameters<typeof configurationFor>[0]): string {
  const [, apis = ''] = configurationFor(lanes).split(/^apis:\n/m);
  return `${PLAIN_HEAD}apis:\n${apis}`;
}

const DESCRIPTIONS = {
  refused: 'refused, with no request at the origin',
  forwarded: 'forwarded, understood as meant',
  mixed: 'forwarded in part, then refused',
  reply: 'replies of the origin, passed on or refused',
} as const;

function held(runs: readonly RunRecord[]): boolean {
  return runs.every(({ complaints }) => complaints.length === 0);
}

function complaintsOf(runs: readonly RunRecord[]): string {
  return [...new Set(runs.flatMap(({ complaints }) => complaints))].join('; ');
}
