import { type Arbiter, createArbiter } from './arbiter.ts';
import { type CallSource, contentsOf, type MadeCall, makeCall, mutateCall } from './calls.ts';
import { type Chance, createChance } from '../sim/chance.ts';
import type { PublicDocument } from './collection.ts';
import { type Home, Unbuildable } from './facts.ts';
import { compileDocument, type JudgedOperation } from './judged.ts';
import { isWanted, judgeReply, type MadeReply, makeReplies, mutateReply, replyJudge, ReplyRefusal } from './replies.ts';
import type { Measure } from './values.ts';
import type { ReplyJudge } from '../../src/openapi/index.ts';

/** What was tried with documents, and what of it did not hold. */
export interface Tally {
  documents: number;
  readonly versions: Record<string, number>;
  compiled: number;
  /** Why documents were refused, and how many for each reason; a document counts for its first. */
  readonly refusals: Map<string, string[]>;
  operations: number;
  validCalls: number;
  mutatedCalls: number;
  /** How many of the valid calls had a body of each type. */
  readonly validBodies: Record<string, number>;
  /** Operations for which no call is made, by the reason. */
  readonly notMade: Map<string, number>;
  /** Made wrong by chance, as a validator that is not ours says too, or where it can't tell which alternative is meant. */
  misMade: number;
  readonly mutatedBy: Record<string, number>;
  /** What did not hold, in words. */
  readonly refusedValid: string[];
  readonly passedMutated: string[];
  validReplies: number;
  mutatedReplies: number;
  /** Operations whose replies are described by what can't be enforced. */
  repliesRefused: number;
  readonly refusedReplies: string[];
  readonly passedReplies: string[];
}

/** How much is tried. */
export interface Measures {
  readonly seed: number;
  readonly operations: number;
}

/** A tally of nothing. */
export function createTally(): Tally {
  return {
    ...{ documents: 0, versions: {}, compiled: 0, refusals: new Map(), operations: 0, validCalls: 0, mutatedCalls: 0 },
    ...{ notMade: new Map(), validBodies: {}, misMade: 0, mutatedBy: {}, refusedValid: [], passedMutated: [] },
    ...{ validReplies: 0, mutatedReplies: 0, repliesRefused: 0, refusedReplies: [], passedReplies: [] },
  };
}

/** Compiles a document, and holds calls against a number of its operations, spread over all. */
export function tallyDocument(
  tally: Tally,
  { name, read }: PublicDocument,
  { seed, operations: most }: Measures,
): void {
  const document = read();
  tally.documents += 1;
  const compiled = compileDocument(document);
  if (!compiled.ok) {
    const reason = reasonOf(compiled.reasons[0]?.message ?? '');
    tally.refusals.set(reason, [...(tally.refusals.get(reason) ?? []), `${name} ${compiled.reasons[0]?.path}`]);
    return;
  }
  const { specification, operations } = compiled;
  tally.compiled += 1;
  tally.versions[specification] = (tally.versions[specification] ?? 0) + 1;
  const home: Home = { document, specification, hidden: 'readOnly' };
  const step = Math.max(1, Math.floor(operations.length / most));
  const arbiter = createArbiter(document);
  for (const [index, operation] of operations.entries()) {
    if (index % step !== 0) continue;
    tally.operations += 1;
    for (const measure of ['least', 'all'] as const) {
      const trial = { operation, home, measure, arbiter, seed: seed + index, name };
      tallyOperation(tally, trial);
      tallyReplies(tally, trial);
    }
  }
}

interface Trial {
  readonly name: string;
  readonly operation: JudgedOperation;
  readonly home: Home;
  readonly measure: Measure;
  readonly seed: number;
  readonly arbiter: Arbiter;
}

function tallyOperation(tally: Tally, { name, operation, home, measure, seed, arbiter }: Trial): void {
  const source: CallSource = {
    operation: operation.described,
    home,
    chance: createChance(seed),
    takes: operation.takes,
  };
  const at = `${name} ${operation.described.id}`;
  const [usual, ...others] = contentsOf(source);
  tallyCall(tally, { source, operation, arbiter, at }, () => makeCall(source, measure, usual ?? null));
  if (measure === 'least' && operation.described.requestBody?.required !== true) return;
  for (const content of others)
    tallyCall(tally, { source, operation, arbiter, at }, () => makeCall(source, measure, content));
}

interface CallTrial extends Pick<Trial, 'operation' | 'arbiter'> {
  readonly source: CallSource;
  readonly at: string;
}

function tallyCall(tally: Tally, { source, operation, arbiter, at }: CallTrial, make: () => MadeCall): void {
  let call: MadeCall;
  try {
    call = make();
  } catch (error) {
    if (!(error instanceof Unbuildable)) throw new Error(`${at}: no call is made`, { cause: error });
    tally.notMade.set(error.message, (tally.notMade.get(error.message) ?? 0) + 1);
    return;
  }
  const fault = operation.judge(call);
  if (fault !== null && (!arbiter.call(call) || isAmbiguous(call, fault))) {
    tally.misMade += 1;
    return;
  }
  tally.validCalls += 1;
  const type = call.body?.mediaType.replace(/[;].*/, '') ?? 'none';
  tally.validBodies[type] = (tally.validBodies[type] ?? 0) + 1;
  if (fault !== null) {
    tally.refusedValid.push(`${at}: ${fault}: ${shown(call)}`);
    return;
  }
  for (const mutant of mutateCall(source, call)) {
    tally.mutatedCalls += 1;
    tally.mutatedBy[mutant.what] = (tally.mutatedBy[mutant.what] ?? 0) + 1;
    if (operation.judge(mutant) === null)
      tally.passedMutated.push(`${at}: ${mutant.what} ${mutant.where}: ${shown(mutant)}`);
  }
}

function tallyReplies(tally: Tally, { name, operation, home: requests, measure, seed, arbiter }: Trial): void {
  const { described } = operation;
  const home: Home = { ...requests, hidden: 'writeOnly' };
  const at = `${name} ${described.id}`;
  let judge: ReplyJudge;
  try {
    judge = replyJudge(home, described);
  } catch (error) {
    if (!(error instanceof ReplyRefusal)) throw new Error(`${at}: replies`, { cause: error });
    tally.repliesRefused += 1;
    return;
  }
  const chance = createChance(seed);
  for (const make of makeReplies(described, home, chance, measure)) {
    let reply: MadeReply;
    try {
      reply = make();
    } catch (error) {
      if (!(error instanceof Unbuildable)) throw new Error(`${at}: no reply is made`, { cause: error });
      continue;
    }
    const verdict = judgeReply(judge, reply, reply.made.value);
    // What another alternative would have go was made by chance, and a validator that closes no objects can't say so.
    const byChance = verdict.kind === 'cut' && reply.made.sites.some(({ chosen }) => chosen);
    if (byChance || (verdict.kind !== 'passes' && !arbiter.value(reply.pointer, reply.made.value))) {
      tally.misMade += 1;
      continue;
    }
    tally.validReplies += 1;
    const text = JSON.stringify(reply.made.value).slice(0, SHOWN);
    if (verdict.kind !== 'passes')
      tally.refusedReplies.push(`${at} ${reply.status}: ${JSON.stringify(verdict)}: ${text}`);
    else tallyMutants(tally, judge, { reply, chance, at });
  }
}

function tallyMutants(
  tally: Tally,
  judge: ReplyJudge,
  { reply, chance, at }: { readonly reply: MadeReply; readonly chance: Chance; readonly at: string },
): void {
  for (const { what, value, wanted } of mutateReply(reply, chance)) {
    tally.mutatedReplies += 1;
    const found = judgeReply(judge, reply, value);
    if (isWanted(found, wanted)) continue;
    const text = JSON.stringify(value).slice(0, SHOWN);
    tally.passedReplies.push(`${at} ${reply.status}: ${what}: ${JSON.stringify(found)}: ${text}`);
  }
}

/**
 * Whether another alternative than the chosen one may have matched, and describes less: a validator that closes no
 * objects can't say.
 */
function isAmbiguous({ parts }: MadeCall, fault: string): boolean {
  return fault.includes('is not described') && parts.some(({ made }) => made.sites.some(({ chosen }) => chosen));
}

const SHOWN = 600;

function shown({
  params,
  query,
  headers,
  cookies,
  body,
}: Pick<MadeCall, 'params' | 'query' | 'headers' | 'cookies' | 'body'>): string {
  return JSON.stringify({ params, query, headers, cookies, body }).slice(0, SHOWN);
}

/** A reason without the names of one document. */
function reasonOf(message: string): string {
  return message.replace(/`[^`]*`/g, '…').replace(/'[^']*'/g, '…');
}
