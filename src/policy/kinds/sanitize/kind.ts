import { err, errorIssue, type Issue, ok, type Problem, type Result } from '../../../base/index.ts';
import type { DescribedRequestBody } from '../../../openapi/index.ts';
import { compileEach } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import { type Cleaning, type PolicyKind, type Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { type CleaningVerdict, PASS } from '../../verdict.ts';
import { cleanBody } from './bodies.ts';
import type { SanitizeConfig, SanitizeRules, TextAction } from './config.ts';
import { htmlSanitizer, loadHtmlSanitizer } from './html.ts';
import { type Places, placesOfBody } from './places.ts';
import { type QueryCleaner, queryCleanerOf } from './query.ts';
import { cleanerOf } from './text-cleaner.ts';

/**
 * The kind that cleans texts of requests, as the configuration says, before anything else reads them: parameters of the
 * query before the head is judged, the body as soon as it is there. What can't be cleaned is refused.
 */
export function createSanitizeKind(): PolicyKind<SanitizeConfig> {
  return {
    kind: 'sanitize',
    summary: 'Cleans texts of requests before anything else reads them.',
    schema: null,
    sources: () => [],
    compile: (config, at) =>
      compileEach(at.operations, (operation) => {
        const rules = Object.hasOwn(config.operations, operation.name)
          ? (config.operations[operation.name] ?? null)
          : config.api;
        return rules === null ? ok({}) : stepsFor(rules, operation, config.keyPath);
      }),
  };
}

/** The gateway itself refuses a body with these, where none is described. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);

function stepsFor(rules: SanitizeRules, operation: Operation, keyPath: string): Result<Steps, readonly Issue[]> {
  const body = operation.described?.requestBody ?? null;
  const mayHaveBody = body !== null || !WITHOUT_BODY.has(operation.method);
  const cleansBody = mayHaveBody && Object.keys(rules.body).length > 0;
  const unread = cleansBody && body !== null ? unreadIssues(body, operation, keyPath) : [];
  if (unread.length > 0) return err(unread);
  const clean = cleaningOf(rules, cleansBody);
  return ok(clean === null ? {} : { clean });
}

/** Formats in which texts could pass by: they would all be refused. */
function unreadIssues({ content }: DescribedRequestBody, { id }: Operation, keyPath: string): readonly Issue[] {
  const fix = 'write `sanitize: off` for this operation, or take the format out of the description';
  return content.flatMap(({ mediaRange }) =>
    isRead(mediaRange) ? [] : [errorIssue(keyPath, `${id} takes ${mediaRange}, of which nothing is cleaned`, { fix })],
  );
}

/** Ranges with a star leave room for formats that are. */
function isRead(mediaRange: string): boolean {
  const essence = (mediaRange.split(';', 1)[0] ?? '').trim().toLowerCase();
  return (
    /^(?:application|text)\/json$|\+json$|\*/.test(essence) ||
    essence === 'application/x-www-form-urlencoded' ||
    essence === 'multipart/form-data'
  );
}

/** What cleans, built as soon as it can be. */
interface Cleaners {
  readonly query: QueryCleaner | null;
  readonly places: Places;
}

function cleaningOf(rules: SanitizeRules, cleansBody: boolean): Cleaning | null {
  const cleansQuery = Object.keys(rules.query).length > 0;
  if (!cleansQuery && !cleansBody) return null;
  const withCleaners = cleanersOf({ query: rules.query, body: cleansBody ? rules.body : {} });
  return {
    ...(cleansQuery ? { query: (exchange) => withCleaners(({ query }) => cleanedQuery(exchange, query)) } : {}),
    ...(cleansBody ? { body: (exchange) => withCleaners(({ places }) => cleanedBody(exchange, places)) } : {}),
  };
}

type Run = (judge: (cleaners: Cleaners) => CleaningVerdict) => CleaningVerdict | Promise<CleaningVerdict>;

/** Runs a judge with the cleaners, which wait for the sanitizer of HTML where they need it. */
function cleanersOf({ query, body }: SanitizeRules): Run {
  const needsHtml = [...Object.values(query), ...Object.values(body)]
    .flat()
    .some((action) => typeof action !== 'string');
  // Whoever waits for it is told where it fails.
  if (needsHtml) loadHtmlSanitizer().catch(() => {});
  let built: Cleaners | null = null;
  const build = (): Cleaners => {
    const make = (actions: readonly TextAction[]) => cleanerOf(actions, htmlSanitizer());
    return (built = { query: queryCleanerOf(query, make), places: placesOfBody(body, make) });
  };
  return (judge) => {
    if (built !== null) return judge(built);
    if (!needsHtml || htmlSanitizer() !== null) return judge(build());
    return loadHtmlSanitizer().then(() => judge(build()));
  };
}

function cleanedQuery({ request }: Exchange, clean: QueryCleaner | null): CleaningVerdict {
  if (request.query === null || clean === null) return PASS;
  const cleaning = clean(request.query);
  switch (cleaning.kind) {
    case 'clean':
      return PASS;
    case 'unread':
      return refused({ code: 'invalid-parameters', internal: cleaning.why }, 'sanitize.query');
    case 'failed':
      return unclean(`sanitize.query.${cleaning.name}`);
    case 'changed':
      return { kind: 'cleaned', query: cleaning.query, rule: `sanitize.query.${cleaning.name}` };
  }
}

function cleanedBody(exchange: Exchange, places: Places): CleaningVerdict {
  const cleaning = cleanBody(exchange.body('parsed'), places);
  switch (cleaning.kind) {
    case 'clean':
      return PASS;
    case 'unread':
      return refused(
        { code: 'unsupported-media-type', internal: `${cleaning.why}, and is not cleaned` },
        'sanitize.body',
      );
    case 'failed':
      return unclean(`sanitize.body["${cleaning.place}"]`);
    case 'changed':
      return { kind: 'cleaned', body: cleaning.texts, rule: `sanitize.body["${cleaning.place}"]` };
  }
}

function unclean(rule: string): CleaningVerdict {
  return refused({ code: 'unclean-content', internal: 'a text that can not be cleaned' }, rule);
}

function refused(problem: Problem, rule: string): CleaningVerdict {
  return { kind: 'deny', problem, rule };
}
