import { err, ok, type Result } from '../base/index.ts';

/** An object of parsed data. Only its own members count: `own` reads them, so that no name is found in a prototype. */
export type PlainObject = Readonly<Record<string, unknown>>;

/** A value and where it stands: a JSON Pointer (RFC 6901 §5), `''` for the document itself. */
export interface Site {
  readonly value: unknown;
  readonly pointer: string;
}

/** A site whose value is an object. */
export interface ObjectSite extends Site {
  readonly value: PlainObject;
}

/** Whether a value is an object, and no array. */
export function isObject(value: unknown): value is PlainObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member of an object, or undefined; `__proto__` and `constructor` are names like others. */
export function own(object: PlainObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The pointer to a member or an element. */
export function pointerTo(parent: string, token: string | number): string {
  return `${parent}/${typeof token === 'number' ? token : escapeToken(token)}`;
}

/** The site of a member; its value is undefined where there is none. */
export function member(site: ObjectSite, name: string): Site {
  return { value: own(site.value, name), pointer: pointerTo(site.pointer, name) };
}

/** The sites of all members of an object, or all elements of an array; none for anything else. */
export function children(site: Site): Site[] {
  if (Array.isArray(site.value)) {
    return site.value.map((value: unknown, index) => ({ value, pointer: pointerTo(site.pointer, index) }));
  }
  const object = site.value;
  if (!isObject(object)) return [];
  return Object.keys(object).map((name) => ({ value: object[name], pointer: pointerTo(site.pointer, name) }));
}

/**
 * The value a JSON Pointer leads to, or undefined where it leads nowhere or is none (RFC 6901 §4).
 * The pointers of an `ApiDescription` are read with it.
 */
export function valueAt(document: unknown, pointer: string): unknown {
  if (pointer === '') return document;
  if (!pointer.startsWith('/')) return undefined;
  const escaped = pointer.includes('~');
  if (escaped && BAD_ESCAPE.test(pointer)) return undefined;
  let at = document;
  for (let from = 1; from <= pointer.length; ) {
    const slash = pointer.indexOf('/', from);
    const end = slash < 0 ? pointer.length : slash;
    const token = pointer.slice(from, end);
    at = below(at, escaped ? unescapeToken(token) : token);
    if (at === undefined) return undefined;
    from = end + 1;
  }
  return at;
}

/** The tokens of a JSON Pointer (RFC 6901 §3). */
export function parsePointer(pointer: string): Result<readonly string[], string> {
  if (pointer === '') return ok([]);
  if (!pointer.startsWith('/')) return err('does not begin with `/`');
  if (!pointer.includes('~')) return ok(pointer.slice(1).split('/'));
  if (BAD_ESCAPE.test(pointer)) return err('has a `~` without 0 or 1 after it');
  return ok(pointer.slice(1).split('/').map(unescapeToken));
}

const BAD_ESCAPE = /~(?![01])/;

function unescapeToken(token: string): string {
  return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token;
}

/** What stands at a pointer, and where; null without a pointer. */
export function siteAt(document: unknown, pointer: string | null): Site | null {
  return pointer === null ? null : { value: valueAt(document, pointer), pointer };
}

/** Follows tokens from a value; undefined where they lead nowhere. */
export function descend(value: unknown, tokens: readonly string[]): unknown {
  let at = value;
  for (const token of tokens) at = below(at, token);
  return at;
}

/** The pointer to an object or array inside a value; null where it is not there. */
export function pointerOf(value: unknown, wanted: object): string | null {
  if (value === wanted) return '';
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const inside = pointerOf(inner, wanted);
    if (inside !== null) return pointerTo('', name) + inside;
  }
  return null;
}

const INDEX = /^(?:0|[1-9][0-9]{0,9})$/;

function below(value: unknown, token: string): unknown {
  if (Array.isArray(value)) return INDEX.test(token) ? (value[Number(token)] as unknown) : undefined;
  return isObject(value) ? own(value, token) : undefined;
}

function escapeToken(token: string): string {
  return token.includes('~') || token.includes('/') ? token.replaceAll('~', '~0').replaceAll('/', '~1') : token;
}
