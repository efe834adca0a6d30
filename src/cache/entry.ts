import type { Link } from './eviction.ts';
import type { CacheKey, Stored, StoredHead, Usage } from './types.ts';

/** What an entry takes besides its texts: objects, places in maps and lists. Measured, and rounded up. */
const ENTRY_BYTES = 2_048;
/** A character may take two bytes, and a head is held as text and as places in it. */
const CHARACTER_BYTES = 2;
const FIELD_BYTES = 32;

/** What entries of one place have in common. */
export class Place {
  /** Goes up when what lies there is no longer good. */
  generation = 0;
  entries = 0;
}

/** A stored reply, where it lies, and its place in the queues. */
export class Entry<H extends StoredHead> implements Stored<H>, Link<Entry<H>> {
  readonly key: CacheKey;
  readonly head: H;
  readonly body: Buffer | string;
  readonly usage: Usage;
  readonly bytes: number;
  /** What of that lies on the heap: all but a body of octets. */
  readonly heapBytes: number;
  readonly hash: number;
  #place: Place | null = null;
  #generation = 0;
  uses = 0;
  queue: 'none' | 'new' | 'proven' = 'none';
  newer: Entry<H> | null = null;
  older: Entry<H> | null = null;

  constructor(key: CacheKey, head: H, body: Buffer | string, usage: Usage) {
    this.key = key;
    this.head = head;
    this.body = body;
    this.usage = usage;
    const besides = bytesOf(key, head, usage);
    this.bytes = besides + body.length;
    this.heapBytes = typeof body === 'string' ? this.bytes : besides;
    this.hash = hashOf(key);
  }

  /** Notes where it was put, and that it is good from now on. */
  settle(place: Place): void {
    this.#place = place;
    this.#generation = place.generation;
  }

  /** Whether it was declared no good since it was put there. */
  get isDead(): boolean {
    return this.#place !== null && this.#place.generation !== this.#generation;
  }
}

function bytesOf(key: CacheKey, head: StoredHead, { selection }: Usage): number {
  let characters = key.place.length + key.whole.length + (selection.steering ?? '').length;
  for (const name of selection.names) characters += name.length;
  for (const value of selection.values) characters += (value ?? '').length;
  let fields = 0;
  for (const [name, value] of head.fields.entries()) {
    fields += 1;
    characters += name.length + value.length;
  }
  return ENTRY_BYTES + characters * CHARACTER_BYTES + fields * FIELD_BYTES;
}

/** FNV-1a over a key. Keys that share one only share what is remembered of having been thrown out. */
function hashOf({ whole }: CacheKey): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < whole.length; at++) hash = Math.imul(hash ^ whole.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
