import type { FromWriter, LedgerChannel, ToWriter } from './protocol.ts';
import { RingConsumer, type RingMark } from './record-ring.ts';

/** Somebody who appends records, as the writer sees it. */
export class Producer {
  readonly ring: RingConsumer;
  /** To be called when it is gone and nothing of it is left. */
  readonly released: () => void;
  readonly #channel: LedgerChannel<FromWriter, ToWriter>;
  /** It waits to hear what is safe. */
  #flushes = false;
  #safe = 0;
  #mark: RingMark;
  #marked = 0;

  constructor(channel: LedgerChannel<FromWriter, ToWriter>, ring: SharedArrayBuffer, released: () => void) {
    this.#channel = channel;
    this.released = released;
    this.ring = new RingConsumer(ring);
    this.#mark = this.ring.taken;
  }

  /** What was taken by now is what the next `acknowledge` is about. */
  mark(): void {
    this.#marked += (this.ring.taken.records - this.#mark.records) | 0;
    this.#mark = this.ring.taken;
  }

  /** All up to the mark is safe. */
  acknowledge(): void {
    this.ring.release(this.#mark);
    this.#safe = this.#marked;
  }

  /** What was not acknowledged is to be taken again. */
  rewind(): void {
    this.ring.rewind();
    this.#mark = this.ring.taken;
    this.#marked = this.#safe;
  }

  flush(): void {
    this.#flushes = true;
  }

  /** Says what is safe, if it wants to know. */
  report(): void {
    if (!this.#flushes) return;
    this.#channel.send({ kind: 'acknowledged', records: this.#safe });
    this.#flushes = this.ring.unreleased > 0;
  }

  /** Gives what it lacks out of `freeBytes`; gives how much that was. */
  grant(freeBytes: number): number {
    const bytes = this.ring.grant(freeBytes);
    if (bytes > 0) this.#tellRoom();
    return bytes;
  }

  halt(halted: boolean): void {
    this.ring.halt(halted);
    if (!halted) this.#tellRoom();
  }

  #tellRoom(): void {
    if (this.ring.wantsWord()) this.#channel.send({ kind: 'room' });
  }
}
