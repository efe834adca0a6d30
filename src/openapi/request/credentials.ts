import type { RequiredScheme } from '../description.ts';
import { isObject, own, valueAt } from '../pointer.ts';
import { referencesOf } from './value-shape.ts';

/**
 * The names in the query under which an operation takes API keys, as its security schemes describe them (OpenAPI 3.2
 * §4.30): they are described there, and so are no strangers among its parameters.
 */
export function queryCredentials(
  document: unknown,
  security: readonly (readonly RequiredScheme[])[] | null,
): readonly string[] {
  const schemes = valueAt(document, '/components/securitySchemes');
  if (security === null || !isObject(schemes)) return [];
  return security.flat().flatMap(({ scheme }) => {
    const site = { value: own(schemes, scheme), pointer: '' };
    const end = referencesOf(document).follow(site, () => {})?.value;
    if (!isObject(end) || own(end, 'type') !== 'apiKey' || own(end, 'in') !== 'query') return [];
    const name = own(end, 'name');
    return typeof name === 'string' ? [name] : [];
  });
}
