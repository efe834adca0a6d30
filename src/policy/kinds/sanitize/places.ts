import type { FormFields, JsonValue, TextsToReplace } from '../../../body/index.ts';
import type { SanitizeRules, TextAction } from './config.ts';
import type { TextChange } from './text-actions.ts';

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

/** Makes the one change that stands for several lists of actions. */
export type MakeChange = (actions: readonly TextAction[]) => TextChange;

/** Sets of places that were met together, each with its change; more than any configuration makes. */
const SETS_LIMIT = 256;

/** The places of a body whose texts are cleaned. */
export class Places {
  readonly #all: readonly Cleaned[];
  readonly #make: MakeChange;
  readonly #changes = new Map<string, TextChange>();

  constructor(body: SanitizeRules['body'], make: MakeChange) {
    this.#all = Object.entries(body).map(([pointer, actions]) => ({ path: pathOf(pointer), actions }));
    this.#make = make;
  }

  /** What is to be replaced of a JSON value that stands below these names. */
  json(value: JsonValue, names: readonly string[] = []): Cleaning<TextsToReplace> {
    const walk = new JsonWalk((matched) => this.#changeFor(matched));
    walk.below(
      value,
      this.#all.filter(({ path }) => names.every((name, depth) => meets(path, depth, name))),
      names.length,
    );
    if (walk.failed !== null) return { kind: 'failed', place: this.#nameOf(walk.failed) };
    if (walk.first === null) return CLEAN;
    return { kind: 'changed', texts: walk.texts, place: this.#nameOf(walk.first) };
  }

  /** What is to be replaced of a form: all values of the names of which one is. */
  form(fields: FormFields): Cleaning<FormFields> {
    const texts = new Map<string, readonly string[]>();
    let place: string | null = null;
    for (const [name, values] of fields) {
      const change = this.field(name);
      if (change === null) continue;
      const cleaned = values.map(change.change);
      if (!isWhole(cleaned)) return { kind: 'failed', place: change.place };
      if (cleaned.every((text, at) => text === values[at])) continue;
      texts.set(name, cleaned);
      place ??= change.place;
    }
    return place === null ? CLEAN : { kind: 'changed', texts, place };
  }

  /** What is done to the text of a field with this name, and the place that says so; null where nothing is. */
  field(name: string): { readonly change: TextChange; readonly place: string } | null {
    const names = namesOf(name);
    const matched = this.#all.filter(({ path }) => isAtOrBelow(path, names));
    return matched.length === 0 ? null : { change: this.#changeFor(matched), place: this.#nameOf(matched) };
  }

  #changeFor(matched: readonly Cleaned[]): TextChange {
    const key = matched.map((each) => this.#all.indexOf(each)).join(' ');
    const known = this.#changes.get(key);
    if (known !== undefined) return known;
    const made = this.#make(matched.flatMap(({ actions }) => actions));
    if (this.#changes.size < SETS_LIMIT) this.#changes.set(key, made);
    return made;
  }

  /** A place as the configuration writes it, for records: names that a client sent are never in it. */
  #nameOf(matched: readonly Cleaned[]): string {
    return matched[0] === undefined ? '' : pointerOf(matched[0].path);
  }
}

function isWhole(texts: readonly (string | null)[]): texts is readonly string[] {
  return !texts.includes(null);
}

/** One walk over a value, with the places that may still be met and those that were. */
class JsonWalk {
  readonly #changeFor: (matched: readonly Cleaned[]) => TextChange;
  readonly texts = new Map<object, Map<string, string>>();
  /** What was met where the first text changed, or could not be cleaned. */
  first: readonly Cleaned[] | null = null;
  failed: readonly Cleaned[] | null = null;

  constructor(changeFor: (matched: readonly Cleaned[]) => TextChange) {
    this.#changeFor = changeFor;
  }

  /** `places` are those whose first `depth` names are met. */
  below(value: JsonValue | undefined, places: readonly Cleaned[], depth: number): void {
    if (typeof value !== 'object' || value === null || places.length === 0) return;
    const met = places.filter(({ path }) => path.length <= depth);
    // Below a place all is cleaned alike, but where another place lies deeper.
    const change = met.length < places.length ? null : this.#changeFor(met);
    const standing = { places, depth, met, change };
    for (const name of Object.keys(value)) {
      if (this.failed !== null) return;
      this.#member({ of: value, name, value: (value as Readonly<Record<string, JsonValue>>)[name] }, standing);
    }
  }

  #member({ of, name, value }: Member, { places, depth, met, change }: Standing): void {
    const alive = change === null ? places.filter(({ path }) => meets(path, depth, name)) : met;
    if (typeof value !== 'string') {
      this.below(value, alive, depth + 1);
      return;
    }
    const here = change === null ? alive.filter(({ path }) => path.length <= depth + 1) : met;
    if (here.length === 0) return;
    const cleaned = (change ?? this.#changeFor(here))(value);
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
  /** What is done to all texts here; null where that differs by name. */
  readonly change: TextChange | null;
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
