import { err, type Issue, ok, type Result } from '../../../base/index.ts';
import { contentCodingOf, parseBody } from '../../../body/index.ts';
import {
  type BodyJudge,
  compileBody,
  compileParameters,
  type DescribedOperation,
  type ParameterJudge,
  propertyNamesOf,
  queryCredentials,
  type SchemaSource,
  type Specification,
} from '../../../openapi/index.ts';
import type { CanonicalRequest } from '../../../wire/index.ts';
import { compileEach } from '../../compile-each.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import { PASS } from '../../verdict.ts';
import type { OpenapiRequestConfig } from './config.ts';
import { createMediaTypes } from './media-types.ts';
import { codedBody, createRefusals, type Refusals } from './refusals.ts';

/**
 * The kind that lets a request pass only if it is as the API's OpenAPI document describes it: parameters, content type
 * and body. An operation written by hand, without a description, gets no step. What of a description can't be enforced
 * is an issue, but for media types that nobody here reads: requests with them are refused.
 */
export function createOpenapiRequestKind(): PolicyKind<OpenapiRequestConfig> {
  return {
    kind: 'openapi-request',
    summary: 'Refuses requests that differ from the OpenAPI document.',
    schema: null,
    sources: () => [],
    compile: (config, at, got) =>
      compileEach(at.operations, ({ described }) =>
        described === null ? ok({}) : stepsFor(described, got.document(at.api), config),
      ),
  };
}

/** The gateway itself refuses a body with these, where none is described. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);

function stepsFor(
  described: DescribedOperation,
  document: unknown,
  config: OpenapiRequestConfig,
): Result<Steps, readonly Issue[]> {
  const source: SchemaSource = { document, specification: specificationOf(document) };
  const credentials = queryCredentials(document, described.security);
  const parameters = compileParameters({ source, parameters: described.parameters, credentials, readJson });
  const body = compileBody(source, described.requestBody, readJson);
  if (!parameters.ok || !body.ok) {
    return err([...(parameters.ok ? [] : parameters.error), ...(body.ok ? [] : body.error)]);
  }
  const refusals = createRefusals(config.errors === 'helpful' ? propertyNamesOf(document) : null);
  const readsBody = described.requestBody !== null || !WITHOUT_BODY.has(described.method);
  return ok({
    inspect: readsBody ? wholeStep(parameters.value, body.value, refusals) : headStep(parameters.value, refusals),
  });
}

/** A step that judges a head behind which no body comes. */
function headStep(judge: ParameterJudge, refusals: Refusals): Step<'inspect'> {
  return {
    reads: READS_NOTHING,
    run(exchange) {
      const faults = judge(exchange.params, exchange.request);
      return faults === null ? PASS : refusals.parameters(faults);
    },
  };
}

/** A step that judges the head before the body is collected. The bytes it then judges are those that are forwarded. */
function wholeStep(judge: ParameterJudge, judgeBody: BodyJudge, refusals: Refusals): Step<'inspect'> {
  const mediaTypes = createMediaTypes();
  const typeOf = ({ headers }: CanonicalRequest) => mediaTypes.read(headers.get('content-type'));
  return {
    reads: { request: 'parsed', response: 'none' },
    head({ params, request }) {
      const faults = judge(params, request);
      if (faults !== null) return refusals.parameters(faults);
      if (!announcesBody(request)) return PASS;
      if (contentCodingOf(request.headers.get('content-encoding')) === 'unknown') return codedBody();
      const fault = judgeBody.announced(typeOf(request));
      return fault === null ? PASS : refusals.body(fault);
    },
    run(exchange) {
      const { request } = exchange;
      const fault = judgeBody.whole(exchange.body('parsed'), typeOf(request));
      return fault === null ? PASS : refusals.body(fault);
    },
  };
}

/**
 * Whether the head says that at least a byte of body comes. One in chunks may turn out to have none; those that name a
 * type are held to it all the same.
 */
function announcesBody({ headers }: CanonicalRequest): boolean {
  const length = headers.get('content-length');
  if (length !== null) return Number(length) !== 0;
  return headers.get('transfer-encoding') !== null && headers.get('content-type') !== null;
}

/** Only documents of these versions are described at all. */
function specificationOf(document: unknown): Specification {
  const text = typeof document === 'object' && document !== null && 'openapi' in document ? document.openapi : null;
  const found = (['3.0', '3.1', '3.2'] as const).find(
    (known) => typeof text === 'string' && text.startsWith(`${known}.`),
  );
  if (found === undefined) throw new Error('an operation is described without an OpenAPI document');
  return found;
}

/** JSON inside parameters and forms is held to the rules of JSON bodies. */
function readJson(text: string): unknown {
  const read = parseBody('application/json', Buffer.from(text));
  return read.ok && read.value.kind === 'json' ? read.value.value : undefined;
}
