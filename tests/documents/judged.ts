import { parseBody, parseMediaType } from '../../src/body/index.ts';
import {
  type BodyJudge,
  compileBody,
  compileParameters,
  describeApi,
  type DescribedOperation,
  type ParameterJudge,
  apiKeyNames,
  type SentMediaType,
  type Specification,
} from '../../src/openapi/index.ts';
import type { Head } from './written.ts';

/** A call as an operation's judges get it. */
export interface Call extends Head {
  readonly body: CallBody | null;
}

/** A body of a call as it is sent. */
export interface CallBody {
  readonly mediaType: string;
  readonly text: string;
}

/** An operation that can be held against calls. */
export interface JudgedOperation {
  readonly described: DescribedOperation;
  /** What is wrong with a call, in words; null where all holds. */
  readonly judge: (call: Call) => string | null;
  /** Whether bodies of the type are read at all. */
  readonly takes: (mediaType: string) => boolean;
}

/** A document whose every operation was compiled, or the reasons why it was not. */
export type Compiled =
  | { readonly ok: true; readonly specification: Specification; readonly operations: readonly JudgedOperation[] }
  | { readonly ok: false; readonly reasons: readonly { readonly path: string; readonly message: string }[] };

/** Compiles a document as the gateway does when its configuration is read. */
export function compileDocument(document: unknown): Compiled {
  const described = describeApi(document, () => null);
  if (!described.ok) return { ok: false, reasons: described.error.filter(({ severity }) => severity === 'error') };
  const { specification, operations } = described.value;
  const source = { document, specification };
  const compiled: JudgedOperation[] = [];
  const reasons: { path: string; message: string }[] = [];
  for (const operation of operations) {
    const credentials = apiKeyNames(document, operation.security, 'query');
    const parameters = compileParameters({ source, parameters: operation.parameters, credentials, readJson });
    const body = compileBody(source, operation.requestBody, readJson);
    if (!parameters.ok) reasons.push(...parameters.error);
    if (!body.ok) reasons.push(...body.error);
    if (parameters.ok && body.ok) compiled.push(judgedBy(operation, parameters.value, body.value));
  }
  return reasons.length > 0 ? { ok: false, reasons } : { ok: true, specification, operations: compiled };
}

function judgedBy(described: DescribedOperation, parameters: ParameterJudge, body: BodyJudge): JudgedOperation {
  return {
    described,
    takes: (mediaType) => body.announced(typeOf(mediaType)) === null,
    judge(call) {
      const faults = parameters(call.params, {
        query: call.query.length === 0 ? null : call.query.join('&'),
        headers: headersOf(call),
      });
      if (faults !== null)
        return faults.map(({ place, name, detail }) => `${place} ${name ?? ''}: ${detail}`).join('; ');
      return judgeBody(body, call.body);
    },
  };
}

function judgeBody(judge: BodyJudge, body: CallBody | null): string | null {
  if (body === null) return judge.whole({ kind: 'empty' }, null)?.reason ?? null;
  const mediaType = typeOf(body.mediaType);
  const announced = judge.announced(mediaType);
  if (announced !== null) return announced.reason;
  const read = parseBody(body.mediaType, Buffer.from(body.text));
  if (!read.ok) return `is not read: ${JSON.stringify(read.error)}`;
  const fault = judge.whole(read.value, mediaType);
  if (fault === null) return null;
  if (fault.reason !== 'differs') return fault.reason;
  return fault.violations.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ');
}

function typeOf(mediaType: string): SentMediaType {
  const read = parseMediaType(mediaType);
  if (!read.ok) throw new Error(`${mediaType} is no media type: ${read.error}`);
  return read.value;
}

function headersOf({ headers, cookies }: Head): {
  get(name: string): string | null;
  all(name: string): readonly string[];
} {
  const fields = cookies.length === 0 ? headers : [...headers, ['cookie', cookies.join('; ')] as const];
  const all = (name: string): readonly string[] => fields.filter(([given]) => given === name).map(([, value]) => value);
  return { all, get: (name) => (all(name).length === 0 ? null : all(name).join(', ')) };
}

/** Reads JSON as bodies are read; undefined where it is none. */
export function readJson(text: string): unknown {
  const read = parseBody('application/json', Buffer.from(text));
  return read.ok && read.value.kind === 'json' ? read.value.value : undefined;
}
