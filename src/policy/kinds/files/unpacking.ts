import {
  type ArchiveFault,
  archiveFault,
  type ArchiveLimits,
  type SentArchive,
  type Turns,
} from '../../../body/index.ts';

/** Requests whose archives may wait for their turn in a thread. */
const WAITING_LIMIT = 32;
/** Of these one address has at most so many. */
const OWN_LIMIT = 8;

/** Whose archives these are, and whether somebody still waits for the answer. */
export interface Requester {
  readonly address: string;
  readonly turns: Turns;
  wanted(): boolean;
}

/**
 * Opens archives, one at a time in each thread: however many come at once, unpacking takes at most one thread of Node's
 * pool and the memory of one archive. Those that wait have a bound, of which nobody takes all.
 */
export class Unpacking {
  readonly #waiting = new Map<string, number>();
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** What is wrong with an archive; `busy` where too many wait or nobody does any more. Never rejected but for a bug. */
  async open(archive: SentArchive, limits: ArchiveLimits, requester: Requester): Promise<ArchiveFault | 'busy' | null> {
    const { address } = requester;
    const own = this.#waiting.get(address) ?? 0;
    if (this.#count >= WAITING_LIMIT || own >= OWN_LIMIT) return 'busy';
    this.#count++;
    this.#waiting.set(address, own + 1);
    const work = this.#last.then(async () => await openNow(archive, limits, requester));
    this.#last = work.catch(() => null);
    try {
      return await work;
    } finally {
      this.#count--;
      const left = (this.#waiting.get(address) ?? 1) - 1;
      if (left > 0) this.#waiting.set(address, left);
      else this.#waiting.delete(address);
    }
  }
}

async function openNow(
  archive: SentArchive,
  limits: ArchiveLimits,
  requester: Requester,
): Promise<ArchiveFault | 'busy' | null> {
  const wanted = (): boolean => requester.wanted();
  return wanted() ? await archiveFault(archive, limits, { wanted, turns: requester.turns }) : 'busy';
}
