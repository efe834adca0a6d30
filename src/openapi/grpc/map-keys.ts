import type { MessageType } from './message-types.ts';
import type { WireReader } from './wire-reader.ts';

const KEY = 1;

/** The keys of the maps of all messages that are open. */
export class MapKeys {
  /** By the slot of the map. */
  readonly #maps = new Map<number, Set<string>>();

  /** False where the map with this slot has the key already. */
  add(slot: number, key: string): boolean {
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

/**
 * The key of a map's entry as text, told apart by its octets: each key has one way to be written. One that is left out is
 * the key of nothing, which may also stand there as zero.
 */
export function keyOf(reader: WireReader, entry: MessageType, from: number, last: number): string {
  if (!reader.find(KEY, from, last)) return '';
  const field = entry.field(KEY);
  const isText = field?.wire === 2;
  const end = isText ? reader.lengthEnd(last) : -1;
  const start = reader.at;
  if (field !== undefined && !isText) reader.skipValue(KEY, field.wire, last, 0);
  const octets = Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + start, (isText ? end : reader.at) - start);
  if (!isText && octets.every((octet) => octet === 0)) return '';
  return octets.toString('latin1');
}
