// What the tests of this folder share. It holds none itself; its name keeps it out of the build and lets tests import it.
import { withOperation, onlyOperation, type Members } from '../fixtures.test.ts';
import { compileParameters, type ParameterFault, type ParameterJudge } from './parameter-judge.ts';
import type { SentHeaders } from './parameter.ts';

/** What a test sends; all of it may be left out. */
export interface Sent {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** Headers as a head has them, names in lower case. */
export function headersOf(list: Sent['headers'] = []): SentHeaders {
  const all = (name: string): readonly string[] => list.filter(([given]) => given === name).map(([, value]) => value);
  return { all, get: (name) => (all(name).length === 0 ? null : all(name).join(', ')) };
}

/** Reads JSON as leniently as the platform does; tests of strictness are elsewhere. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A parameter of the query with a schema. */
export function inQuery(schema: unknown, more: Members = {}): Members {
  return { name: 'p', in: 'query', schema, ...more };
}

/** The judge of an operation with these parameters. */
export function judgeOf(
  parameters: readonly Members[],
  {
    openapi = '3.2.0',
    credentials = [] as readonly string[],
    ...more
  }: Members & { openapi?: string; credentials?: readonly string[] } = {},
): ParameterJudge {
  const document = withOperation({ parameters }, { openapi, ...more });
  const { parameters: described } = onlyOperation(document);
  const specification = openapi.slice(0, 3) as '3.0' | '3.1' | '3.2';
  const source = { document, specification };
  const judge = compileParameters({ source, parameters: described, credentials, readJson });
  if (!judge.ok) throw new Error(judge.error.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return judge.value;
}

/** What a judge says of a request. */
export function faultsOf(
  judge: ParameterJudge,
  { params = {}, query, headers }: Sent,
): readonly ParameterFault[] | null {
  return judge(params, { query: query ?? null, headers: headersOf(headers) });
}

/** Whether a request passes. */
export function passes(judge: ParameterJudge, sent: Sent): boolean {
  return faultsOf(judge, sent) === null;
}
