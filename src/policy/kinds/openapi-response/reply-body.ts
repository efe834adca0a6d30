import { cutMembers, DEFAULT_BODY_LIMITS, type JsonValue, parseBody, type ParsedBody } from '../../../body/index.ts';
import type { CutMembers, Names, ReplyContent, SentMediaType } from '../../../openapi/index.ts';
import type { ResponseEditor } from '../../exchange.ts';
import type { ReplyRules } from './config.ts';
import { placeIn } from './member-place.ts';
import { bodyRefusal, malformedBody, memberRefusal, REPLY_REFUSALS, type ReplyRefusal } from './refusals.ts';
import type { DifferenceEnd } from './told-differences.ts';

/** A body, whole and in no coding, and its type as it was written. */
export interface GivenBody {
  readonly bytes: Uint8Array;
  readonly contentType: string | null;
}

/** What a body of some type is held against. */
export interface HeldContent {
  readonly content: ReplyContent;
  readonly mediaType: SentMediaType;
}

/**
 * A page of a list has more members than requests do. They come from the operator's own API, 10 MiB at most, and of
 * those few hold so many.
 */
const REPLY_LIMITS = {
  ...DEFAULT_BODY_LIMITS,
  json: { ...DEFAULT_BODY_LIMITS.json, keys: 250_000 },
  xml: { ...DEFAULT_BODY_LIMITS.xml, nodes: 250_000 },
};

const NOTHING = Buffer.alloc(0);
/** What was true of a body that has been taken out. */
const BODY_FIELDS: readonly string[] = ['content-type', 'content-language', 'content-disposition'];

/** How a body differs from its description, and what became of it; null where it does not. */
export type JudgedBody = { readonly refusal: ReplyRefusal; readonly end: DifferenceEnd } | null;

/** Judges whole bodies of replies, and takes out what may not leave. */
export class ReplyBodies {
  readonly #rules: ReplyRules;
  readonly #names: Names;

  /** `names` are those of described properties, which are all that records hold of pointers. */
  constructor(rules: ReplyRules, names: Names) {
    this.#rules = rules;
    this.#names = names;
  }

  /** A body where none is described. */
  undescribed(bytes: Uint8Array, editor: ResponseEditor): JudgedBody {
    if (bytes.length === 0) return null;
    const { undescribed } = this.#rules;
    const refusal = REPLY_REFUSALS.noBody;
    if (undescribed !== 'drop') return { refusal, end: undescribed === 'refuse' ? 'refused' : 'passed' };
    editor.replaceBody(NOTHING);
    for (const name of BODY_FIELDS) editor.removeHeader(name);
    return { refusal, end: 'without it' };
  }

  /** A body that has to be read. */
  judge(held: HeldContent, given: GivenBody, editor: ResponseEditor): JudgedBody {
    const body = parseBody(given.contentType ?? undefined, given.bytes, REPLY_LIMITS);
    if (!body.ok) return deny(malformedBody(body.error.internal));
    const fault = held.content.judge(body.value, held.mediaType);
    if (fault === null) return null;
    switch (fault.reason) {
      case 'missing':
        return deny(REPLY_REFUSALS.missing);
      case 'unreadable':
        return deny(REPLY_REFUSALS.notReadable);
      case 'differs':
        return deny(bodyRefusal(fault.violations, this.#names));
      case 'cuts':
        return this.#cut(held, { ...given, value: jsonOf(body.value), cuts: fault.cuts }, editor);
    }
  }

  /**
   * Takes members out. What stays is read and judged once more, so that nothing leaves which was not held against its schema as it
   * leaves: without a member, other alternatives may hold, or none.
   */
  #cut(held: HeldContent, found: CuttableBody, editor: ResponseEditor): JudgedBody {
    const { bytes, value, cuts } = found;
    const { undescribed } = this.#rules;
    const noted = this.#noteOf(found);
    if (undescribed === 'refuse') return deny(noted);
    const rest = cutMembers(bytes, value, cuts);
    const again = parseBody(found.contentType ?? undefined, rest, REPLY_LIMITS);
    if (!again.ok) throw new Error('what was cut out of JSON is none');
    const fault = held.content.judge(again.value, held.mediaType);
    if (fault !== null) {
      return deny(fault.reason === 'differs' ? bodyRefusal(fault.violations, this.#names) : REPLY_REFUSALS.invalidCut);
    }
    if (undescribed === 'drop') {
      editor.replaceBody(rest);
      return { refusal: noted, end: 'without it' };
    }
    const hidden = hiddenOf(cuts);
    if (hidden.size > 0) editor.replaceBody(cutMembers(bytes, value, hidden));
    return { refusal: noted, end: 'passed' };
  }

  #noteOf({ value, cuts }: CuttableBody): ReplyRefusal {
    for (const [object, names] of cuts) {
      if (names.size === 0) continue;
      const isHidden = [...names.values()].includes('hidden');
      return memberRefusal(placeIn(value, object) ?? '', isHidden, this.#names);
    }
    throw new Error('nothing is to be cut');
  }
}

interface CuttableBody extends GivenBody {
  readonly value: JsonValue;
  readonly cuts: CutMembers;
}

function jsonOf(body: ParsedBody): JsonValue {
  if (body.kind !== 'json') throw new Error(`members can't be cut out of ${body.kind}`);
  return body.value;
}

/** Those members that no description lets leave. */
function hiddenOf(cuts: CutMembers): CutMembers {
  const hidden = new Map<object, ReadonlyMap<string, 'hidden'>>();
  for (const [object, names] of cuts) {
    const own = new Map<string, 'hidden'>();
    for (const [name, reason] of names) if (reason === 'hidden') own.set(name, reason);
    if (own.size > 0) hidden.set(object, own);
  }
  return hidden;
}

function deny(refusal: ReplyRefusal): JudgedBody {
  return { refusal, end: 'refused' };
}
