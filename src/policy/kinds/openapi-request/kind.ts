import { err, type Issue, ok, type Result } from '../../../base/index.ts';
import { contentCodingOf, contentFault } from '../../../body/index.ts';
import {
  apiKeyNames,
  type AcceptJudge,
  type BodyJudge,
  compileAccept,
  compileBody,
  compileParameters,
  type DescribedOperation,
  type ParameterJudge,
  propertyNamesOf,
} from '../../../openapi/index.ts';
import type { CanonicalRequest } from '../../../wire/index.ts';
import { announcesBody } from '../../announced-body.ts';
import { compileEach } from '../../compile-each.ts';
import { readJsonText, readXmlPart, schemaSource } from '../../description-source.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { Exchange } from '../../exchange.ts';
import { createMediaTypes } from '../../media-types.ts';
import { rememberSpellings } from '../../remembered-spellings.ts';
import { PASS, type Verdict } from '../../verdict.ts';
import type { OpenapiRequestConfig } from './config.ts';
import { codedBody, createRefusals, notAcceptable, otherContent, type Refusals } from './refusals.ts';

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
  const source = schemaSource(document);
  const credentials = apiKeyNames(document, described.security, 'query');
  const accept = compileAccept(described.responses);
  const readJson = readJsonText;
  const parameters = compileParameters({ source, parameters: described.parameters, credentials, readJson });
  const body = compileBody(source, described.requestBody, readJson, readXmlPart);
  if (!parameters.ok || !body.ok) {
    return err([...(parameters.ok ? [] : parameters.error), ...(body.ok ? [] : body.error)]);
  }
  const refusals = createRefusals(config.errors === 'helpful' ? propertyNamesOf(document) : null);
  const readsBody = described.requestBody !== null || !WITHOUT_BODY.has(described.method);
  const judge = headJudge(parameters.value, accept === null ? null : rememberSpellings(accept), refusals);
  return ok({ inspect: readsBody ? wholeStep(judge, body.value, refusals) : headStep(judge) });
}

/** Says what is wrong with a head, whether a body follows or not. */
type HeadJudge = (exchange: Exchange) => Verdict;

function headJudge(parameters: ParameterJudge, accept: AcceptJudge | null, refusals: Refusals): HeadJudge {
  const judge: HeadJudge = ({ params, request }) => {
    const faults = parameters(params, request);
    return faults === null ? PASS : refusals.parameters(faults);
  };
  if (accept === null) return judge;
  return (exchange) => {
    const verdict = judge(exchange);
    if (verdict !== PASS) return verdict;
    const wanted = exchange.request.headers.get('accept');
    return wanted === null || wanted === '*/*' || accept(wanted) ? PASS : notAcceptable();
  };
}

/** A step that judges a head behind which no body comes. */
function headStep(judge: HeadJudge): Step<'inspect'> {
  return { reads: READS_NOTHING, run: judge };
}

/** A step that judges the head before the body is collected. The bytes it then judges are those that are forwarded. */
function wholeStep(judge: HeadJudge, judgeBody: BodyJudge, refusals: Refusals): Step<'inspect'> {
  const mediaTypes = createMediaTypes();
  const typeOf = ({ headers }: CanonicalRequest) => mediaTypes.read(headers.get('content-type'));
  return {
    reads: { request: 'parsed', response: 'none' },
    head(exchange) {
      const { request } = exchange;
      const verdict = judge(exchange);
      if (verdict !== PASS) return verdict;
      if (!announcesBody(request)) return PASS;
      if (contentCodingOf(request.headers.get('content-encoding')) === 'unknown') return codedBody();
      const fault = judgeBody.announced(typeOf(request));
      return fault === null ? PASS : refusals.body(fault);
    },
    run(exchange) {
      const { request } = exchange;
      const body = exchange.body('parsed');
      const fault = judgeBody.whole(body, typeOf(request));
      if (fault !== null) return refusals.body(fault);
      const foreign = contentFault(body);
      return foreign === null ? PASS : otherContent(foreign);
    },
  };
}
