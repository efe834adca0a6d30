import type { FieldAction } from './action.ts';

/** What stands for any member, and for any element. */
const ANY = '*';

/** Named fields below one place; `action` where the place itself is named. */
export interface FieldPlace {
  readonly names: ReadonlyMap<string, FieldPlace>;
  readonly any: FieldPlace | null;
  readonly action: FieldAction | null;
}

interface Making {
  readonly names: Map<string, Making>;
  any: Making | null;
  action: FieldAction | null;
}

/** The parts of a JSON Pointer (RFC 6901) in which `*` stands for any name and any element; null where it is none. */
export function readFieldPath(text: string): readonly string[] | null {
  if (!/^(?:\/(?:[^/~]|~[01])*)+$/.test(text)) return null;
  return text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The named fields as one tree; paths that are none are left out. */
export function fieldTree(fields: Readonly<Record<string, FieldAction>>): FieldPlace {
  const root: Making = { names: new Map(), any: null, action: null };
  for (const [path, action] of Object.entries(fields)) {
    let place = root;
    for (const part of readFieldPath(path) ?? []) place = below(place, part);
    if (place !== root) place.action = action;
  }
  return root;
}

function below(place: Making, part: string): Making {
  if (part === ANY) {
    place.any ??= { names: new Map(), any: null, action: null };
    return place.any;
  }
  const known = place.names.get(part);
  if (known !== undefined) return known;
  const made: Making = { names: new Map(), any: null, action: null };
  place.names.set(part, made);
  return made;
}

/** No place at all; one value, since most of a reply is not named. */
const NOWHERE: readonly FieldPlace[] = [];

/** The places that a member of this name, or (null) an element, has below these. */
export function placesBelow(places: readonly FieldPlace[], name: string | null): readonly FieldPlace[] {
  if (places.length === 0) return NOWHERE;
  const found: FieldPlace[] = [];
  for (const { names, any } of places) {
    const own = name === null ? undefined : names.get(name);
    if (own !== undefined) found.push(own);
    if (any !== null) found.push(any);
  }
  return found.length === 0 ? NOWHERE : found;
}

/** Where several say something of one field, the strictest counts, and letting it pass least. */
const ORDER: readonly FieldAction[] = ['refuse', 'drop', 'mask', 'report', 'pass'];

/** What is said of these places themselves; null for nothing. */
export function actionAt(places: readonly FieldPlace[]): FieldAction | null {
  if (places.length === 0) return null;
  return ORDER.find((action) => places.some((place) => place.action === action)) ?? null;
}

/** What becomes of the field at a path by all that is said of it and of what it is in; null for nothing. */
export function heldAt(fields: Readonly<Record<string, FieldAction>>, path: string): FieldAction | null {
  let places: readonly FieldPlace[] = [fieldTree(fields)];
  let held: FieldAction | null = null;
  for (const part of readFieldPath(path) ?? []) {
    places = placesBelow(places, part === ANY ? null : part);
    held = actionAt(places) ?? held;
    // What goes as a whole takes along whatever is said of its parts.
    if (held === 'drop') return held;
  }
  return held;
}
