import type { JsonValue, TextsToReplace } from '../../../body/index.ts';
import type { SanitizeRules, TextAction } from './config.ts';
import { mayHold, type Reading, readingsOf } from './field-names.ts';
import type { HtmlBudget } from './html.ts';
import type { TextCleaner } from './text-cleaner.ts';
import { type Cleaned, type Path, type Sought, TextWalk } from './text-walk.ts';

/** What came of cleaning: nothing to do, texts that are to be replaced, or the place of one that can't be cleaned. */
export type Cleaning<T> = { readonly kind: 'clean' } | Failed | Changed<T>;

interface Failed {
  readonly kind: 'failed';
  readonly place: string;
}

interface Changed<T> {
  readonly kind: 'changed';
  readonly texts: T;
  readonly place: string;
}

const CLEAN = { kind: 'clean' } as const;

/** Makes the one cleaner that stands for several lists of actions. */
export type MakeCleaner = (actions: readonly TextAction[]) => TextCleaner;

/** Sets of places that were met together, each with its cleaner; more than any configuration makes. */
const SETS_LIMIT = 256;

/** The places of a body, by JSON Pointer. */
export function placesOfBody(body: SanitizeRules['body'], make: MakeCleaner): Places {
  const all = Object.entries(body).map(([called, actions]) => ({ path: pathOf(called), actions, called }));
  return new Places(all, make);
}

/** Places whose texts are cleaned. */
export class Places {
  readonly #all: readonly Sought[];
  readonly #make: MakeCleaner;
  readonly #cleaners = new Map<string, TextCleaner>();

  constructor(all: readonly Cleaned[], make: MakeCleaner) {
    this.#all = all.map((place) => ({ path: place.path, place }));
    this.#make = make;
  }

  /** What is to be replaced of a whole value of JSON. */
  json(value: JsonValue, budget: HtmlBudget): Cleaning<TextsToReplace> {
    return this.#walked(value, this.#all, budget);
  }

  /**
   * What the places say of a field of a form by its name, in whatever reading of it; null where nothing is. It can't be
   * told where its brackets do not match, and a place may be meant.
   */
  field(name: string): Field | Failed | null {
    const readings = readingsOf(name);
    if (readings === null) {
      const meant = this.#all.find(({ path }) => path[0] === null || (path[0] !== undefined && mayHold(name, path[0])));
      if (meant !== undefined) return { kind: 'failed', place: meant.place.called };
    }
    const met =
      readings === null
        ? this.#all.filter(({ path }) => path.length === 0)
        : this.#all.flatMap((sought) => readings.flatMap((names) => below(sought, names)));
    if (met.length === 0) return null;
    return {
      kind: 'field',
      text: textOf(met, this.#cleanerFor),
      place: nameOf(met),
      within: met.find(({ path, place }) => path.length > 0 && isNamed(place))?.place.called ?? null,
      isNamed: met.some(({ place }) => isNamed(place)),
      json: (value, budget) => this.#walked(value, met, budget),
    };
  }

  #walked(value: JsonValue, places: readonly Sought[], budget: HtmlBudget): Cleaning<TextsToReplace> {
    const walk = new TextWalk(this.#cleanerFor, budget);
    walk.below(value, places);
    if (walk.failed !== null) return { kind: 'failed', place: nameOf(walk.failed) };
    if (walk.first === null) return CLEAN;
    return { kind: 'changed', texts: walk.texts, place: nameOf(walk.first) };
  }

  readonly #cleanerFor = (met: readonly Sought[]): TextCleaner => {
    // In several readings of a name one place may be met more than once.
    const places = [...new Set(met.map(({ place }) => place))];
    const key = JSON.stringify(places.map(({ called }) => called));
    const known = this.#cleaners.get(key);
    if (known !== undefined) return known;
    const made = this.#make(places.flatMap(({ actions }) => actions));
    if (this.#cleaners.size < SETS_LIMIT) this.#cleaners.set(key, made);
    return made;
  };
}

/** What places say of one field. */
export interface Field {
  readonly kind: 'field';
  /** What cleans its text, and the place that says so; null where nothing does. */
  readonly text: { readonly clean: TextCleaner; readonly place: string } | null;
  /** The first place that says anything of it, or of what it holds. */
  readonly place: string;
  /** A place that lies in what it holds, and names it; null where none does. */
  readonly within: string | null;
  /** Whether a place names it, and not only any. */
  readonly isNamed: boolean;
  /** What is to be replaced of the JSON that it holds. */
  json(value: JsonValue, budget: HtmlBudget): Cleaning<TextsToReplace>;
}

function textOf(met: readonly Sought[], cleanerFor: (met: readonly Sought[]) => TextCleaner): Field['text'] {
  // A list is sent as the same field again, or with commas: its elements are what a place below it names by index.
  const at = met.filter(({ path }) => path.length === 0 || (path.length === 1 && isIndex(path[0])));
  return at.length === 0 ? null : { clean: cleanerFor(at), place: nameOf(at) };
}

/** A place as it is seen from the field of this name; none where it is another's. */
function below({ path, place }: Sought, names: Reading): readonly Sought[] {
  const isMet = path.slice(0, names.length).every((wanted, at) => meetsField(wanted, names[at]));
  return isMet ? [{ path: path.slice(names.length), place }] : [];
}

function meetsField(wanted: string | null, name: string | undefined): boolean {
  return wanted === null || wanted === name || (name === '' && isIndex(wanted));
}

/** Whether a name in a place stands for any, or for a number. */
function isIndex(wanted: string | null | undefined): boolean {
  return wanted === null || (wanted !== undefined && /^[0-9]+$/.test(wanted));
}

/** Whether a place begins with a name of its own. */
function isNamed({ path: [first] }: Cleaned): boolean {
  return first !== undefined && first !== null;
}

/** The first of these as the configuration writes it, for records: names that a client sent are never in it. */
function nameOf(met: readonly Sought[]): string {
  return met[0]?.place.called ?? '';
}

/** A JSON Pointer as names, null for `*`. The configuration has read it. */
function pathOf(pointer: string): Path {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((name) => (name === '*' ? null : name.replaceAll('~1', '/').replaceAll('~0', '~')));
}
