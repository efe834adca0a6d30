import type { ProblemCode } from '../base/index.ts';
import { newAuthorityMemory, readRequestHead } from '../wire/index.ts';

/** A request as a client would write it: its method, the text of its Host field, and its request target. */
export interface Question {
  readonly method: string;
  readonly host: string;
  readonly target: string;
}

/** The canonical form: what is matched, judged and sent. `path` is `*` where the target names no resource. */
export interface CanonicalForm {
  readonly host: string;
  readonly path: string;
  readonly query: string | null;
}

/** The fields of a head besides Host. */
export type QuestionHeaders = readonly (readonly [name: string, value: string])[];

const LINE_BREAK = /[\r\n]/;

type Head = Exclude<ReturnType<typeof readRequestHead>, { readonly fault: ProblemCode }>;

/**
 * Reads a question by the codec itself, as the head that a client would send; so it can't be judged otherwise than
 * traffic is. A code where such a head is refused.
 */
export function readQuestionHead({ method, host, target }: Question, headers: QuestionHeaders): Head | ProblemCode {
  // A line break would begin another line of the head. The codec never sees one inside any of these.
  if (LINE_BREAK.test(method + target)) return 'malformed-request-line';
  if (LINE_BREAK.test(host)) return 'invalid-host';
  if (headers.some(([name]) => LINE_BREAK.test(name))) return 'malformed-header';
  if (headers.some(([, value]) => LINE_BREAK.test(value))) return 'malformed-header-value';
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${lines}\r\n`);
  const reading = readRequestHead(head, head.length - 2, newAuthorityMemory());
  return reading.fault === null ? reading : reading.fault;
}
