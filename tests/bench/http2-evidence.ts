import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { frameCases } from '../framing/corpus/http2-frames.ts';
import { http2Cases } from '../framing/corpus/http2.ts';
import { requestCases } from '../framing/corpus/index.ts';
import { startGateway } from '../framing/gateway-process.ts';
import { runFrameCase } from '../framing/http2-lane/run-frames.ts';
import { type LaneRecord, runLaneCase } from '../framing/http2-lane/run-lane.ts';
import { translateAll } from '../framing/http2-lane/translate.ts';
import { closeLanes, configurationFor, type Lane, openLanes } from '../framing/lane.ts';
import { ATTACKS } from '../http2/attacks.ts';
import { runBeside } from '../http2/beside-h2spec.ts';
import { buildH2spec, H2SPEC_CASES, type H2specCase, runH2spec } from '../http2/h2spec.ts';
import { runAttack } from '../http2/run-attack.ts';
import { type Http2Subject, startSubject } from '../http2/subject.ts';
import { findProgram } from './child.ts';
import { printTable } from './table.ts';

const LANES = 8;
const SHOWN = 40;

/** What was tried, and what of it did not hold, by name. */
interface Tried {
  readonly name: string;
  readonly cases: number;
  readonly broken: readonly string[];
}

/** Runs h2spec, the corpus over HTTP/2 and the attacks against gateways of their own, and counts. */
export async function http2Evidence(): Promise<Record<string, unknown>> {
  const started = performance.now();
  const corpus = await tryCorpus();
  const subject = await startSubject();
  let h2spec: Tried | null;
  let attacks: Tried;
  try {
    h2spec = await tryH2spec(subject);
    attacks = await tryAttacks(subject);
  } finally {
    await subject.stop();
  }
  const tried = [...(h2spec === null ? [] : [h2spec]), corpus.requests, corpus.frames, attacks];
  printTable(
    ['cases', 'tried', 'held'],
    tried.map(({ name, cases, broken }) => [name, String(cases), String(cases - broken.length)]),
  );
  const broken = tried.flatMap((of) => of.broken);
  for (const text of broken.slice(0, SHOWN)) console.log(`did not hold: ${text}`);
  if (broken.length > SHOWN) console.log(`and ${broken.length - SHOWN} more`);
  return {
    ...(h2spec === null
      ? {}
      : {
          h2spec_total: h2spec.cases,
          h2spec_passed: h2spec.cases - h2spec.broken.length,
          h2spec_ours: h2spec.cases - H2SPEC_CASES,
        }),
    corpus_cases: corpus.requests.cases,
    corpus_runs: corpus.runs,
    corpus_not_held: corpus.requests.broken.length,
    reached_upstream_wrongly: corpus.reachedWrongly,
    without_meaning: corpus.without,
    frame_cases: corpus.frames.cases,
    frame_cases_not_held: corpus.frames.broken.length,
    attacks: attacks.cases,
    attacks_not_held: attacks.broken.length,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
}

/** The cases of the tool; those that ours stand beside count once, and as passed only where both are. */
async function tryH2spec({ gateway, address }: Http2Subject): Promise<Tried | null> {
  const go = findProgram('go');
  if (go === null) {
    console.log('h2spec is left out: Go is not installed (Debian package golang-go)');
    return null;
  }
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-h2spec-'));
  try {
    const cases = [...(await runH2spec(await buildH2spec(go, folder), gateway.https)), ...(await runBeside(address))];
    const byName = Map.groupBy(cases, ({ name }) => name);
    const broken = [...byName].filter(([, same]) => same.some(({ outcome }) => outcome !== 'passed'));
    return { name: 'h2spec', cases: byName.size, broken: broken.map(([, same]) => same.map(told).join('; ')) };
  } catch (error) {
    console.log(`h2spec is left out: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function told({ name, outcome, said }: H2specCase): string {
  return `${name}: ${outcome} ${said}`;
}

interface CorpusTried {
  readonly requests: Tried;
  readonly frames: Tried;
  readonly runs: number;
  readonly reachedWrongly: number;
  /** Cases of HTTP/1.1 that mean nothing over HTTP/2. */
  readonly without: number;
}

async function tryCorpus(): Promise<CorpusTried> {
  const { cases, without } = translateAll(requestCases);
  const lanes = await openLanes(LANES);
  const gateway = await startGateway(configurationFor(lanes));
  const records: LaneRecord[] = [];
  const brokenFrames: string[] = [];
  try {
    await inLanes(lanes, [...cases, ...http2Cases], async (lane, subject) => {
      records.push(...(await runLaneCase(gateway, lane, subject)));
    });
    await inLanes(lanes, frameCases, async (lane, subject) => {
      const complaints = await runFrameCase(gateway, lane, subject);
      if (complaints.length > 0) brokenFrames.push(`${subject.name}: ${complaints.join('; ')}`);
    });
  } finally {
    await gateway.stop();
    await closeLanes(lanes);
  }
  const byName = [...Map.groupBy(records, ({ name }) => name)];
  const broken = byName.flatMap(([name, runs]) => {
    const complaints = runs.flatMap((run) => run.complaints);
    return complaints.length === 0 ? [] : [`${name}: ${[...new Set(complaints)].join('; ')}`];
  });
  return {
    requests: { name: 'requests', cases: byName.length, broken },
    frames: { name: 'frames', cases: frameCases.length, broken: brokenFrames },
    runs: records.length,
    reachedWrongly: byName.filter(([, runs]) => runs.some(({ reachedWrongly }) => reachedWrongly)).length,
    without: Object.values(without).reduce((sum, count) => sum + count, 0),
  };
}

/** Runs as many at a time as there are lanes. */
async function inLanes<T>(
  lanes: readonly Lane[],
  cases: readonly T[],
  run: (lane: Lane, subject: T) => Promise<void>,
): Promise<void> {
  const queue = cases.values();
  const work = async (lane: Lane): Promise<void> => {
    // One iterator for all lanes: each takes the next case when it is free.
    for (const subject of queue) await run(lane, subject);
  };
  await Promise.all(lanes.map(work));
}

async function tryAttacks(subject: Http2Subject): Promise<Tried> {
  const broken: string[] = [];
  for (const attack of ATTACKS) {
    const complaints = await runAttack(subject, attack);
    if (complaints.length > 0) broken.push(`${attack.name}: ${complaints.join('; ')}`);
  }
  return { name: 'attacks', cases: ATTACKS.length, broken };
}
