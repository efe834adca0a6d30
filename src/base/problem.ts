import { type ProblemCode, problemCatalogue } from './problem-catalogue.ts';

export { type ProblemCode, problemCatalogue } from './problem-catalogue.ts';

/**
 * A refusal. `detail` may be shown to the client; `internal` goes to logs only.
 * `headers` are added to the reply (`Allow`, `Retry-After`, `WWW-Authenticate`).
 */
export interface Problem {
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly internal?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** The HTTP status of a refusal. */
export function problemStatus(code: ProblemCode): number {
  return problemCatalogue[code].status;
}

/** Whether the connection is unusable after this refusal. */
export function problemCloses(code: ProblemCode): boolean {
  return 'closes' in problemCatalogue[code];
}

/** The media type of every refusal (RFC 9457 §3). */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The body of a refusal (RFC 9457 §3): type, title, status, code, instance, and detail where there is one. */
export function problemBody(problem: Problem, requestId: string): string {
  const { status, title } = problemCatalogue[problem.code];
  return JSON.stringify({
    type: `urn:portcullis:problem:${problem.code}`,
    title,
    status,
    code: problem.code,
    instance: `urn:uuid:${requestId}`,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
  });
}

/** Narrows text, such as a code read back from a record, to a code of the catalogue. */
export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(problemCatalogue, text);
}
