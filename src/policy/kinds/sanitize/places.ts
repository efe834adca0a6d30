import type { JsonValue, TextsToReplace } from '../../../body/index.ts';
import type { SanitizeRules, TextAction } from './config.ts';
import type { HtmlBudget } from './html.ts';
import type { TextCleaner } from './text-cleaner.ts';

/** A place in a body: its names from the outermost on, null for any. */
type Path = readonly (string | null)[];

/** What is cleaned at a place, and below it. */
interface Cleaned {
  readonly path: Path;
  readonly actions: readonly TextAction[];
}

/** What came of cleaning: nothing to do, texts that are to be replaced, or the place of one that can't be cleaned. */
export type Cleaning<T> =
  | { readonly kind: 'clean' }
  | { readonly kind: 'changed'; readonly texts: T; readonly place: string }
  | { readonly kind: 'failed'; readonly place: string };

const CLEAN = { kind: 'clean' } as const;

/** Makes the one cleaner that stands for several lists of actions. */
export type MakeCleaner = (actions: readonly TextAction[]) => TextCleaner;

/** Sets of places that were met together, each with its cleaner; more than any configuration makes. */
const SETS_LIMIT = 256;

/** The places of a body whose texts are cleaned. */
export class Places {
  readonly #all: readonly Cleaned[];
  readonly #make: MakeCleaner;
  readonly #cleaners = new Map<string, TextCleaner>();

  constructor(body: SanitizeRules['body'], make: MakeCleaner) {
    this.#all = Object.entries(body).map(([pointer, actions]) => ({ path: pathOf(pointer), actions }));
    this.#make = make;
  }

  /** What is to be replaced of a JSON value that stands below these names. */
  json(value: JsonValue, budget: HtmlBudget, names: readonly string[] = []): Cleaning<TextsToReplace> {
    const walk = new JsonWalk((matched) => this.#cleanerFor(matched), budget);
    walk.below(
      value,
      this.#all.filter(({ path }) => names.every((name, depth) => meets(path, depth, name))),
      names.length,
    );
    if (walk.failed !== null) return { kind: 'failed', place: this.#nameOf(walk.failed) };
    if (walk.first === null) return CLEAN;
    return { kind: 'changed', texts: walk.texts, place: this.#nameOf(walk.first) };
  }

  /** What cleans the text of a field with this name, and the place that says so; null where nothing is. */
  field(name: string): { readonly clean: TextCleaner; readonly place: string } | null {
    const names = namesOf(name);
    const matched = this.#all.filter(({ path }) => isAtOrBelow(path, names));
    return matched.length === 0 ? null : { clean: this.#cleanerFor(matched), place: this.#nameOf(matched) };
  }

  /** Whether a place names this field itself, or what is in it, and not only any. */
  isNamed(name: string): boolean {
    const [first] = namesOf(name);
    return this.#all.some(({ path }) => path[0] === first);
  }

  /** A place that lies in what this field holds, and names it; null where none does. */
  within(name: string): string | null {
    const names = namesOf(name);
    const place = this.#all.find(
      ({ path }) =>
        path.length > names.length &&
        path[0] === names[0] &&
        names.every((each, at) => path[at] === null || path[at] === each),
    );
    return place === undefined ? null : pointerOf(place.path);
  }

  #cleanerFor(matched: readonly Cleaned[]): TextCleaner {
    const key = matched.map((each) => this.#all.indexOf(each)).join(' ');
    const known = this.#cleaners.get(key);
    if (known !== undefined) return known;
    const made = this.#make(matched.flatMap(({ actions }) => actions));
    if (this.#cleaners.size < SETS_LIMIT) this.#cleaners.set(key, made);
    return made;
  }

  /** A place as the configuration writes it, for records: names that a client sent are never in it. */
  #nameOf(matched: readonly Cleaned[]): string {
    return matched[0] === undefined ? '' : pointerOf(matched[0].path);
  }
}

/** One walk over a value, with the places that may still be met and those that were. */
class JsonWalk {
  readonly #cleanerFor: (matched: readonly Cleaned[]) => TextCleaner;
  readonly #budget: HtmlBudget;
  readonly texts = new Map<object, Map<string, string>>();
  /** What was met where the first text changed, or could not be cleaned. */
  first: readonly Cleaned[] | null = null;
  failed: readonly Cleaned[] | null = null;

  constructor(cleanerFor: (matched: readonly Cleaned[]) => TextCleaner, budget: HtmlBudget) {
    this.#cleanerFor = cleanerFor;
    this.#budget = budget;
  }

  /** `places` are those whose first `depth` names are met. */
  below(value: JsonValue | undefined, places: readonly Cleaned[], depth: number): void {
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
    const alive = clean === null ? places.filter(({ path }) => meets(path, depth, name)) : met;
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
  readonly places: readonly Cleaned[];
  readonly depth: number;
  readonly met: readonly Cleaned[];
  /** What cleans all texts here; null where that differs by name. */
  readonly clean: TextCleaner | null;
}

function meets(path: Path, depth: number, name: string): boolean {
  const wanted = path[depth];
  return wanted === undefined || wanted === null || wanted === name;
}

function isAtOrBelow(path: Path, names: readonly string[]): boolean {
  return path.length <= names.length && path.every((wanted, at) => wanted === null || wanted === names[at]);
}

/**
 * What a name of a form stands for: servers make of `a[b][]` what JSON says as `{"a": {"b": […]}}`, so what is cleaned as
 * the one is cleaned as the other.
 */
export function namesOf(name: string): readonly string[] {
  const text = name.trimStart();
  const open = text.indexOf('[');
  if (open <= 0) return [text];
  return [text.slice(0, open), ...text.slice(open + 1).split(/\]?\[|\]$/)];
}

/** A JSON Pointer as names, null for `*`. The configuration has read it. */
function pathOf(pointer: string): Path {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((name) => (name === '*' ? null : name.replaceAll('~1', '/').replaceAll('~0', '~')));
}

function pointerOf(path: Path): string {
  return path.map((name) => `/${name === null ? '*' : name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
