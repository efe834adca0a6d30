import type { HeaderMap } from '../wire/index.ts';

/** Fields that the gateway itself wrote, names (in lower case) and values in turn, to be read as those of any other reply. */
export class AddedFields implements HeaderMap {
  readonly #added: readonly string[];

  constructor(added: readonly string[]) {
    this.#added = added;
  }

  get size(): number {
    return this.#added.length / 2;
  }

  has(name: string): boolean {
    return hasAdded(this.#added, name);
  }

  get(name: string): string | null {
    const values = this.all(name);
    return values.length === 0 ? null : values.join(', ');
  }

  all(name: string): readonly string[] {
    return [...this.entries()].flatMap(([entry, value]) => (entry === name ? [value] : []));
  }

  *entries(): IterableIterator<readonly [string, string]> {
    for (let at = 0; at < this.#added.length; at += 2) yield [this.#added[at] as string, this.#added[at + 1] as string];
  }
}

/** Whether names and values in turn hold this name. */
export function hasAdded(added: readonly string[], name: string): boolean {
  for (let at = 0; at < added.length; at += 2) if (added[at] === name) return true;
  return false;
}
