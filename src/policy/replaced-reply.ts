import { createSlot, type Slot } from './exchange.ts';

/**
 * Whether a policy has put words of its own in the place of what the upstream said: then no description of the upstream's
 * words is about them.
 */
export const REPLACED_REPLY: Slot<{ value: boolean }> = createSlot('replaced reply', () => ({ value: false }));

/** Whether a policy has made of the upstream's words what its entity tag does not name. */
export const UNTAGGED_REPLY: Slot<{ value: boolean }> = createSlot('untagged reply', () => ({ value: false }));
