import { createSlot, type Slot } from '../../exchange.ts';

/** Where the owner of an object is told from. Only rehearsals say another thing than `service`. */
export interface GivenOwner {
  /** `given`: `value` is the answer, null for that there is no such object. `nobody`: no one is there to be asked. */
  from: 'service' | 'given' | 'nobody';
  value: unknown;
  /** Whether it was wanted where nobody was there: then nothing was decided. */
  missed: boolean;
}

/** Traffic asks the service. */
export const GIVEN_OWNER: Slot<GivenOwner> = createSlot('given owner', () => ({
  from: 'service',
  value: null,
  missed: false,
}));
