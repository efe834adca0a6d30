import type { Names } from '../../../openapi/index.ts';

/** So many places of one reply are told. */
const PLACE_LIMIT = 10;
/** A rule is cut here: the record needs to tell places apart, not to hold essays. */
const RULE_LENGTH = 200;

/** What was taken out of one reply, in words that may be recorded: the description's names, places and numbers, no values. */
export class TakenFields {
  readonly #names: Pick<Names, 'has'>;
  readonly #places = new Set<string>();
  count = 0;

  /** A name that is none of these was made up by the upstream, and is told as `*`. */
  constructor(names: Pick<Names, 'has'>) {
    this.#names = names;
  }

  /** Notes one more. */
  readonly note = (path: readonly string[]): void => {
    this.count++;
    if (this.#places.size >= PLACE_LIMIT) return;
    this.#places.add(path.map((name) => (this.#names.has(name) ? name : '*')).join('.'));
  };

  /** Where they were; the first of them. */
  get places(): string {
    return [...this.#places].join(', ');
  }

  /** The rule with this id, what it took out, and how many there were. */
  ruleFor(id: string): string {
    return `${id} ${this.count}: ${this.places}`.slice(0, RULE_LENGTH);
  }
}
