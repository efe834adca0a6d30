import { createSlot } from './exchange.ts';

/** One operation that a body names, and how often it is asked for: each time counts as a call. */
export interface AskedOperation {
  readonly name: string;
  readonly count: number;
}

/**
 * What the step that read a body found it to ask for, by the names of operations of the same API. Null until then; a
 * request of which nobody said it is refused.
 */
export const ASKED_OPERATIONS = createSlot<{ value: readonly AskedOperation[] | null }>('asked-operations', () => ({
  value: null,
}));
