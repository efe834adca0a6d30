import type { RequiredScheme } from '../description.ts';
import { isObject, own, valueAt } from '../pointer.ts';
import { referencesOf } from './value-shape.ts';

/**
 * The names under which an operation takes API keys in one place, as its security schemes describe them (OpenAPI 3.2
 * §4.30): they are described there, and so are no strangers among its parameters.
 */
export function apiKeyNames(
  document: unknown,
  security: readonly (readonly RequiredScheme[])[] | null,
  place: 'query' | 'header',
): readonly string[] {
  const schemes = valueAt(document, '/components/securitySchemes');
  if (security === null || !isObject(schemes)) return [];
  return security.flat().flatMap(({ scheme }) => {
    const site = { value: own(schemes, scheme), pointer: '' };
    const end = referencesOf(document).follow(site, () => {})?.value;
    if (!isObject(end) || own(end, 'type') !== 'apiKey' || own(end, 'in') !== place) return [];
    const name = own(end, 'name');
    return typeof name === 'string' ? [name] : [];
  });
}
