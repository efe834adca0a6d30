/** How a stream was closed: by its last frame, by RST_STREAM of either side, or before anything was done with it. */
export type ClosedHow = 'ended' | 'reset-by-peer' | 'reset-by-us' | 'refused';

const WAYS: readonly ClosedHow[] = ['ended', 'reset-by-peer', 'reset-by-us', 'refused'];
/** So many numbers are told apart by where they stand in the ring; the rest of a number stands in the word. */
const RING_BITS = 8;
const WAY_BITS = 2;

/**
 * The streams that a client has opened on one connection (RFC 9113 §5.1.1), and how the last 256 of the others were closed:
 * what a late frame means depends on it.
 */
export class StreamTable<Stream> {
  #limit: number;
  readonly #open = new Map<number, Stream>();
  /** One word a number, in the place of its lowest bits: the rest of it and the way, plus one; 0: nothing yet. Made when it is needed first. */
  #ring: Uint32Array | null = null;
  #lastId = 0;

  /** `limit`: streams open at once. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Whether no stream may be opened now (§5.1.2). */
  get isFull(): boolean {
    return this.#open.size >= this.#limit;
  }

  /** From here on so many may be open at once; those that are open stay so. */
  restrict(limit: number): void {
    this.#limit = limit;
  }

  /** The highest number there was, refused streams included; 0 before any. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Opens a stream with a number above all before it. */
  open(id: number, stream: Stream): void {
    if (id <= this.#lastId || this.isFull) throw new Error('a stream that may not be opened was');
    this.#lastId = id;
    this.#open.set(id, stream);
  }

  /** An open stream, or undefined. */
  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  /** Forgets a stream and notes how it was closed; so too one that was never opened because it was refused. */
  close(id: number, how: ClosedHow): void {
    this.#open.delete(id);
    if (id > this.#lastId) this.#lastId = id;
    this.#ring ??= new Uint32Array(1 << RING_BITS);
    this.#ring[placeOf(id)] = wordOf(id, WAYS.indexOf(how));
  }

  /**
   * How a stream that is not open was closed. `idle`: its number is above all before it; `unknown`: it was closed long ago,
   * or its number was left out, which has closed it too (§5.1.1).
   */
  howClosed(id: number): ClosedHow | 'idle' | 'unknown' {
    if (id > this.#lastId) return 'idle';
    const word = this.#ring === null ? 0 : (this.#ring[placeOf(id)] as number);
    const way = WAYS[(word - 1) & ((1 << WAY_BITS) - 1)];
    return word !== 0 && way !== undefined && word === wordOf(id, WAYS.indexOf(way)) ? way : 'unknown';
  }

  /** The open streams in the order of their numbers. They may be closed meanwhile. */
  [Symbol.iterator](): Iterator<Stream> {
    return this.#open.values();
  }
}

/** The lowest bit tells nothing: clients use odd numbers. */
function placeOf(id: number): number {
  return (id >>> 1) & ((1 << RING_BITS) - 1);
}

function wordOf(id: number, way: number): number {
  const rest = ((id >>> (RING_BITS + 1)) << 1) | (id & 1);
  return (rest << WAY_BITS) + way + 1;
}
