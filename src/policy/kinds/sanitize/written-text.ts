import { type FormFields, parseJson, replaceTexts } from '../../../body/index.ts';
import type { HtmlBudget } from './html.ts';
import type { Cleaning, Field, Places } from './places.ts';

const CLEAN = { kind: 'clean' } as const;

/** What is to be replaced of a form: all values of the names of which one is. */
export function cleanForm(fields: FormFields, places: Places, budget: HtmlBudget): Cleaning<FormFields> {
  const texts = new Map<string, readonly string[]>();
  let place: string | null = null;
  for (const [name, values] of fields) {
    const field = places.field(name);
    if (field === null) continue;
    if (field.kind === 'failed') return field;
    const cleaned: string[] = [];
    let first: string | null = null;
    for (const text of values) {
      const cleaning = cleanWritten(text, field, budget);
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
 * What becomes of the text of a field, which nobody has said to be JSON. Servers, and descriptions, read objects and lists
 * in such texts as JSON, whatever they are called: one that can be read so is cleaned as that too, since escapes of JSON
 * hide what a text would show.
 */
export function cleanWritten(text: string, field: Field, budget: HtmlBudget): Cleaning<string> {
  const inner = MAY_BE_JSON.test(text) ? cleanInner(text, field, budget) : CLEAN;
  if (inner.kind === 'failed') return inner;
  const before = inner.kind === 'changed' ? inner.texts : text;
  const done = field.text === null ? before : field.text.clean(before, budget);
  const place = field.text?.place ?? '';
  if (done === null) return { kind: 'failed', place };
  if (done === text) return CLEAN;
  // As a text it is clean, but what that took out may have made another JSON of it.
  if (done !== before && MAY_BE_JSON.test(done)) {
    const again = cleanInner(done, field, budget);
    if (again.kind !== 'clean') return { kind: 'failed', place: again.place };
  }
  return { kind: 'changed', texts: done, place: inner.kind === 'changed' ? inner.place : place };
}

/** An object, a list, or a text in quotes with escapes, behind any space that servers trim: without these it says the same to all. */
const MAY_BE_JSON = /^\s*(?:[[{]|"[^\\]*\\)/;
/** Says a character that does not show. */
const ESCAPE = /\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})/;

function cleanInner(text: string, field: Field, budget: HtmlBudget): Cleaning<string> {
  const inner = text.trim();
  const bytes = Buffer.from(inner);
  const json = parseJson(bytes);
  if (!json.ok) {
    // Where a place lies in it, it is meant to be JSON: to one who reads it less strictly it is.
    const isMeant = field.within !== null && !inner.startsWith('"');
    return isMeant || isJsonToSome(inner) ? { kind: 'failed', place: field.within ?? field.place } : CLEAN;
  }
  const { value } = json;
  if (typeof value === 'string') return cleanQuoted(value, field.text, budget);
  const cleaning = field.json(value, budget);
  if (cleaning.kind !== 'changed') return cleaning;
  return { ...cleaning, texts: text.replace(inner, () => replaceTexts(bytes, value, cleaning.texts).toString()) };
}

/**
 * Whether what is no JSON here is some to others: with a name that comes twice to most, with what else JavaScript knows to
 * some. Of the latter nothing is hidden that is not escaped.
 */
function isJsonToSome(text: string): boolean {
  if (!text.startsWith('"') && ESCAPE.test(text)) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function cleanQuoted(said: string, text: Field['text'], budget: HtmlBudget): Cleaning<string> {
  const cleaned = text === null ? said : text.clean(said, budget);
  if (text === null || cleaned === said) return CLEAN;
  if (cleaned === null) return { kind: 'failed', place: text.place };
  return { kind: 'changed', texts: JSON.stringify(cleaned), place: text.place };
}
