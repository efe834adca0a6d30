/** What a producer of records tells the writer. */
export type ToWriter =
  | {
      /** Records in their order, each one line of JSON with its line break; `bytes` is the credit they were taken on. */
      readonly kind: 'batch';
      readonly text: string;
      readonly records: number;
      readonly bytes: number;
    }
  /** Somebody waits: do not gather any longer. */
  | { readonly kind: 'flush' };

/** What the writer tells a producer. */
export type FromWriter =
  /** More reserved space, in bytes. */
  | { readonly kind: 'grant'; readonly bytes: number }
  /** So many more of this producer's records are safe on the disk. */
  | { readonly kind: 'acknowledged'; readonly records: number }
  /** The file can't be written: what was granted is worth nothing until `resume`. */
  | { readonly kind: 'halt' }
  | { readonly kind: 'resume' };

/** One end of the way between a producer and the writer. Messages arrive in their order, or the way is closed. */
export interface LedgerChannel<Out, In> {
  send(message: Out): void;
  /** Called once, before the first message arrives. */
  receive(take: (message: In) => void, closed: () => void): void;
  close(): void;
}
