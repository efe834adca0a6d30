/** What a producer of records tells the writer; the records themselves go by their ring. */
export type ToWriter =
  /** Records have come, and the writer was asleep; or they come fast. */
  | { readonly kind: 'wake' }
  /** Somebody waits until all that was appended is safe. */
  | { readonly kind: 'flush' };

/** What the writer tells a producer. */
export type FromWriter =
  /** There is new credit, or it is worth something again. Only those hear of it who asked. */
  | { readonly kind: 'room' }
  /** So many of this producer's records are safe on the disk, since the beginning. Only those hear of it who flush. */
  | { readonly kind: 'acknowledged'; readonly records: number };

/** One end of the way between a producer and the writer. Messages arrive in their order, or the way is closed. */
export interface LedgerChannel<Out, In> {
  send(message: Out): void;
  /** Called once, before the first message arrives. */
  receive(take: (message: In) => void, closed: () => void): void;
  close(): void;
}
