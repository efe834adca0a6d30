import type { BodyTreatment, JudgedReply, ReplyContent, ReplyJudge, SentMediaType } from '../../../openapi/index.ts';
import type { Exchange, RepliedHead } from '../../exchange.ts';
import type { MediaTypes } from '../../media-types.ts';
import { REPLACED_REPLY } from '../../replaced-reply.ts';
import type { ReplyRules } from './config.ts';
import { headerRefusal, REPLY_REFUSALS, type ReplyRefusal } from './refusals.ts';

/** What a description says of the body of a reply: `none` is described, or its content is held against something. */
export type DescribedBody =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'content';
      readonly content: ReplyContent;
      readonly mediaType: SentMediaType;
      readonly treatment: BodyTreatment;
    };

/** A reply's head as it was found: refused, or with what is described of the reply. */
export type FoundHead =
  | { readonly kind: 'refused'; readonly refusal: ReplyRefusal }
  /** It switches protocols: nothing is held against it. */
  | { readonly kind: 'switched' }
  /** A policy's own words stand in its place, which no description is about. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'described'; readonly reply: JudgedReply; readonly body: DescribedBody };

const SWITCHING = 101;
const NO_CONTENT = 204;
const PARTIAL_CONTENT = 206;
const NOT_MODIFIED = 304;

/** Whether a reply has no body, whatever its head says (RFC 9112 §6.3). */
export function hasNoBody({ request }: Exchange, { status }: RepliedHead): boolean {
  return request.method === 'HEAD' || status === NO_CONTENT || status === NOT_MODIFIED;
}

/** How many bytes a head says that follow; null where it does not say. */
export function lengthSaid({ headers }: RepliedHead): number | null {
  const length = headers.get('content-length');
  return length === null ? null : Number(length);
}

/** Finds what is described of a reply, by its head alone. */
export class DescribedHeads {
  readonly #judge: ReplyJudge;
  readonly #mediaTypes: MediaTypes;
  readonly #rules: ReplyRules;

  constructor(judge: ReplyJudge, mediaTypes: MediaTypes, rules: ReplyRules) {
    this.#judge = judge;
    this.#mediaTypes = mediaTypes;
    this.#rules = rules;
  }

  find(exchange: Exchange, head: RepliedHead): FoundHead {
    const { status, headers } = head;
    if (status === SWITCHING) return SWITCHED;
    if (exchange.slot(REPLACED_REPLY).value) return REPLACED;
    const reply = this.#judge.of(status);
    if (reply === null) return refused(REPLY_REFUSALS.status);
    const fault = reply.headers.judge(headers, reply.isPart);
    if (fault !== null) return refused(headerRefusal(fault));
    const bodiless = hasNoBody(exchange, head);
    if (!reply.hasContent) {
      const refuses = !bodiless && this.#rules.undescribed === 'refuse' && (lengthSaid(head) ?? 0) > 0;
      return refuses ? refused(REPLY_REFUSALS.noBody) : { kind: 'described', reply, body: NONE };
    }
    const field = headers.get('content-type');
    if (field === null) {
      if (bodiless) return { kind: 'described', reply, body: NONE };
      return refused(lengthSaid(head) === 0 ? REPLY_REFUSALS.missing : REPLY_REFUSALS.mediaType);
    }
    const mediaType = this.#mediaTypes.read(field);
    const content = mediaType === null ? null : reply.contentOf(mediaType);
    if (mediaType === null || content === null) return refused(REPLY_REFUSALS.mediaType);
    const treatment = content.treatment(mediaType);
    if (treatment === 'unreadable' && !bodiless) return refused(REPLY_REFUSALS.notReadable);
    if (treatment === 'read' && isPart(head)) return refused(REPLY_REFUSALS.part);
    return { kind: 'described', reply, body: { kind: 'content', content, mediaType, treatment } };
  }
}

const SWITCHED: FoundHead = { kind: 'switched' };
const REPLACED: FoundHead = { kind: 'replaced' };
const NONE: DescribedBody = { kind: 'none' };

function refused(refusal: ReplyRefusal): FoundHead {
  return { kind: 'refused', refusal };
}

/** Whether a reply is a part of what it is about (RFC 9110 §14). */
export function isPart({ status, headers }: RepliedHead): boolean {
  return status === PARTIAL_CONTENT || headers.has('content-range');
}
