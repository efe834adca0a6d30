import { type CallClient, mayHoldMore, mostToHold, networkOfClient } from './network-shares.ts';

/** A call that may have to wait. */
export interface WaitingCall {
  readonly client: CallClient;
  /** When it began to wait, in milliseconds of the monotonic clock. */
  readonly sinceMs: number;
}

/** Beyond so much of the queue a network's calls make it no fuller for others: it takes more than a few to keep all out. */
const COUNTED_SHARE = 1 / 16;

/**
 * Calls that wait for a place at an upstream. Client networks take turns, and those of one are served in order, so that
 * many calls of one network do not stand before those of another; nor does any network take all places of the queue.
 */
export class WaitingCalls<Call extends WaitingCall> {
  readonly #limit: number;
  /** The one whose turn is next stands first; none of them is empty. */
  readonly #lines = new Map<string, Call[]>();
  readonly #countedOfOne: number;
  #size = 0;
  /** Those that make the queue fuller for everybody. */
  #counted = 0;

  /** `limit`: calls that may wait at once. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#countedOfOne = Math.max(1, limit * COUNTED_SHARE);
  }

  get size(): number {
    return this.#size;
  }

  /**
   * How much a client finds taken, from 0 to 1, where it has no place any more: of those that its network may have, or of
   * all, where no network counts for more than a sixteenth. So a few that are greedy let nobody else find it full.
   */
  shareOf(client: CallClient): number {
    if (this.#size === 0) return 0;
    const free = this.#limit - this.#size;
    if (free <= 0) return 1;
    const held = this.#lines.get(networkOfClient(client))?.length ?? 0;
    return Math.min(1, Math.max(this.#counted / this.#limit, held / mostToHold(free)));
  }

  /** Adds a call. False where there is no place for one more, or none for its network. */
  add(call: Call): boolean {
    const network = networkOfClient(call.client);
    const line = this.#lines.get(network);
    if (!mayHoldMore(line === undefined ? 0 : line.length, this.#limit - this.#size)) return false;
    if (line === undefined) this.#lines.set(network, [call]);
    else line.push(call);
    this.#added(line?.length ?? 1);
    return true;
  }

  /** Adds a call that had its place before, ahead of all others of its network. */
  addFirst(call: Call): void {
    const network = networkOfClient(call.client);
    const line = this.#lines.get(network);
    if (line === undefined) this.#lines.set(network, [call]);
    else line.unshift(call);
    this.#added(line?.length ?? 1);
  }

  /** The call whose turn it is, of those whose client may begin one; it goes on waiting. */
  first(mayBegin: (client: CallClient) => boolean): Call | null {
    for (const [call] of this.#lines.values()) if (call !== undefined && mayBegin(call.client)) return call;
    return null;
  }

  /** Takes a call out because it begins: then it is another network's turn. */
  begin(call: Call): void {
    const network = networkOfClient(call.client);
    const line = this.#lines.get(network);
    this.remove(call);
    if (line === undefined || line.length === 0) return;
    this.#lines.delete(network);
    this.#lines.set(network, line);
  }

  /** Takes a call out, where it is here. */
  remove(call: Call): void {
    const network = networkOfClient(call.client);
    const line = this.#lines.get(network);
    const at = line === undefined ? -1 : line.indexOf(call);
    if (line === undefined || at < 0) return;
    line.splice(at, 1);
    this.#size--;
    if (line.length + 1 <= this.#countedOfOne) this.#counted--;
    if (line.length === 0) this.#lines.delete(network);
  }

  /** Takes out all that began to wait before this moment. */
  takeOlder(thanMs: number): readonly Call[] {
    return this.#take(({ sinceMs }) => sinceMs < thanMs);
  }

  /** Takes out all. */
  takeAll(): readonly Call[] {
    return this.#take(() => true);
  }

  #added(lineLength: number): void {
    this.#size++;
    if (lineLength <= this.#countedOfOne) this.#counted++;
  }

  #take(isTaken: (call: Call) => boolean): readonly Call[] {
    const taken = [...this.#lines.values()].flatMap((line) => line.filter(isTaken));
    for (const call of taken) this.remove(call);
    return taken;
  }
}
