import { err, type Issue, ok, type Result } from '../../../base/index.ts';
import { compileReplies, type DescribedOperation, propertyNamesOf } from '../../../openapi/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import { readJsonText, readXmlPart, schemaSource } from '../../description-source.ts';
import type { Exchange, RepliedHead, ResponseEditor } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { KindPorts } from '../../kind-ports.ts';
import { createMediaTypes } from '../../media-types.ts';
import { PASS, type ReplyVerdict } from '../../verdict.ts';
import { isFieldName } from '../../written-fields.ts';
import type { OpenapiResponseConfig, ReplyRules } from './config.ts';
import { DescribedHeads, hasNoBody, lengthSaid } from './described-head.ts';
import { isNecessary } from './necessary-fields.ts';
import { type JudgedBody, ReplyBodies } from './reply-body.ts';
import { REPLY_REFUSALS, type ReplyRefusal } from './refusals.ts';
import { formatRefusal, isLookedAt } from './seen-format.ts';
import { ToldDifferences } from './told-differences.ts';

/**
 * The kind that lets a reply of the upstream's pass only as the API's OpenAPI document describes it: status, header
 * fields, content type and body. What the gateway says itself is not judged. An operation written by hand gets no step.
 */
export function createOpenapiResponseKind(ports: Pick<KindPorts, 'clock' | 'log'>): PolicyKind<OpenapiResponseConfig> {
  const differences = new ToldDifferences(ports);
  return {
    kind: 'openapi-response',
    summary: 'Refuses replies that differ from the OpenAPI document, and takes out what it does not describe.',
    schema: null,
    sources: () => [],
    compile: (config, at, got) =>
      compileEach(at.operations, (operation) => {
        const { described } = operation;
        const own = saidOf(config.operations, operation);
        const rules = Object.hasOwn(config.operations, operation.name) ? own : config.rules;
        if (described === null || rules === null) return ok({});
        return stepsFor(described, got.document(at.api), { rules, differences });
      }),
  };
}

function stepsFor(
  { responses }: DescribedOperation,
  document: unknown,
  { rules, differences }: Way,
): Result<Steps, readonly Issue[]> {
  const judge = compileReplies(schemaSource(document), responses, readJsonText, readXmlPart);
  if (!judge.ok) return err(judge.error);
  const heads = new DescribedHeads(judge.value, createMediaTypes(), rules);
  const bodies = new ReplyBodies(rules, propertyNamesOf(document));
  const step = respondStep(heads, bodies, { rules, differences });
  // Where no described body is read, only those are that should not be there.
  return ok({ respond: judge.value.reads ? step : { ...step, rare: true } });
}

/** No description is about a reply that was replaced, so it names none of its fields. */
const NO_NAMES: ReadonlySet<string> = new Set();

interface Way {
  readonly rules: ReplyRules;
  readonly differences: ToldDifferences;
}

/** A step that judges the head of every reply, and the bodies that it has to read for it. */
function respondStep(heads: DescribedHeads, bodies: ReplyBodies, { rules, differences }: Way): Step<'respond'> {
  const end = (exchange: Exchange, found: JudgedBody): ReplyVerdict => {
    if (found === null) return PASS;
    differences.tell(exchange, found.refusal, found.end);
    return found.end === 'without it' ? PASS : verdictOf(found.refusal, found.end);
  };
  return {
    reads: { ...READS_NOTHING, response: 'raw' },
    // No description has trailers. A link in an early hint is a header field as any other.
    withholds: rules.headers === 'described' ? ['hints', 'trailers'] : ['trailers'],
    replyHead(exchange, reply, editor) {
      const found = heads.find(exchange, reply);
      if (found.kind === 'switched') return PASS;
      if (found.kind === 'refused') return end(exchange, { refusal: found.refusal, end: 'refused' });
      if (rules.headers === 'pass') return PASS;
      const names = found.kind === 'described' ? found.reply.headers.names : NO_NAMES;
      const isWhole = dropOthers(names, reply, editor);
      return end(exchange, isWhole ? null : { refusal: REPLY_REFUSALS.fieldName, end: 'refused' });
    },
    concerns(exchange, reply) {
      if (reply.source !== 'upstream') return false;
      const found = heads.find(exchange, reply);
      if (found.kind !== 'described') return false;
      // For HEAD too: the length that is said there is that of a body which has not been judged.
      if (found.body.kind === 'content') {
        if (found.body.treatment === 'read') return true;
        return !hasNoBody(exchange, reply) && isLookedAt(found.body.mediaType, reply);
      }
      return !hasNoBody(exchange, reply) && lengthSaid(reply) !== 0;
    },
    run(exchange, reply, editor) {
      if (hasNoBody(exchange, reply)) return PASS;
      const found = heads.find(exchange, reply);
      if (found.kind !== 'described') return PASS;
      const bytes = reply.body('raw');
      if (found.body.kind === 'none') return end(exchange, bodies.undescribed(bytes, editor));
      if (found.body.treatment !== 'read') {
        const refusal = formatRefusal(found.body.mediaType, bytes);
        return end(exchange, refusal === null ? null : { refusal, end: 'refused' });
      }
      return end(exchange, bodies.judge(found.body, { bytes, contentType: reply.headers.get('content-type') }, editor));
    },
  };
}

function verdictOf({ problem, rule }: ReplyRefusal, end: 'refused' | 'passed'): ReplyVerdict {
  return { kind: end === 'refused' ? 'deny' : 'note', problem, rule };
}

/** Takes out the fields that neither the description nor HTTP itself needs. False where one can't be. */
function dropOthers(names: ReadonlySet<string>, { headers }: RepliedHead, editor: ResponseEditor): boolean {
  const others = new Set<string>();
  for (const [name] of headers.entries()) {
    const lower = name.toLowerCase();
    if (names.has(lower) || isNecessary(lower)) continue;
    if (!isFieldName(lower.replaceAll('_', '-'))) return false;
    others.add(lower);
  }
  for (const name of others) editor.removeHeader(name);
  return true;
}
