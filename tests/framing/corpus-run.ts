import type { FramingCase } from './case.ts';
import { replyCases, requestCases } from './corpus/index.ts';
import type { GatewayProcess } from './gateway-process.ts';
import type { Lane } from './lane.ts';
import type { Split } from './raw-client.ts';
import { runReply } from './run-reply.ts';
import { runRequest } from './run-request.ts';

/** One case that was run. */
export interface RunRecord {
  readonly name: string;
  readonly kind: 'refused' | 'forwarded' | 'mixed' | 'reply';
  readonly split: Split;
  readonly complaints: readonly string[];
  readonly reachedWrongly: boolean;
  readonly cutOff: boolean;
}

/**
 * A gateway waits 10 s for a head. With all lanes at once, a busy machine takes longer to write a long one byte by byte, and
 * the refusal is then another, rightly. With few it takes no longer on the whole.
 */
const BYTE_LANES = 6;

type Job = (lane: Lane) => Promise<RunRecord>;

/**
 * Runs the whole corpus, each case with both splits unless told otherwise, as many at a time as there are lanes; fewer
 * where they are sent byte by byte.
 */
export async function runCorpus(
  gateway: GatewayProcess,
  lanes: readonly Lane[],
  splits: readonly Split[] = ['whole', 'bytes'],
): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for (const split of splits) {
    const chosen = split === 'bytes' ? lanes.slice(0, BYTE_LANES) : lanes;
    const jobs = [...requestJobs(gateway, requestCases, split), ...replyJobs(gateway, split)];
    records.push(...(await runJobs(chosen, jobs)));
  }
  return records;
}

/** Runs the requests of the corpus that are chosen, sent whole. */
export function runChosen(
  gateway: GatewayProcess,
  lanes: readonly Lane[],
  chosen: (subject: FramingCase) => boolean,
): Promise<RunRecord[]> {
  return runJobs(lanes, requestJobs(gateway, requestCases.filter(chosen), 'whole'));
}

async function runJobs(lanes: readonly Lane[], jobs: readonly Job[]): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  const queue = jobs.values();
  const work = async (lane: Lane): Promise<void> => {
    // One iterator for all lanes: each takes the next job when it is free.
    for (const job of queue) records.push(await job(lane));
  };
  await Promise.all(lanes.map(work));
  return records;
}

function requestJobs(gateway: GatewayProcess, cases: readonly FramingCase[], split: Split): Job[] {
  return cases.map((subject) => async (lane) => {
    const kinds = new Set(subject.outcomes.map(({ kind }) => (kind === 'forwarded' ? kind : 'refused')));
    const kind = kinds.size > 1 ? 'mixed' : ([...kinds][0] ?? 'refused');
    const result = await orComplaint(() => runRequest(gateway, lane, subject, split));
    return { name: subject.name, kind, split, ...result };
  });
}

function replyJobs(gateway: GatewayProcess, split: Split): Job[] {
  return replyCases.map((subject) => async (lane) => {
    const result = await orComplaint(async () => ({
      complaints: await runReply(gateway, lane, subject, split),
      reachedWrongly: false,
      cutOff: false,
    }));
    return { name: subject.name, kind: 'reply', split, ...result };
  });
}

type Result = Pick<RunRecord, 'complaints' | 'reachedWrongly' | 'cutOff'>;

/** A gateway that is gone must not hide what the other cases found. */
async function orComplaint(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    return {
      complaints: [`could not be run: ${error instanceof Error ? error.message : String(error)}`],
      reachedWrongly: false,
      cutOff: false,
    };
  }
}
