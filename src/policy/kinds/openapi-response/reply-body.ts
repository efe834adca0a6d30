import { parseBody } from '../../../body/index.ts';
import type { Names, ReplyContent, SentMediaType } from '../../../openapi/index.ts';
import type { ResponseEditor } from '../../exchange.ts';
import { REPLY_BODY_LIMITS } from '../../reply-limits.ts';
import { type BodyCut, bodyCutOf } from './body-cut.ts';
import type { ReplyRules } from './config.ts';
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
    const body = parseBody(given.contentType ?? undefined, given.bytes, REPLY_BODY_LIMITS);
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
      case 'xml-cuts':
        return this.#cut(held, { ...given, cut: bodyCutOf(fault, body.value, given.bytes) }, editor);
    }
  }

  /**
   * Takes out what may not leave. What stays is read and judged once more, so that nothing leaves which was not held against its
   * schema as it leaves: without a member, other alternatives may hold, or none.
   */
  #cut(held: HeldContent, { contentType, cut }: CuttableBody, editor: ResponseEditor): JudgedBody {
    const { undescribed } = this.#rules;
    const noted = memberRefusal(cut.pointer, cut.isHidden, this.#names);
    if (undescribed === 'refuse') return deny(noted);
    const rest = cut.without();
    const again = parseBody(contentType ?? undefined, rest, REPLY_BODY_LIMITS);
    // Without an element, a comment may stand between two pieces of white space that were beside it.
    if (!again.ok) return deny(REPLY_REFUSALS.invalidCut);
    const fault = held.content.judge(again.value, held.mediaType);
    if (fault !== null) {
      return deny(fault.reason === 'differs' ? bodyRefusal(fault.violations, this.#names) : REPLY_REFUSALS.invalidCut);
    }
    if (undescribed === 'drop') {
      editor.replaceBody(rest);
      return { refusal: noted, end: 'without it' };
    }
    const shown = cut.withoutHidden();
    if (shown !== null) editor.replaceBody(shown);
    return { refusal: noted, end: 'passed' };
  }
}

interface CuttableBody extends GivenBody {
  readonly cut: BodyCut;
}

function deny(refusal: ReplyRefusal): JudgedBody {
  return { refusal, end: 'refused' };
}
