/** A type without parts. `any` is a value of JSON: it is known only when it is there what it is. */
export type ScalarType = 'int' | 'double' | 'string' | 'bool' | 'null' | 'timestamp' | 'duration' | 'any';

/** What is known of a value before it is there. */
export type Type = ScalarType | { readonly list: Type };

/** Whether it is a list whose elements are of a known type. */
export function isList(type: Type): type is { readonly list: Type } {
  return typeof type !== 'string';
}

/** A type in words. */
export function typeWords(type: Type): string {
  if (isList(type)) return `list of ${typeWords(type.list)}`;
  return type === 'any' ? 'value of JSON' : type;
}

/** Whether they are the same. */
export function sameType(one: Type, other: Type): boolean {
  if (isList(one) && isList(other)) return sameType(one.list, other.list);
  return one === other;
}

// Whether every value of it is one that JSON can say too.
function isJson(type: Type): boolean {
  if (isList(type)) return isJson(type.list);
  return type !== 'timestamp' && type !== 'duration';
}

/** Whether values of both may be equal. Numbers of both kinds may. */
export function mayEqual(one: Type, other: Type): boolean {
  if (one === 'any') return isJson(other);
  if (other === 'any') return isJson(one);
  if (isList(one) && isList(other)) return mayEqual(one.list, other.list);
  return sameType(one, other) || (isNumber(one) && isNumber(other));
}

/** Whether it is known to be a number. */
export function isNumber(type: Type): boolean {
  return type === 'int' || type === 'double';
}

/** The type that holds values of both; null where none does. */
export function commonType(one: Type, other: Type): Type | null {
  if (sameType(one, other)) return one;
  return isJson(one) && isJson(other) ? 'any' : null;
}
