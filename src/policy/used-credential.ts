import { createSlot, type Slot } from './exchange.ts';

/**
 * The fields of the request that bore a credential which was judged, in lower case, where they must not go upstream. Null
 * where there was none, or the API lets credentials through.
 */
export interface UsedCredential {
  header: string | null;
  /** A field that belongs to it: the proof of who holds a token. */
  besides: string | null;
}

/** Set by a step of `authenticate` as soon as it sees a credential of its kind, whatever becomes of it. */
export const usedCredential: Slot<UsedCredential> = createSlot('used credential', () => ({
  header: null,
  besides: null,
}));
