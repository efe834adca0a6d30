import type { JsonValue } from '../../../body/index.ts';
import { pointerTo } from '../../../openapi/index.ts';

/** The JSON Pointer to an object inside a value; null where it is not there. */
export function placeIn(value: JsonValue, wanted: object): string | null {
  if (value === wanted) return '';
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value) as (readonly [string, JsonValue])[]) {
    const below = placeIn(inner, wanted);
    if (below !== null) return pointerTo('', name) + below;
  }
  return null;
}
