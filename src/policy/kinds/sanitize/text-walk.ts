import type { JsonValue } from '../../../body/index.ts';
import type { TextAction } from './config.ts';
import type { HtmlBudget } from './html.ts';
import type { TextCleaner } from './text-cleaner.ts';

/** A place in a body: its names from the outermost on, null for any. */
export type Path = readonly (string | null)[];

/** What is cleaned at a place, and below it. */
export interface Cleaned {
  readonly path: Path;
  readonly actions: readonly TextAction[];
  /** The place as the configuration writes it. */
  readonly called: string;
}

/** A place that may be met. */
export interface Sought {
  /** The place, as seen from where the walk begins. */
  readonly path: Path;
  readonly place: Cleaned;
}

/** One walk over a value of JSON, with the places that may still be met and those that were. */
export class TextWalk {
  readonly #cleanerFor: (matched: readonly Sought[]) => TextCleaner;
  readonly #budget: HtmlBudget;
  /** What takes the place of texts. */
  readonly texts = new Map<object, Map<string, string>>();
  /** What was met where the first text changed, or could not be cleaned. */
  first: readonly Sought[] | null = null;
  failed: readonly Sought[] | null = null;

  constructor(cleanerFor: (matched: readonly Sought[]) => TextCleaner, budget: HtmlBudget) {
    this.#cleanerFor = cleanerFor;
    this.#budget = budget;
  }

  /** `places` are those whose first `depth` names are met. */
  below(value: JsonValue | undefined, places: readonly Sought[], depth = 0): void {
    if (typeof value !== 'object' || value === null || places.length === 0) return;
    const met = places.filter(({ path }) => path.length <= depth);
    // Below a place all is cleaned alike, but where another place lies deeper.
    const clean = met.length < places.length ? null : this.#cleanerFor(met);
    const standing = { places, depth, met, clean };
    for (const name of Object.keys(value)) {
      if (this.failed !== null) return;
      this.#member({ of: value, name, value: (value as Readonly<Record<string, JsonValue>>)[name] }, standing);
    }
  }

  #member({ of, name, value }: Member, { places, depth, met, clean }: Standing): void {
    const alive = clean === null ? places.filter(({ path }) => meets(path[depth], name)) : met;
    if (typeof value !== 'string') {
      this.below(value, alive, depth + 1);
      return;
    }
    const here = clean === null ? alive.filter(({ path }) => path.length <= depth + 1) : met;
    if (here.length === 0) return;
    const cleaned = (clean ?? this.#cleanerFor(here))(value, this.#budget);
    if (cleaned === null) this.failed = here;
    if (cleaned === null || cleaned === value) return;
    this.first ??= here;
    const own = this.texts.get(of);
    if (own === undefined) this.texts.set(of, new Map([[name, cleaned]]));
    else own.set(name, cleaned);
  }
}

interface Member {
  readonly of: object;
  readonly name: string;
  readonly value: JsonValue | undefined;
}

interface Standing {
  readonly places: readonly Sought[];
  readonly depth: number;
  readonly met: readonly Sought[];
  /** What cleans all texts here; null where that differs by name. */
  readonly clean: TextCleaner | null;
}

function meets(wanted: string | null | undefined, name: string): boolean {
  return wanted === undefined || wanted === null || wanted === name;
}
