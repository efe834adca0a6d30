import { createArbiter } from './arbiter.ts';
import { type CallSource, type MadeCall, makeCall, mutateCall } from './calls.ts';
import { createChance } from './chance.ts';
import type { PublicDocument } from './collection.ts';
import { type Home, Unbuildable } from './facts.ts';
import { compileDocument, type JudgedOperation } from './judged.ts';
import type { Measure } from './values.ts';

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
  /** Operations for which no call is made, by the reason. */
  readonly notMade: Map<string, number>;
  /** Calls that were made wrong by chance, as a validator that is not ours says too. */
  misMade: number;
  readonly mutatedBy: Record<string, number>;
  /** What did not hold, in words. */
  readonly refusedValid: string[];
  readonly passedMutated: string[];
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
    ...{ notMade: new Map(), misMade: 0, mutatedBy: {}, refusedValid: [], passedMutated: [] },
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
      tallyOperation(tally, { operation, home, measure, arbiter, seed: seed + index, name });
    }
  }
}

interface Trial {
  readonly name: string;
  readonly operation: JudgedOperation;
  readonly home: Home;
  readonly measure: Measure;
  readonly seed: number;
  readonly arbiter: (call: MadeCall) => boolean;
}

function tallyOperation(tally: Tally, { name, operation, home, measure, seed, arbiter }: Trial): void {
  const source: CallSource = {
    operation: operation.described,
    home,
    chance: createChance(seed),
    takes: operation.takes,
  };
  const at = `${name} ${operation.described.id}`;
  let call: MadeCall;
  try {
    call = makeCall(source, measure);
  } catch (error) {
    if (!(error instanceof Unbuildable)) throw new Error(`${at}: no call is made`, { cause: error });
    tally.notMade.set(error.message, (tally.notMade.get(error.message) ?? 0) + 1);
    return;
  }
  const fault = operation.judge(call);
  if (fault !== null && (!arbiter(call) || isAmbiguous(call, fault))) {
    tally.misMade += 1;
    return;
  }
  tally.validCalls += 1;
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
