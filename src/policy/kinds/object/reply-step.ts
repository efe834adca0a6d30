import { PROBLEM_MEDIA_TYPE, problemBody } from '../../../base/index.ts';
import { cutElements, type JsonValue, parseBody } from '../../../body/index.ts';
import { stepBudget } from '../../../rules/index.ts';
import { AskedRequest } from '../../asked/asked-request.ts';
import type { Exchange, ReplyView, ResponseEditor } from '../../exchange.ts';
import type { Step } from '../../kind.ts';
import { REPLACED_REPLY, UNTAGGED_REPLY } from '../../replaced-reply.ts';
import { REPLY_BODY_LIMITS } from '../../reply-limits.ts';
import { deny, PASS, type ReplyVerdict } from '../../verdict.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { ObjectList } from './config.ts';
import { KNOWN_BEFORE } from './known-before.ts';
import { cutsOf } from './object-list.ts';
import { dropAllFields, keepPrivate } from './reply-fields.ts';

const OK = 200;
const PARTIAL_CONTENT = 206;
/** RFC 3229 §10.4.1: what differs from a version that the client has, in a form of its own. */
const DELTA = 226;
const REDIRECTION = 300;
const NOT_MODIFIED = 304;
const CLIENT_ERROR = 400;
const NOT_FOUND = 404;
const GONE = 410;

/** Judges replies to requests of which it was open whether they may pass, before anything of them is sent. */
export function replyStep(rule: CompiledRule): Step<'respond'> {
  const { each } = rule;
  const judge = each === null ? judgeObject : (given: Judged): ReplyVerdict => judgeList(given, each);
  return {
    reads: { request: 'none', response: 'raw' },
    // One comes before the reply is judged, the other when it is gone.
    withholds: ['hints', 'trailers'],
    decides: (exchange) => each === null && !exchange.slot(KNOWN_BEFORE).settled,
    concerns: (exchange, { source }) => source === 'upstream' && !exchange.slot(KNOWN_BEFORE).settled,
    run(exchange, reply, editor) {
      // While it only observes, clients' own conditions go on and errors stay as they are.
      if (rule.observed && (reply.status === NOT_MODIFIED || reply.status >= CLIENT_ERROR)) return PASS;
      if (reply.status >= CLIENT_ERROR) return judgeError(rule, exchange, { reply, editor });
      const read = readBody(reply);
      return typeof read === 'string' ? unseen(rule, read) : judge({ rule, exchange, reply, editor, ...read });
    },
  };
}

interface Seen {
  readonly bytes: Uint8Array;
  readonly value: JsonValue;
}

interface Judged extends Seen {
  readonly rule: CompiledRule;
  readonly exchange: Exchange;
  readonly reply: ReplyView;
  readonly editor: ResponseEditor;
}

/** The whole body, where it can be seen whose it is; else why not. */
function readBody(reply: ReplyView): Seen | string {
  const { status, headers } = reply;
  if (status >= REDIRECTION || status < OK) return `a reply of ${status} does not show whose the object is`;
  if (status === PARTIAL_CONTENT || status === DELTA || headers.has('content-range'))
    return 'a part does not show whose the object is';
  const bytes = reply.body('raw');
  const body = parseBody(headers.get('content-type') ?? undefined, bytes, REPLY_BODY_LIMITS);
  if (!body.ok) return body.error.internal;
  return body.value.kind === 'json' ? { bytes, value: body.value.value } : `a body is JSON, and not ${body.value.kind}`;
}

function judgeObject({ rule, exchange, reply, editor, value }: Judged): ReplyVerdict {
  const asked = askedOf(exchange);
  asked.response = value;
  const said = rule.rule.answer(asked, stepBudget());
  if (said !== true) return rule.refuse(said === false ? 'is not so' : said);
  keepPrivate(reply.headers, editor);
  return PASS;
}

function judgeList({ rule, exchange, reply, editor, bytes, value }: Judged, list: ObjectList): ReplyVerdict {
  const asked = askedOf(exchange);
  asked.response = value;
  // Shared, so that a long list costs no more than one condition may.
  const budget = stepBudget();
  const cuts = cutsOf(value, list, (item) => {
    asked.item = item;
    return rule.rule.answer(asked, budget) === true;
  });
  if (cuts === null) return unseen(rule, 'the body has no list where `each` says');
  // Elements of which nobody has found out whose they are must not seem to be nobody's.
  if (budget.left < 0) return unseen(rule, 'the list is too much to look at');
  const { elements, members, asked: all, gone } = cuts;
  if (rule.observed) {
    if (gone === 0) return PASS;
    return { ...rule.refuse(`does not hold of ${gone} of ${all} elements`), kind: 'note', rule: rule.id };
  }
  if (elements.size + members.size > 0) editor.replaceBody(cutElements(bytes, value, { elements, members }));
  // They tell of the list that nobody sees.
  for (const name of ['etag', 'last-modified', 'accept-ranges']) editor.removeHeader(name);
  exchange.slot(UNTAGGED_REPLY).value = true;
  keepPrivate(reply.headers, editor);
  return PASS;
}

function askedOf(exchange: Exchange): AskedRequest {
  return exchange.slot(KNOWN_BEFORE).asked ?? new AskedRequest(exchange);
}

/** A reply of which nobody can tell whose it is does not leave. */
function unseen({ id }: CompiledRule, why: string): ReplyVerdict {
  return deny({ code: 'upstream-refused-body', internal: `${id}: ${why}` }, id);
}

interface Failed {
  readonly reply: ReplyView;
  readonly editor: ResponseEditor;
}

/**
 * An error says what it says by its status: its body may hold the object all the same. What is not there is told of in the
 * very words in which an object is refused that is somebody else's.
 */
function judgeError(rule: CompiledRule, exchange: Exchange, { reply, editor }: Failed): ReplyVerdict {
  const { status, headers } = reply;
  if (status === NOT_FOUND || status === GONE)
    return deny({ code: 'not-found', internal: `${rule.id}: the upstream says ${status}` }, rule.id);
  if (!dropAllFields(headers, editor)) return unseen(rule, 'the reply has a field that can’t be left out');
  editor.setHeader('content-type', PROBLEM_MEDIA_TYPE);
  editor.setHeader('cache-control', 'no-store');
  editor.replaceBody(Buffer.from(problemBody({ code: 'upstream-error' }, exchange.id, status)));
  exchange.slot(REPLACED_REPLY).value = true;
  return PASS;
}
