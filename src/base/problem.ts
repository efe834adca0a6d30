import { type ProblemCode, problemCatalogue } from './problem-catalogue.ts';

export { type ProblemCode, problemCatalogue } from './problem-catalogue.ts';

/**
 * A refusal. `detail` may be shown to the client; `internal` goes to logs only.
 * `headers` are added to the reply (`Allow`, `Retry-After`, `WWW-Authenticate`).
 */
export interface Problem {
  readonly code: ProblemCode;
  readonly detail?: string;
  /** What exactly is wrong, for APIs whose operator allows to say so (`errors: helpful`). */
  readonly errors?: readonly ProblemError[];
  readonly internal?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/**
 * One thing that is wrong with a request, as the extension member `errors` of a problem tells it (RFC 9457 §3.2, its
 * example). `pointer` is a JSON Pointer into the body as a URI fragment (`#/items/0/quantity`), `parameter` the name of
 * a parameter. `detail` repeats nothing that was sent.
 */
export interface ProblemError {
  readonly detail: string;
  readonly pointer?: string;
  readonly parameter?: string;
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

/**
 * The body of a refusal (RFC 9457 §3): type, title, status, code, instance, and detail and errors where there are any.
 * `status` is said where the reply has another than the catalogue's.
 */
export function problemBody(problem: Problem, requestId: string, status = problemStatus(problem.code)): string {
  const { title } = problemCatalogue[problem.code];
  return JSON.stringify({
    type: `urn:portcullis:problem:${problem.code}`,
    title,
    status,
    code: problem.code,
    instance: `urn:uuid:${requestId}`,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  });
}

/** Narrows text, such as a code read back from a record, to a code of the catalogue. */
export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(problemCatalogue, text);
}
