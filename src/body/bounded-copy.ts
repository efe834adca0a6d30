/** The beginning of a stream, kept while the stream itself goes on undelayed. */
export interface BoundedCopy {
  /** Takes note of the stream's next bytes. They are copied as far as there is room, so their memory may be used again. */
  add(chunk: Uint8Array): void;
  /** The first bytes of the stream, up to the limit. What was handed out stays as it is; a later call may hold more. */
  bytes(): Uint8Array;
  /** Whether bytes have passed that were not kept. */
  readonly truncated: boolean;
  /** How many bytes have passed, kept or not. */
  readonly total: number;
}

// Most bodies end within this, and the doubling from here to a limit of megabytes is a dozen copies.
const FIRST_BYTES = 1024;

/**
 * A copy of at most the first `limitBytes` bytes of a stream. It takes memory as bytes come: never more than twice what
 * is kept, nor more than the limit, besides what an earlier `bytes()` still holds.
 */
export function createBoundedCopy(limitBytes: number): BoundedCopy {
  let store = new Uint8Array(0);
  let kept = 0;
  let total = 0;
  const reserve = (wanted: number): void => {
    if (wanted <= store.length) return;
    const larger = new Uint8Array(Math.min(limitBytes, Math.max(wanted, FIRST_BYTES, store.length * 2)));
    larger.set(store.subarray(0, kept));
    store = larger;
  };
  return {
    add(chunk) {
      total += chunk.length;
      const room = Math.min(limitBytes - kept, chunk.length);
      if (room === 0) return;
      reserve(kept + room);
      store.set(room === chunk.length ? chunk : chunk.subarray(0, room), kept);
      kept += room;
    },
    bytes: () => store.subarray(0, kept),
    get truncated() {
      return total > kept;
    },
    get total() {
      return total;
    },
  };
}
