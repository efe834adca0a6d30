import type { Problem } from '../base/index.ts';
import type { Principal } from './principal.ts';

/** A reply the gateway gives by itself: a preflight answer, a redirect to sign in, a cache hit, maintenance. */
export interface OwnReply {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | string;
}

/** What a step says of a request. `wait` lets the request go on at `untilMs` of the monotonic clock. `rule` names what decided, for the record, and `policy` whose it is, where it is another's than the step's own. */
export type Verdict =
  | { readonly kind: 'pass' }
  | {
      readonly kind: 'deny';
      readonly problem: Problem;
      readonly rule?: string;
      readonly policy?: string;
      /** What else the same step refuses it for: asked for where it only observes, and nowhere else. */
      readonly also?: readonly { readonly problem: Problem; readonly rule: string }[];
    }
  | { readonly kind: 'reply'; readonly response: OwnReply; readonly rule?: string }
  | { readonly kind: 'wait'; readonly untilMs: number };

/**
 * What a step of `authenticate` may say besides: not my kind of credential, or this is who it is. `adjusted` is for what
 * knows more of a caller than its credential says: the one who was identified before, with other rights.
 */
export type AuthenticateVerdict =
  | Verdict
  | { readonly kind: 'abstain' }
  | { readonly kind: 'identified'; readonly principal: Principal }
  | { readonly kind: 'adjusted'; readonly principal: Principal };

/** What a step of `respond` may say besides: the reply goes on, and the record says what it would have been refused for. */
export type ReplyVerdict = Verdict | { readonly kind: 'note'; readonly problem: Problem; readonly rule: string };

/**
 * What cleaning says: the request goes on as it is, or with another query, in canonical form, or with what `body` makes of
 * the bytes of its body. `rule` names what changed first. Or it is refused.
 */
export type CleaningVerdict =
  | Extract<Verdict, { kind: 'pass' | 'deny' }>
  | {
      readonly kind: 'cleaned';
      readonly query?: string;
      readonly body?: (whole: Uint8Array) => Uint8Array;
      readonly rule: string;
    };

/**
 * What a step says of one message of a gRPC call: it goes on as it is, another goes on in its place, or the call ends.
 * `note` lets it go on, and the record says what it would have been refused for.
 */
export type MessageVerdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'replace'; readonly message: Uint8Array }
  | { readonly kind: 'deny' | 'note'; readonly problem: Problem; readonly rule: string };

/** The verdict that lets a request go on; one value, so that passing allocates nothing. */
export const PASS: Extract<Verdict, { kind: 'pass' }> = Object.freeze({ kind: 'pass' });

/** The verdict of an authenticate step that found no credential of its kind. */
export const ABSTAIN: AuthenticateVerdict = Object.freeze({ kind: 'abstain' });

/** A refusal. */
export function deny(problem: Problem, rule?: string): Verdict {
  return rule === undefined ? { kind: 'deny', problem } : { kind: 'deny', problem, rule };
}
