import { err, type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedParameter, ParameterPlace } from '../description.ts';
import { VIOLATION_LIMIT, type SchemaSource } from '../validate/validator.ts';
import { hidesCookie, NO_COOKIES, splitCookies } from './cookies.ts';
import { createOwnership, type NamedField, takesAnyName } from './field-names.ts';
import type { JsonReader } from './json-text.ts';
import {
  compileParameter,
  type OpenedRequest,
  type ParameterCheck,
  queryField,
  type SentHeaders,
} from './parameter.ts';
import { createPlainCheck, type PlainCheck, type PlainParameter } from './plain-parameters.ts';
import { type Fields, splitQuery } from './query.ts';
import { compileQueryString, type QueryStringCheck } from './query-string.ts';

/** The parts of a head that parameters are in. The query is in canonical form, without its `?`. */
export interface SentHead {
  readonly query: string | null;
  readonly headers: SentHeaders;
}

/**
 * What is wrong with one parameter. `name` is the description's; null where the fault is in the query as a whole, or in
 * something in it that is not described. `detail` continues the name and repeats nothing that was sent.
 */
export interface ParameterFault {
  readonly place: ParameterPlace;
  readonly name: string | null;
  readonly reason: 'differs' | 'undescribed' | 'malformed';
  readonly detail: string;
}

/**
 * Judges the parameters of a request, those of the path given by name and decoded once: null where all hold, else at
 * most `VIOLATION_LIMIT` faults.
 */
export type ParameterJudge = (
  params: Readonly<Record<string, string>>,
  head: SentHead,
) => readonly ParameterFault[] | null;

/** What the judge of an operation's parameters is made of. `credentials` are names in the query that a security scheme uses. */
export interface ParameterSource {
  readonly source: SchemaSource;
  readonly parameters: readonly DescribedParameter[];
  readonly credentials: readonly string[];
  readonly readJson: JsonReader;
}

/**
 * Compiles the parameters of an operation. A name in the query that none of them goes by is refused, because servers
 * bind what they find there. Headers and cookies that are not described pass: browsers, proxies and tracing add them
 * to any request, and refusing those would leave no request.
 */
export function compileParameters(made: ParameterSource): Result<ParameterJudge, readonly Issue[]> {
  const whole = made.parameters.find((parameter) => parameter.in === 'querystring');
  const { source, readJson } = made;
  const inQuery = queryFields(made);
  const isOwned = createOwnership(inQuery, made.credentials);
  const isDescribed = inQuery.some(takesAnyName) ? () => true : isOwned;
  const issues: Issue[] = [];
  const checks: NamedCheck[] = [];
  for (const parameter of made.parameters) {
    if (parameter.in === 'querystring') continue;
    const check = compileParameter(parameter, { source, readJson, isOwned });
    if (check.ok) checks.push({ place: parameter.in, name: parameter.name, ...check.value });
    else issues.push(...check.error);
  }
  const queryString = whole === undefined ? ok(null) : compileQueryString(whole, made);
  if (!queryString.ok) issues.push(...queryString.error);
  if (issues.length > 0 || !queryString.ok) return err(issues);
  return ok(createJudge(checks, queryString.value, isDescribed));
}

interface NamedCheck {
  readonly place: ParameterPlace;
  readonly name: string;
  readonly check: ParameterCheck;
  readonly plain: PlainParameter | null;
}

function createJudge(
  checks: readonly NamedCheck[],
  queryString: QueryStringCheck | null,
  isDescribed: (name: string) => boolean,
): ParameterJudge {
  const readsCookies = checks.some(({ place }) => place === 'cookie');
  const glance = queryString === null ? createGlance(checks) : null;
  return (params, { query, headers }) => {
    if (glance?.(params, query, headers) === true) return null;
    const fields = splitQuery(queryString === null ? query : null);
    if (!fields.ok) return [queryFault('malformed', fields.error)];
    const cookieField = readsCookies ? headers.get('cookie') : null;
    const cookies = splitCookies(cookieField);
    const opened: OpenedRequest = { params, fields: fields.value, cookies, headers };
    let faults: ParameterFault[] | null = null;
    for (const name of fields.value.values.keys()) {
      if (isDescribed(name)) continue;
      faults = [queryFault('undescribed', 'has a parameter that is not described')];
      break;
    }
    for (const { place, name, check } of checks) {
      const hidden = place === 'cookie' && cookieField !== null && hidesCookie(cookieField, name);
      const details = hidden ? ['is sent again inside another cookie'] : check(opened);
      if (details !== null) faults = addFaults(faults, { place, name }, details);
    }
    const details = queryString === null ? null : queryString.check(query);
    if (details !== null && queryString !== null) {
      faults = addFaults(faults, { place: 'querystring', name: queryString.name }, details);
    }
    return faults;
  };
}

/** Whether a request passes at a glance. Where it does not, nothing is said of it. */
type Glance = (params: Readonly<Record<string, string>>, query: string | null, headers: SentHeaders) => boolean;

/** Most operations have parameters without parts, most requests write them plainly, and those pass. */
function createGlance(checks: readonly NamedCheck[]): Glance | null {
  const inHeaders = checks.filter(({ place }) => place === 'header');
  const others = checks.filter(({ place }) => place !== 'header');
  const plain = others.flatMap((one) => one.plain ?? []);
  const check: PlainCheck | null = plain.length === others.length ? createPlainCheck(plain) : null;
  if (check === null || inHeaders.length === 0) return check;
  return (params, query, headers) => {
    if (!check(params, query)) return false;
    const opened: OpenedRequest = { params, fields: NO_FIELDS, cookies: NO_COOKIES, headers };
    for (const one of inHeaders) if (one.check(opened) !== null) return false;
    return true;
  };
}

const NO_FIELDS: Fields = { values: new Map(), encoded: true, decode: () => null };

function addFaults(
  faults: ParameterFault[] | null,
  at: { readonly place: ParameterPlace; readonly name: string },
  details: readonly string[],
): ParameterFault[] {
  const all = faults ?? [];
  for (const detail of details) if (all.length < VIOLATION_LIMIT) all.push({ ...at, reason: 'differs', detail });
  return all;
}

function queryFault(reason: ParameterFault['reason'], detail: string): ParameterFault {
  return { place: 'query', name: null, reason, detail };
}

/** The parameters of the query as fields with names. */
function queryFields({ source, parameters }: ParameterSource): readonly NamedField[] {
  return parameters.flatMap((parameter) => (parameter.in === 'query' ? [queryField(source, parameter)] : []));
}
