import { err, errorIssue, ok, type Problem } from '../../../base/index.ts';
import { cutUnknown, type MessageFault } from '../../../openapi/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import { type DescribedMethod, describedMethod } from '../../described-methods.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { KindPorts } from '../../kind-ports.ts';
import { deny, type MessageVerdict, PASS } from '../../verdict.ts';
import { type DifferenceEnd, ToldDifferences } from '../openapi-response/told-differences.ts';
import type { GrpcMessagesConfig, MessageRules } from './config.ts';

/**
 * The kind that lets a message of a gRPC call pass only as its descriptor describes it: each that a client sends, and
 * where replies are judged each of the upstream's. Operations that are no gRPC methods get no step.
 */
export function createGrpcMessagesKind(ports: Pick<KindPorts, 'clock' | 'log'>): PolicyKind<GrpcMessagesConfig> {
  const differences = new ToldDifferences(ports);
  return {
    kind: 'grpc-messages',
    summary: 'Refuses messages of gRPC calls that differ from their descriptors.',
    schema: null,
    sources: () => [],
    compile: (config, at, got) =>
      compileEach(at.operations, (operation) => {
        if (operation.described?.grpc === undefined) return ok({});
        const own = saidOf(config.operations, operation);
        const rules = Object.hasOwn(config.operations, operation.name) ? own : config.replies;
        const method = describedMethod(got.document(at.api), operation.name);
        // Nothing passes unread because nothing describes it.
        if (method === null) return err([errorIssue('', `no messages are described for ${operation.name}`)]);
        return ok(stepsFor(method, { rules, differences }));
      }),
  };
}

interface Way {
  readonly rules: MessageRules | null;
  readonly differences: ToldDifferences;
}

function stepsFor(method: DescribedMethod, way: Way): Steps {
  const inspect = requestStep(method);
  if (way.rules === null) return { inspect };
  return { inspect, transform: READABLE_REPLIES, respond: replyStep(method, way) };
}

/** What can be undone here, as clients and upstreams are told. */
const CODINGS = ['identity', 'deflate', 'gzip'];
const ACCEPTED = 'grpc-accept-encoding';

/** An upstream is not told of codings that nobody here undoes: it would use one of them. */
const READABLE_REPLIES: Step<'transform'> = {
  reads: READS_NOTHING,
  run({ request: { headers } }, editor) {
    const asked = headers.get(ACCEPTED);
    if (asked === null) return PASS;
    const known = asked.split(',').filter((coding) => isKnownCoding(coding.trim()));
    if (known.length === 0) editor.removeHeader(ACCEPTED);
    else editor.setHeader(ACCEPTED, known.join(','));
    return PASS;
  },
};

function requestStep({ judge, request: type }: DescribedMethod): Step<'inspect'> {
  return {
    reads: READS_NOTHING,
    run({ request: { headers } }) {
      if (isJson(headers.get('content-type'))) return JSON_MESSAGES;
      return isKnownCoding(headers.get('grpc-encoding')) ? PASS : UNKNOWN_CODING;
    },
    message(_exchange, message) {
      const fault = judge.judge(type, message, false);
      return fault === null ? PASS : { kind: 'deny', ...refusalOf('invalid-message', fault) };
    },
  };
}

function replyStep({ judge, types, reply: type }: DescribedMethod, { rules, differences }: Way): Step<'respond'> {
  const undescribed = rules?.undescribed ?? 'refuse';
  const end = (exchange: Exchange, refusal: Refusal, what: DifferenceEnd): Refusal => {
    differences.tell(exchange, refusal, what);
    return refusal;
  };
  return {
    reads: READS_NOTHING,
    // What the gateway says itself has no messages.
    concerns: (_exchange, { source }) => source === 'upstream',
    run(exchange, { headers }) {
      const isRead = !isJson(headers.get('content-type')) && isKnownCoding(headers.get('grpc-encoding'));
      return isRead ? PASS : { kind: 'deny', ...end(exchange, UNREAD_REPLY, 'refused') };
    },
    message(exchange, message): MessageVerdict {
      const fault = judge.judge(type, message, undescribed !== 'refuse');
      if (fault !== null) {
        const code = isUndescribed(fault) ? 'upstream-reply-undescribed' : 'upstream-reply-invalid';
        return { kind: 'deny', ...end(exchange, refusalOf(code, fault), 'refused') };
      }
      if (judge.unknownIn === null) return PASS;
      const unknown: MessageFault = { reason: 'unknown', message: judge.unknownIn, field: null };
      const refusal = refusalOf('upstream-reply-undescribed', unknown);
      if (undescribed === 'report') return { kind: 'note', ...end(exchange, refusal, 'passed') };
      const cut = cutUnknown(types, type, message);
      // Whatever cutting makes is judged as what comes by itself.
      const left = judge.judge(type, cut, false);
      if (left !== null)
        return { kind: 'deny', ...end(exchange, refusalOf('upstream-reply-invalid', left), 'refused') };
      end(exchange, refusal, 'without it');
      return { kind: 'replace', message: cut };
    },
  };
}

function isUndescribed({ reason }: MessageFault): boolean {
  return reason === 'unknown' || reason === 'any';
}

/** Messages written as JSON: of these nothing here is read. */
function isJson(contentType: string | null): boolean {
  return contentType !== null && /^application\/grpc\+json/i.test(contentType);
}

function isKnownCoding(coding: string | null): boolean {
  return coding === null || CODINGS.includes(coding.toLowerCase());
}

interface Refusal {
  readonly problem: Problem;
  readonly rule: string;
}

/** Names of descriptors have no bound of their own; the record needs to tell fields apart. */
const RULE_LENGTH = 200;

/** The rule names the message, the field and what is wrong with it, never what was sent. */
function refusalOf(code: Problem['code'], { reason, message, field }: MessageFault): Refusal {
  const place = field === null ? message : `${message}.${field}`;
  const rule = `message.${reason} ${place}`.slice(0, RULE_LENGTH);
  return { problem: { code, internal: rule }, rule };
}

const JSON_MESSAGES = deny(
  { code: 'unsupported-media-type', internal: 'content-type: messages in JSON are not read' },
  'content-type',
);
const UNKNOWN_CODING = deny(
  {
    code: 'unsupported-media-type',
    headers: [[ACCEPTED, CODINGS.join(',')]],
    internal: 'grpc-encoding: not one that is decoded',
  },
  'grpc-encoding',
);
const UNREAD_REPLY: Refusal = {
  problem: { code: 'upstream-reply-invalid', internal: 'grpc-encoding: messages that are not read' },
  rule: 'grpc-encoding',
};
