import type { AskedRequest } from '../../asked/asked-request.ts';
import { createSlot, type Slot } from '../../exchange.ts';

/** What was found out of a request before its upstream heard of it. */
export interface KnownBefore {
  /** Whether it was decided then, so that nobody asks the reply. */
  settled: boolean;
  /** The request as it was asked; null where nobody has. */
  asked: AskedRequest | null;
}

/** Where nobody has asked, the reply decides. */
export const KNOWN_BEFORE: Slot<KnownBefore> = createSlot('known of the object', () => ({
  settled: false,
  asked: null,
}));
