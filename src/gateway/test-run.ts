import { isDeepStrictEqual } from 'node:util';
import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { type Gathered, type GatheredParcel, type TestConfig, unpackGathered } from '../config/compiled.ts';
import type { Clock } from '../ports/index.ts';
import { rehearse, type Rehearsal, type RehearsedVerdict } from './rehearse.ts';
import type { RehearsedStep } from './rehearsed-plan.ts';
import { rehearsalReason } from './decision-sentence.ts';
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
  /** Which policy decided, by which rule, and why, where it was refused; or what else is not as it was to be. */
  readonly reason: string | null;
}

/** What tests are run on: a configuration, and the Snapshot that was made of it. */
export interface Tested {
  readonly snapshot: Snapshot;
  readonly config: Pick<Gathered['config'], 'apis' | 'roles' | 'tests'>;
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
    const rehearsed =
      clock.monotonic() < until
        ? await rehearsalOf(test, tested, clock)
        : err(`nothing, for all tests together have ${ALL_LIMIT_MS / 1_000} s`);
    outcomes.push(outcomeOf(test, tested, rehearsed));
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

function outcomeOf(test: TestConfig, tested: Tested, rehearsed: Result<Rehearsal, string>): TestOutcome {
  const { place } = tested;
  const { method, target, path } = test;
  const common = { path, request: `${method} ${target}`, place: place(path), expected: test.expect };
  if (!rehearsed.ok) return { ...common, passed: false, came: rehearsed.error, reason: null };
  const { verdict, trail } = rehearsed.value;
  const { sentence } = rehearsalReason(rehearsed.value, { ...tested, caller: test.caller, reply: test.given });
  // Whoever the owner is may be refused for another reason, and before: what the owner decides is not decided.
  const isOpen = trail.some((step) => step.verdict === 'undecided');
  const isSo = !isOpen && isExpected(verdict, test.expect);
  const whyNot = isOpen ? OWNER_LACKS : reasonOf(verdict, test.expect, sentence);
  const wrong = isSo ? wrongBesides(test, rehearsed.value, sentence) : whyNot;
  const passed = isSo && wrong === null;
  return { ...common, passed, came: verdictWords(verdict), reason: wrong };
}

const OWNER_LACKS =
  'whose the object is decides it: say what the owner service answers, by given: { owner: … }, null for that there is none';

async function rehearsalOf(
  { method, target, from, headers, body, caller, given, owner, atMs }: TestConfig,
  { config, snapshot }: Tested,
  clock: Clock,
): Promise<Result<Rehearsal, string>> {
  const question = readQuestion(method, target, config);
  if (!question.ok) return err(question.error);
  const bytes = body === undefined ? null : Buffer.from(JSON.stringify(body));
  const fields = withOpening(withType(Object.entries(headers), bytes), question.value);
  const sent = { headers: fields, body: bytes, caller, from, reply: given, owner, atMs };
  return await within(rehearse(snapshot, { ...question.value, ...sent }, clock), clock);
}

/** A step that throws is a refusal, so that what throws here is a fault of ours: it passes no test. */
async function within(rehearsed: Promise<Rehearsal>, clock: Clock): Promise<Result<Rehearsal, string>> {
  const { promise, resolve } = Promise.withResolvers<Result<Rehearsal, string>>();
  const timer = clock.after(ONE_LIMIT_MS, () => resolve(err(`no verdict within ${ONE_LIMIT_MS / 1_000} s`)));
  rehearsed.then(
    (rehearsal) => resolve(ok(rehearsal)),
    (fault: unknown) => resolve(err(`a fault: ${fault instanceof Error ? fault.message : 'unknown'}`)),
  );
  return await promise.finally(() => timer.cancel());
}

function isExpected(verdict: RehearsedVerdict, expected: string | number): boolean {
  switch (verdict.kind) {
    case 'pass':
      // What the reply decides is not decided.
      if (verdict.undecided.length > 0) return false;
      return expected === 'pass' || (verdict.reply !== null && expected === verdict.reply.status);
    case 'refused':
      return expected === verdict.code || expected === verdict.status;
    case 'replied':
      return expected === verdict.status;
  }
}

/** What else a test says of what became as it expects, and is not so; null for nothing. */
function wrongBesides(
  { returns, because, observed }: TestConfig,
  { verdict, trail }: Rehearsal,
  sentence: string,
): string | null {
  if (because !== null && !(verdict.kind === 'refused' && [verdict.rule, verdict.code].includes(because)))
    return `it was to be because of ${because}. ${sentence}`;
  const noted = trail.filter((step) => step.observed && step.verdict === 'deny');
  if (observed !== null && !noted.some(({ rule, code }) => rule === observed || code === observed))
    return `${observed} was to observe it; ${namesOf(noted)}`;
  if (returns === undefined) return null;
  const body = verdict.kind === 'pass' ? (verdict.reply?.body ?? null) : null;
  const wanted: unknown = JSON.parse(JSON.stringify(returns));
  return isDeepStrictEqual(body, wanted) ? null : `the caller was to get ${shown(wanted)} and gets ${shown(body)}`;
}

function namesOf(noted: readonly RehearsedStep[]): string {
  const names = noted.map(({ rule, policy }) => rule ?? policy);
  return names.length === 0 ? 'nobody did' : `who did was ${names.join(', ')}`;
}

/** So long, what is told of a body says enough. */
const SHOWN_LIMIT = 300;

function shown(body: unknown): string {
  const text = JSON.stringify(body);
  return text.length > SHOWN_LIMIT ? `${text.slice(0, SHOWN_LIMIT)}…` : text;
}

function reasonOf(verdict: RehearsedVerdict, expected: string | number, sentence: string): string {
  if (verdict.kind === 'pass' && verdict.undecided.length > 0)
    return `${verdict.undecided.join(', ')} depends on the reply: say what the upstream answers, by given: { response: … }`;
  // Nothing is sent, so the status of the upstream's reply can't be known.
  if (verdict.kind === 'pass' && verdict.reply === null && typeof expected === 'number' && expected < 400)
    return 'what goes upstream is `pass`';
  return sentence;
}
