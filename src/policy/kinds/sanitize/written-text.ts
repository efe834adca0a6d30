import { type FormFields, type JsonValue, parseJson, replaceTexts } from '../../../body/index.ts';
import type { HtmlBudget } from './html.ts';
import { type Cleaning, namesOf, type Places } from './places.ts';

const CLEAN = { kind: 'clean' } as const;

/** A text under the name of a field, which nobody has said to be JSON. */
export interface WrittenText {
  readonly name: string;
  readonly text: string;
}

/** What is to be replaced of a form: all values of the names of which one is. */
export function cleanForm(fields: FormFields, places: Places, budget: HtmlBudget): Cleaning<FormFields> {
  const texts = new Map<string, readonly string[]>();
  let place: string | null = null;
  for (const [name, values] of fields) {
    const cleaned: string[] = [];
    let first: string | null = null;
    for (const text of values) {
      const cleaning = cleanWritten({ name, text }, places, budget);
      if (cleaning.kind === 'failed') return cleaning;
      cleaned.push(cleaning.kind === 'changed' ? cleaning.texts : text);
      if (cleaning.kind === 'changed') first ??= cleaning.place;
    }
    if (first === null) continue;
    texts.set(name, cleaned);
    place ??= first;
  }
  return place === null ? CLEAN : { kind: 'changed', texts, place };
}

/**
 * What becomes of the text of a field. Servers, and descriptions, read objects and lists in such texts as JSON, whatever
 * they are called: one that can be read so is cleaned as that too, since escapes of JSON hide what a text would show.
 */
export function cleanWritten({ name, text }: WrittenText, places: Places, budget: HtmlBudget): Cleaning<string> {
  const field = places.field(name);
  const inner = MAY_BE_JSON.test(text) ? cleanInner({ name, text }, places, budget) : CLEAN;
  if (inner.kind === 'failed') return inner;
  const before = inner.kind === 'changed' ? inner.texts : text;
  const done = field === null ? before : field.clean(before, budget);
  if (done === null) return { kind: 'failed', place: field?.place ?? '' };
  if (done === text) return CLEAN;
  // As a text it is clean, but what that took out may have made another JSON of it.
  if (done !== before && MAY_BE_JSON.test(done)) {
    const again = cleanInner({ name, text: done }, places, budget);
    if (again.kind !== 'clean') return { kind: 'failed', place: again.place };
  }
  return { kind: 'changed', texts: done, place: inner.kind === 'changed' ? inner.place : (field?.place ?? '') };
}

/** An object, a list, or a text in quotes with escapes: without these it says the same to all. */
const MAY_BE_JSON = /^[ \t\r\n]*(?:[[{]|"[^\\]*\\)/;

function cleanInner({ name, text }: WrittenText, places: Places, budget: HtmlBudget): Cleaning<string> {
  const bytes = Buffer.from(text);
  const json = parseJson(bytes);
  if (!json.ok) {
    // Where a place lies in it, it is meant to be JSON: to one who reads it less strictly it is.
    const place = places.within(name);
    return place === null || !/^[ \t\r\n]*[[{]/.test(text) ? CLEAN : { kind: 'failed', place };
  }
  const { value } = json;
  return typeof value === 'string' ? cleanQuoted(places.field(name), value, budget) : cleanValue(value);

  function cleanValue(whole: JsonValue): Cleaning<string> {
    const cleaning = places.json(whole, budget, namesOf(name));
    if (cleaning.kind !== 'changed') return cleaning;
    return { ...cleaning, texts: replaceTexts(bytes, whole, cleaning.texts).toString() };
  }
}

function cleanQuoted(field: ReturnType<Places['field']>, said: string, budget: HtmlBudget): Cleaning<string> {
  const cleaned = field === null ? said : field.clean(said, budget);
  if (field === null || cleaned === said) return CLEAN;
  if (cleaned === null) return { kind: 'failed', place: field.place };
  return { kind: 'changed', texts: JSON.stringify(cleaned), place: field.place };
}
