import { createSlot, type Exchange, type Slot } from './exchange.ts';
import type { OwnReply } from './verdict.ts';

/** As many contexts are asked for at once: they stand in a header field, and in a URL. */
export const ACR_VALUES_LIMIT = 16;
/** As many characters each of them has. */
export const ACR_LENGTH_LIMIT = 200;

/** What a client is told to sign in with again (RFC 9470 §3). */
export interface StepUp {
  /** Authentication contexts of which one is asked for, the preferred one first; empty where any will do. */
  readonly acrValues: readonly string[];
  /** How old the sign-in may be, in seconds; null where that does not matter. */
  readonly maxAgeS: number | null;
}

/** How a caller is sent to sign in again in place of a refusal. */
export interface StepUpOffer {
  /**
   * What answers the request so that its caller signs in as is asked for; null where it is to be refused as any other:
   * for a request that no page is shown for, or where the caller has just done so and it was not enough.
   */
  answer: ((exchange: Exchange, wanted: StepUp) => OwnReply | null) | null;
}

/** Filled by a step of `authenticate` whose callers can be sent to sign in; `assurance` asks it before it refuses. */
export const stepUpOffer: Slot<StepUpOffer> = createSlot('step-up offer', () => ({ answer: null }));
