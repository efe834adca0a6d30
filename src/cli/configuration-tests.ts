import { err, ok, type Place, type Result } from '../base/index.ts';
import type { TestConfig } from '../config/index.ts';
import { rehearse, type RehearsedVerdict } from '../gateway/index.ts';
import type { BuiltConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { withOpening, withType } from './given-request.ts';
import { readQuestion } from './question.ts';
import { verdictWords } from './rehearsal-words.ts';
import { count, palette, plain, shortPath } from './terminal.ts';

/** What one of the configuration's own tests gave. */
export interface TestOutcome {
  readonly path: string;
  /** The request, as `METHOD target`. */
  readonly request: string;
  readonly place: Place | null;
  readonly passed: boolean;
  readonly expected: string | number;
  /** What came out: `pass`, `403 forbidden`, or why the request is none. */
  readonly came: string;
  /** Which policy decided, by which rule, and why, where it was refused. */
  readonly reason: string | null;
}

/** Runs the configuration's own tests, one behind the other, each by itself: none spends what another is limited by. */
export async function runTests(built: BuiltConfiguration, context: CommandContext): Promise<readonly TestOutcome[]> {
  const outcomes: TestOutcome[] = [];
  for (const test of built.parsed.config.tests) outcomes.push(await runTest(test, built, context));
  return outcomes;
}

async function runTest(test: TestConfig, built: BuiltConfiguration, context: CommandContext): Promise<TestOutcome> {
  const { method, target, expect, path } = test;
  const places = built.parsed.places;
  const place = (Object.hasOwn(places, path) ? places[path] : undefined) ?? null;
  const common = { path, request: `${method} ${target}`, place, expected: expect };
  const verdict = await verdictOf(test, built, context);
  if (!verdict.ok) return { ...common, passed: false, came: verdict.error, reason: null };
  return {
    ...common,
    passed: isExpected(verdict.value, expect),
    came: verdictWords(verdict.value),
    reason: reasonOf(verdict.value, expect),
  };
}

async function verdictOf(
  { method, target, from, headers, body, caller }: TestConfig,
  { parsed, snapshot }: BuiltConfiguration,
  context: CommandContext,
): Promise<Result<RehearsedVerdict, string>> {
  const question = readQuestion(method, target, parsed.config);
  if (!question.ok) return err(question.error);
  const bytes = body === undefined ? null : Buffer.from(JSON.stringify(body));
  const fields = withOpening(withType(Object.entries(headers), bytes), question.value);
  const sent = { headers: fields, body: bytes, caller, from };
  return ok((await rehearse(snapshot, { ...question.value, ...sent }, context.ports.clock)).verdict);
}

function isExpected(verdict: RehearsedVerdict, expected: string | number): boolean {
  switch (verdict.kind) {
    case 'pass':
      return expected === 'pass';
    case 'refused':
      return expected === verdict.code || expected === verdict.status;
    case 'replied':
      return expected === verdict.status;
  }
}

function reasonOf(verdict: RehearsedVerdict, expected: string | number): string | null {
  // Nothing is sent, so the status of the upstream's reply can't be known.
  if (verdict.kind === 'pass' && typeof expected === 'number' && expected < 400) return 'what goes upstream is `pass`';
  if (verdict.kind !== 'refused') return null;
  const { policy, rule, why } = verdict;
  return [policy, rule, why].filter((words) => words !== null).join('; ') || null;
}

/** The tests for people: a line for each that failed, with what came out instead, and how many passed. */
export function testReport(outcomes: readonly TestOutcome[], context: CommandContext): string {
  const paint = palette(context.color);
  const failed = outcomes.filter(({ passed }) => !passed);
  const lines = failed.flatMap(({ place, request, expected, came, reason }) => [
    `${placeWords(place, context)}${paint.bad('failed')} ${paint.strong(plain(request))}`,
    `    expected ${plain(String(expected))}, came ${plain(came)}`,
    ...(reason === null ? [] : [`    ${paint.faint(plain(reason))}`]),
  ]);
  const sum = failed.length === 0 ? paint.good('all passed') : paint.bad(`${failed.length} failed`);
  return `${lines.map((line) => `${line}\n`).join('')}${count(outcomes.length, 'test')} of the configuration: ${sum}.\n`;
}

function placeWords(place: Place | null, { workingFolder }: CommandContext): string {
  return place === null ? '' : `${shortPath(place.file, workingFolder)}:${place.line}:${place.column} `;
}
