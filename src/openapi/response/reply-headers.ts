import { err, type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedHeader } from '../description.ts';
import type { JsonReader } from '../request/json-text.ts';
import { NO_COOKIES } from '../request/cookies.ts';
import { compileParameter, type ParameterCheck, type SentHeaders } from '../request/parameter.ts';
import type { Fields } from '../request/query.ts';
import type { SchemaSource } from '../validate/validator.ts';

/** What is wrong with a header of a reply. `name` is the description's; `detail` continues it and repeats nothing that was said. */
export interface HeaderFault {
  readonly name: string;
  readonly detail: string;
}

/** The described headers of one reply. */
export interface HeaderJudge {
  /** Their names, in lower case. */
  readonly names: ReadonlySet<string>;
  /** What is wrong with the first that does not hold; null where all do. `isPart`: of a reply that may leave some out. */
  readonly judge: (headers: SentHeaders, isPart: boolean) => HeaderFault | null;
}

/** How schemas of replies are read. */
export const REPLY_VALIDATION = { closed: true, direction: 'response' } as const;

/**
 * Compiles the headers of a reply: those that are required must be there, and what is there must be as described. Each
 * line of Set-Cookie is judged by itself, since the comma in its dates parts nothing (RFC 9110 §5.3).
 */
export function compileHeaders(
  source: SchemaSource,
  headers: readonly DescribedHeader[],
  readJson: JsonReader,
): Result<HeaderJudge, readonly Issue[]> {
  if (headers.length === 0) return NO_HEADERS;
  const issues: Issue[] = [];
  const checks: HeaderCheck[] = [];
  for (const header of headers) {
    const parameter = { ...header, in: 'header', allowReserved: false, allowEmptyValue: false } as const;
    const validation = REPLY_VALIDATION;
    const made = compileParameter(parameter, { source, readJson, isOwned: () => false, validation });
    const { name, required } = header;
    if (made.ok) checks.push({ name, lower: name.toLowerCase(), required, check: made.value.check });
    else issues.push(...made.error);
  }
  if (issues.length > 0) return err(issues);
  return ok({ names: new Set(checks.map(({ lower }) => lower)), judge: judgeOf(checks) });
}

/** Of most replies no header is described. */
const NO_HEADERS = ok<HeaderJudge>({ names: new Set(), judge: () => null });

interface HeaderCheck {
  readonly name: string;
  readonly lower: string;
  readonly required: boolean;
  readonly check: ParameterCheck;
}

function judgeOf(checks: readonly HeaderCheck[]): HeaderJudge['judge'] {
  return (headers, isPart) => {
    for (const { name, lower, required, check } of checks) {
      const said = headers.all(lower);
      if (said.length === 0) {
        if (required && !isPart) return { name, detail: 'is required' };
        continue;
      }
      const lines = lower === 'set-cookie' ? said.map((line) => onlyLine(lower, line)) : [headers];
      for (const each of lines) {
        const details = check({ params: {}, fields: NO_FIELDS, cookies: NO_COOKIES, headers: each });
        if (details !== null) return { name, detail: details[0] ?? '' };
      }
    }
    return null;
  };
}

function onlyLine(name: string, line: string): SentHeaders {
  const isIt = (asked: string): boolean => asked === name;
  return { get: (asked) => (isIt(asked) ? line : null), all: (asked) => (isIt(asked) ? [line] : []) };
}

const NO_FIELDS: Fields = { values: new Map(), encoded: true, decode: () => null };
