import type { Problem, ProblemCode } from '../../../base/index.ts';
import { describedPart, type HeaderFault, type Names, type Violation } from '../../../openapi/index.ts';

/** Why a reply is refused, or what is noted of it. The rule is of the description's words alone, so that records stay bounded. */
export interface ReplyRefusal {
  readonly problem: Problem;
  readonly rule: string;
}

/** A rule is cut here: the record needs to tell places apart, not to hold essays. */
const RULE_LENGTH = 200;

function refusal(code: ProblemCode, rule: string, detail: string): ReplyRefusal {
  const cut = rule.slice(0, RULE_LENGTH);
  return { problem: { code, internal: `${cut}: ${detail}` }, rule: cut };
}

/** The refusals that are always the same. */
export const REPLY_REFUSALS = {
  status: refusal('upstream-reply-undescribed', 'status', 'not described'),
  mediaType: refusal('upstream-reply-undescribed', 'content-type', 'not described'),
  noBody: refusal('upstream-reply-undescribed', 'body.undescribed', 'no body is described'),
  notReadable: refusal(
    'upstream-reply-undescribed',
    'media-type-not-readable',
    'described by a schema that bodies of this type cannot be held against',
  ),
  otherFormat: refusal('upstream-reply-invalid', 'content-type', 'the body is not of the format it names'),
  missing: refusal('upstream-reply-invalid', 'body.missing', 'a body is described'),
  part: refusal('upstream-reply-invalid', 'body.part', 'a part of a body cannot be held against its schema'),
  fieldName: refusal('upstream-reply-invalid', 'header.undescribed', 'a field that cannot be left out'),
  invalidCut: refusal('upstream-reply-invalid', 'body', 'does not hold without what is not described'),
} as const;

/** The refusal of a header that is not as described. */
export function headerRefusal({ name, detail }: HeaderFault): ReplyRefusal {
  return refusal('upstream-reply-invalid', `header.${name}`, detail);
}

/** The refusal of a body that can't be read: `what` quotes nothing of it. */
export function malformedBody(what: string): ReplyRefusal {
  return refusal('upstream-reply-invalid', 'body.malformed', what);
}

/** The refusal of a body that differs from its schema. */
export function bodyRefusal(violations: readonly Violation[], names: Names): ReplyRefusal {
  const [first] = violations;
  const rule = `body${placeOf(first?.pointer ?? '', names)}`;
  return refusal('upstream-reply-invalid', rule, first?.message ?? 'is not as described');
}

/** What is said of members that are not described, or are `writeOnly`, in an object that stands at a pointer. */
export function memberRefusal(pointer: string, isHidden: boolean, names: Names): ReplyRefusal {
  const code = isHidden ? 'upstream-reply-invalid' : 'upstream-reply-undescribed';
  const rule = `${isHidden ? 'body.writeOnly' : 'body.undescribed'}${placeOf(pointer, names)}`;
  return refusal(code, rule, isHidden ? 'has a property that may not be sent' : 'has a property that is not described');
}

/**
 * A JSON Pointer in the description's words, `#` before it; any place in a list is written `*`, and so is a name of digits, which the
 * upstream may have made up.
 */
function placeOf(pointer: string, names: Names): string {
  const part = describedPart(pointer, names).replaceAll(/\/[0-9]+(?=\/|$)/g, '/*');
  return part === '' ? '' : `#${part}`;
}
