/** What a thread and the control side may tell each other: plain data, which keeps its shape from thread to thread. */
export type Told =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Told[]
  | { readonly [name: string]: Told | undefined };

/** A thread's way to what only the control side knows, such as sessions. Subjects are names that both sides agree on. */
export interface Desk {
  /**
   * Asks, and resolves with the answer within `limitMs` of milliseconds, 5 s if nothing is said. Null where there is
   * none: nobody serves the subject, it was not answered in time, its answer failed, or too much is being asked
   * already. Whoever asks must take that for a refusal.
   */
  ask(subject: string, question: Told, limitMs?: number): Promise<Told>;
  /** Tells, and hears nothing of it. */
  tell(subject: string, notice: Told): void;
  /** Hears what the control side announces to all threads. There is one who hears each subject: the last who said so. */
  heed(subject: string, heard: (notice: Told) => void): void;
}

/** A desk where nobody sits, for whoever only builds and rehearses: nothing is answered. */
export const EMPTY_DESK: Desk = {
  ask: async () => await Promise.resolve(null),
  tell() {},
  heed() {},
};
