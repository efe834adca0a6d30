import type { KeptJson } from '../../../body/index.ts';
import type { Names } from '../../../openapi/index.ts';
import { createSlot, type Exchange, type RepliedHead, type ReplyView, type ResponseEditor } from '../../exchange.ts';
import { type FieldLists, type FieldNode, isWhole } from '../../field-access/index.ts';
import type { FieldRules } from '../../field-rules.ts';
import { READS_NOTHING, type Step } from '../../kind.ts';
import { createMediaTypes } from '../../media-types.ts';
import { REPLACED_REPLY, UNTAGGED_REPLY } from '../../replaced-reply.ts';
import { deny, PASS, type ReplyVerdict } from '../../verdict.ts';
import { KNOWN_BEFORE } from '../object/known-before.ts';
import { keepPrivate } from '../object/reply-fields.ts';
import { openReads, openWrites } from './conditions.ts';
import { fieldSetName } from './field-set.ts';
import { fieldFormatOf, filterBody, isProblem } from './filter.ts';
import type { SealedTags } from './sealed-tags.ts';
import { TakenFields } from './taken-fields.ts';

/** What one operation's replies are filtered by. */
export interface ReplyFields {
  readonly rules: FieldRules;
  readonly lists: FieldLists;
  readonly tags: SealedTags;
  /** Names that may be recorded; all others are the upstream's own. */
  readonly names: Pick<Names, 'has'>;
}

const PARTIAL_CONTENT = 206;
const DELTA = 226;
const NOT_MODIFIED = 304;

/** What was true of the whole alone, and would tell of what is taken out (RFC 9530, RFC 9421). */
const OF_THE_WHOLE = [
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'signature',
  'signature-input',
  'x-jws-signature',
];
/** What the gateway has no form of its own for. */
const VALIDATORS = ['last-modified', 'accept-ranges'];

/** What becomes of the conditions of one request. */
const ASKED = createSlot('conditions by sets of fields', () => ({ mayBeUnchanged: false, tag: null as string | null }));

/** Opens tags in requests that change something; others are not its concern. */
export function writingStep(tags: SealedTags): Step<'transform'> {
  return {
    reads: READS_NOTHING,
    run({ request }, editor) {
      if (!isSafe(request.method)) openWrites(request.headers, editor, tags);
      return PASS;
    },
  };
}

/** Opens tags in all requests of an operation whose replies are filtered. */
export function openingStep({ lists, tags }: ReplyFields): Step<'transform'> {
  return {
    reads: READS_NOTHING,
    run(exchange, editor) {
      const { method, headers } = exchange.request;
      if (!isSafe(method)) {
        openWrites(headers, editor, tags);
        return PASS;
      }
      // Where the reply decides whose the object is, it must come.
      const known = exchange.slot(KNOWN_BEFORE);
      const asks = known.asked === null || known.settled;
      const set = fieldSetName(lists.of(exchange.principal));
      exchange.slot(ASKED).mayBeUnchanged = openReads(headers, editor, { tags, set, asks });
      return PASS;
    },
  };
}

/** Takes out of replies what their callers may not see. */
export function respondStep(fields: ReplyFields): Step<'respond'> {
  const { rules, lists } = fields;
  const filter = filterFor(fields);
  const differs = Object.keys(rules.roles).length > 0;
  return {
    reads: { request: 'none', response: 'raw' },
    // Nobody sees them.
    withholds: ['trailers'],
    concerns: (exchange, reply) => isFiltered(lists.of(exchange.principal), reply),
    replyHead(exchange, reply, editor) {
      if (exchange.slot(REPLACED_REPLY).value) return PASS;
      if (reply.status === NOT_MODIFIED && isSafe(exchange.request.method) && !exchange.slot(ASKED).mayBeUnchanged)
        return refusal(rules, 'it says that nothing has changed, and was not asked that');
      dropOfTheWhole(reply, editor, lists.of(exchange.principal));
      if (differs) keepPrivate(reply.headers, editor);
      sealTag(fields, exchange, { reply, editor });
      return PASS;
    },
    run(exchange, reply, editor) {
      const filtered = filter(exchange, reply, null);
      if (filtered === null) return PASS;
      if (typeof filtered === 'string') return refusal(rules, filtered);
      if (filtered.taken === 0) return PASS;
      editor.replaceBody(filtered.bytes);
      const { tag } = exchange.slot(ASKED);
      // It names what stays as it named the whole.
      if (tag !== null) editor.setHeader('etag', tag);
      return PASS;
    },
  };
}

/** Tells what would be taken out, and what could not be read for it. */
export function observingStep(fields: ReplyFields): Step<'respond'> {
  const { rules, lists, names } = fields;
  const filter = filterFor(fields);
  return {
    reads: { request: 'none', response: 'raw' },
    concerns: (exchange, reply) => isFiltered(lists.of(exchange.principal), reply),
    run(exchange, reply) {
      const taken = new TakenFields(names);
      const filtered = filter(exchange, reply, taken);
      if (filtered === null) return PASS;
      if (typeof filtered === 'string') return refusal(rules, filtered);
      if (taken.count === 0) return PASS;
      const internal = `${rules.id}: ${taken.count} would be taken out: ${taken.places}`;
      return { kind: 'note', problem: { code: 'reply-fields-withheld', internal }, rule: taken.ruleFor(rules.id) };
    },
  };
}

/** A QUERY may be answered by a 304 as well (RFC 9110 §13.1.2, for methods that read). */
function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'QUERY';
}

/** A reply to HEAD too: the length that it says is that of the whole. */
function isFiltered(node: FieldNode, { source, status }: RepliedHead): boolean {
  return source === 'upstream' && status !== NOT_MODIFIED && !isWhole(node);
}

function dropOfTheWhole({ headers }: RepliedHead, editor: ResponseEditor, node: FieldNode): void {
  for (const name of VALIDATORS) if (headers.has(name)) editor.removeHeader(name);
  if (!isWhole(node)) for (const name of OF_THE_WHOLE) if (headers.has(name)) editor.removeHeader(name);
}

interface Edited {
  readonly reply: RepliedHead;
  readonly editor: ResponseEditor;
}

function sealTag({ lists, tags }: ReplyFields, exchange: Exchange, { reply, editor }: Edited): void {
  const tag = reply.headers.get('etag');
  if (tag === null || exchange.slot(UNTAGGED_REPLY).value) return;
  const sealed = tags.seal(tag, fieldSetName(lists.of(exchange.principal)));
  exchange.slot(ASKED).tag = sealed;
  if (sealed === null) editor.removeHeader('etag');
  else editor.setHeader('etag', sealed);
}

/** What stays of a reply; null where nothing is to be done with it, and a text where it can't be read. */
type Filter = (exchange: Exchange, reply: ReplyView, taken: TakenFields | null) => KeptJson | string | null;

function filterFor({ lists }: ReplyFields): Filter {
  const mediaTypes = createMediaTypes();
  return (exchange, reply, taken) => {
    if (exchange.slot(REPLACED_REPLY).value) return null;
    const bytes = reply.body('raw');
    if (bytes.length === 0) return null;
    const { status, headers } = reply;
    if (status === PARTIAL_CONTENT || status === DELTA || headers.has('content-range'))
      return 'it is a part of a whole';
    const contentType = headers.get('content-type');
    const mediaType = mediaTypes.read(contentType);
    if (contentType === null || mediaType === null) return 'its content type is missing, or can not be told';
    const format = fieldFormatOf(mediaType);
    if (format === null) return `no fields can be taken out of ${mediaType.essence.slice(0, TYPE_LIMIT)}`;
    const filtered = filterBody({
      ...{ bytes, contentType, format, node: lists.of(exchange.principal) },
      ...{ isProblem: isProblem(status, mediaType), tell: taken === null ? null : taken.note },
    });
    return filtered.ok ? filtered.value : filtered.error;
  };
}

const TYPE_LIMIT = 100;

function refusal({ id }: FieldRules, why: string): ReplyVerdict {
  return deny({ code: 'upstream-refused-body', internal: `${id}: ${why}` }, id);
}
