import type { FromWriter, LedgerChannel, ToWriter } from './protocol.ts';

/** Records that came together, on their way to the disk. */
export interface Batch {
  readonly producer: Producer;
  /** Each record with its line break. */
  readonly text: string;
  readonly records: number;
  readonly bytes: number;
}

/** Somebody who appends records, as the writer sees it. */
export class Producer {
  readonly #channel: LedgerChannel<FromWriter, ToWriter>;
  readonly #windowBytes: number;
  /** Granted, and not spent yet. */
  #outstandingBytes = 0;

  /** `windowBytes`: what it may have unspent at most. */
  constructor(channel: LedgerChannel<FromWriter, ToWriter>, windowBytes: number) {
    this.#channel = channel;
    this.#windowBytes = windowBytes;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  get outstandingBytes(): number {
    return this.#outstandingBytes;
  }

  spend(bytes: number): void {
    this.#outstandingBytes -= bytes;
  }

  /** Grants what it lacks out of `freeBytes`; nothing where that is less than a quarter of its window, so that grants stay rare. Gives what it granted. */
  grant(freeBytes: number): number {
    const bytes = Math.min(this.#windowBytes - this.#outstandingBytes, freeBytes);
    if (bytes < this.#windowBytes / 4) return 0;
    this.#outstandingBytes += bytes;
    this.#channel.send({ kind: 'grant', bytes });
    return bytes;
  }

  tell(message: FromWriter): void {
    this.#channel.send(message);
  }
}
