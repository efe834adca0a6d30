import type { MessageType } from './message-types.ts';
import type { WireReader } from './wire-reader.ts';

const KEY = 1;

/** The keys of the maps of all messages that are open. */
export class MapKeys {
  /** By the slot of the map. */
  readonly #maps = new Map<number, Set<string | number>>();

  /** False where the map with this slot has the key already. */
  add(slot: number, key: string | number): boolean {
    const known = this.#maps.get(slot);
    if (known === undefined) {
      this.#maps.set(slot, new Set([key]));
      return true;
    }
    const before = known.size;
    known.add(key);
    return known.size > before;
  }

  /** The message is over whose map that was. */
  close(slot: number): void {
    this.#maps.delete(slot);
  }
}

/** The key of a map's entry. One that is left out is zero or nothing, and may also stand there as such. */
export function keyOf(reader: WireReader, entry: MessageType, from: number, last: number): string | number {
  const isThere = reader.find(KEY, from, last);
  switch (entry.field(KEY)?.wire) {
    case 2: {
      const end = isThere ? reader.lengthEnd(last) : reader.at;
      return isThere ? reader.bytes.toString('latin1', reader.at, end) : '';
    }
    case 0:
      return isThere && reader.varint(last) ? numberKey(reader.low, reader.high) : 0;
    case 5:
      return isThere ? reader.bytes.readUInt32LE(reader.at) : 0;
    case 1:
      return isThere ? numberKey(reader.bytes.readUInt32LE(reader.at), reader.bytes.readUInt32LE(reader.at + 4)) : 0;
    case 3:
    case undefined:
      throw new Error(`a map whose keys are none: ${entry.name}`);
  }
}

/** Beyond 2^32 as text: a number would not hold all of them. */
function numberKey(low: number, high: number): string | number {
  return high === 0 ? low : `${high}:${low}`;
}
