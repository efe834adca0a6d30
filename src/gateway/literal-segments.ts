/** What is kept for literal segments, found where they stand in a path, without a text being cut out of it. */
export class LiteralSegments<V> {
  /** By a number made of their characters. Those few that share one follow each other. */
  readonly #byNumber = new Map<number, Entry<V>>();
  #longest = 0;

  /** What is kept for the segment of `path` from `from` to `end`, or undefined. */
  find(path: string, from: number, end: number): V | undefined {
    if (end - from > this.#longest) return undefined;
    let entry = this.#byNumber.get(numberOf(path, from, end)) ?? null;
    while (entry !== null && !(entry.text.length === end - from && path.startsWith(entry.text, from)))
      entry = entry.next;
    return entry === null ? undefined : entry.value;
  }

  get(text: string): V | undefined {
    return this.find(text, 0, text.length);
  }

  /** Keeps something for a segment that nothing is kept for yet. */
  add(text: string, value: V): void {
    const number = numberOf(text, 0, text.length);
    this.#byNumber.set(number, { text, value, next: this.#byNumber.get(number) ?? null });
    this.#longest = Math.max(this.#longest, text.length);
  }
}

interface Entry<V> {
  readonly text: string;
  readonly value: V;
  readonly next: Entry<V> | null;
}

/** A map looks a text that was cut out of a head up among all texts first, which costs more than this. */
function numberOf(text: string, from: number, end: number): number {
  let number = end - from;
  for (let at = from; at < end; at++) number = (Math.imul(number, FACTOR) + text.charCodeAt(at)) & SMALL;
  return number;
}

/** An odd number, so that no character's weight is lost. */
const FACTOR = 0x2f0b_4a27;
/** Numbers up to this need no object of their own. */
const SMALL = 0x3fff_ffff;
