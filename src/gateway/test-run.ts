import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { type Gathered, type GatheredParcel, type TestConfig, unpackGathered } from '../config/compiled.ts';
import type { Clock } from '../ports/index.ts';
import { rehearse, type RehearsedVerdict } from './rehearse.ts';
import type { Snapshot } from './snapshot.ts';
import { verdictWords } from './verdict-words.ts';
import { readQuestion, withOpening, withType } from './written-question.ts';

/** A step has 10 s for its verdict; a request that takes so long altogether has none. */
const ONE_LIMIT_MS = 20_000;
/** Ten thousand tests take a few seconds. Whoever waits for a configuration waits for these. */
const ALL_LIMIT_MS = 60_000;
/** Whoever reads more of them mends the first all the same. */
const ISSUE_LIMIT = 20;

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

/** What tests are run on: a configuration, and the Snapshot that was made of it. */
export interface Tested {
  readonly snapshot: Snapshot;
  readonly config: Pick<Gathered['config'], 'apis' | 'tests'>;
  /** Where a key path of the configuration stands. */
  readonly place: (path: string) => Place | null;
}

/**
 * Runs the configuration's own tests, one behind the other, each by itself: none spends what another is limited by. Those
 * for which no time is left have failed.
 */
export async function runTests(tested: Tested, clock: Clock): Promise<readonly TestOutcome[]> {
  const outcomes: TestOutcome[] = [];
  const until = clock.monotonic() + ALL_LIMIT_MS;
  for (const test of tested.config.tests) {
    const verdict =
      clock.monotonic() < until
        ? await verdictOf(test, tested, clock)
        : err(`nothing, for all tests together have ${ALL_LIMIT_MS / 1_000} s`);
    outcomes.push(outcomeOf(test, tested, verdict));
  }
  return outcomes;
}

/** Runs the tests of a parcel on the Snapshot that was made of it: what keeps it from being put in force. */
export async function testParcel(parcel: GatheredParcel, snapshot: Snapshot, clock: Clock): Promise<readonly Issue[]> {
  if (parcel.config.tests.length === 0) return [];
  const { config, place } = unpackGathered(parcel);
  return testIssues(await runTests({ snapshot, config, place }, clock));
}

/** What keeps a configuration from being put in force of what its tests gave: nothing where all passed. */
function testIssues(outcomes: readonly TestOutcome[]): readonly Issue[] {
  const failed = outcomes.filter(({ passed }) => !passed);
  const told = failed.slice(0, ISSUE_LIMIT).map(({ path, place, request, expected, came, reason }) => {
    const why = reason === null ? '' : `: ${reason}`;
    return errorIssue(path, `the test ${request} failed: expected ${expected}, came ${came}${why}`, {
      place,
      fix: FIX,
    });
  });
  const more = failed.length - told.length;
  return more === 0 ? told : [...told, errorIssue('tests', `${more} more tests failed`, { fix: FIX })];
}

const FIX = 'mend the test or what it tests; `portcullis check` runs them all';

function outcomeOf(
  { method, target, expect, path }: TestConfig,
  { place }: Tested,
  verdict: Result<RehearsedVerdict, string>,
): TestOutcome {
  const common = { path, request: `${method} ${target}`, place: place(path), expected: expect };
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
  { config, snapshot }: Tested,
  clock: Clock,
): Promise<Result<RehearsedVerdict, string>> {
  const question = readQuestion(method, target, config);
  if (!question.ok) return err(question.error);
  const bytes = body === undefined ? null : Buffer.from(JSON.stringify(body));
  const fields = withOpening(withType(Object.entries(headers), bytes), question.value);
  const sent = { headers: fields, body: bytes, caller, from };
  const rehearsed = rehearse(snapshot, { ...question.value, ...sent }, clock);
  return await within(rehearsed, clock);
}

/** A step that throws is a refusal, so that what throws here is a fault of ours: it passes no test. */
async function within(rehearsed: ReturnType<typeof rehearse>, clock: Clock): Promise<Result<RehearsedVerdict, string>> {
  const { promise, resolve } = Promise.withResolvers<Result<RehearsedVerdict, string>>();
  const timer = clock.after(ONE_LIMIT_MS, () => resolve(err(`no verdict within ${ONE_LIMIT_MS / 1_000} s`)));
  rehearsed.then(
    ({ verdict }) => resolve(ok(verdict)),
    (fault: unknown) => resolve(err(`a fault: ${fault instanceof Error ? fault.message : 'unknown'}`)),
  );
  return await promise.finally(() => timer.cancel());
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
