import { children, isObject, member, own, type PlainObject, type Site, siteAt } from './pointer.ts';
import { isReference } from './reference.ts';
import { referencesOf } from './request/value-shape.ts';

/** Where names lead out of what is described: which of them it is, and the names that are described there. */
export interface Undescribed {
  readonly index: number;
  readonly known: readonly string[];
}

/** Keywords whose schemas say something of the same value. */
const SAME = ['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else', 'dependentSchemas'] as const;
/** Those whose schemas are about elements: lists on the way are gone through. */
const ELEMENTS = ['items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'contains'] as const;
/** Those that describe members without naming them. */
const ANY_NAME = ['additionalProperties', 'unevaluatedProperties'] as const;
/** More schemas than describe one value; beyond, anything is taken for described. */
const SCHEMAS_LIMIT = 10_000;

/**
 * Where the names, which lead from a value down, leave what these schemas describe: null where they are described, or where
 * a schema on the way leaves room for any name. One that says nothing of members leaves room too. Whatever any
 * alternative describes is described, also what a discriminator leads to.
 */
export function undescribedMember(
  document: unknown,
  schemaPointers: readonly string[],
  names: readonly string[],
): Undescribed | null {
  let at = schemaPointers.flatMap((pointer) => siteAt(document, pointer) ?? []);
  for (const [index, name] of names.entries()) {
    const schemas = schemasOf(document, at);
    if (schemas === null || isOpen(schemas)) return null;
    const described = schemas.flatMap((schema) => {
      const properties = member(schema, 'properties');
      return isObject(properties.value) && Object.hasOwn(properties.value, name)
        ? [member({ value: properties.value, pointer: properties.pointer }, name)]
        : [];
    });
    if (described.length === 0) return { index, known: schemas.flatMap(({ value }) => propertyNames(value)) };
    at = described;
  }
  return null;
}

interface Schema extends Site {
  readonly value: PlainObject;
}

/** All schemas that say something of the value or, where it is a list, of its elements; null for too many, or one that takes anything. */
function schemasOf(document: unknown, roots: readonly Site[]): readonly Schema[] | null {
  const references = referencesOf(document);
  const found = new Map<object, Schema>();
  const waiting = [...roots];
  for (let site = waiting.pop(); site !== undefined; site = waiting.pop()) {
    const { value, pointer } = site;
    if (value === true) return null;
    if (!isObject(value) || found.has(value)) continue;
    if (found.size === SCHEMAS_LIMIT) return null;
    const schema = { value, pointer };
    found.set(value, schema);
    if (isReference(value)) {
      const target = references.follow(site, () => {});
      if (target !== null) waiting.push(target);
    }
    for (const keyword of [...SAME, ...ELEMENTS]) waiting.push(...heldBy(member(schema, keyword), keyword));
    waiting.push(...mapped(value, (text) => references.target(text)));
  }
  return [...found.values()];
}

function heldBy(site: Site, keyword: string): readonly Site[] {
  const { value } = site;
  if (value === undefined) return [];
  return Array.isArray(value) || keyword === 'dependentSchemas' ? children(site) : [site];
}

function mapped(schema: PlainObject, target: (text: string) => Site | null): readonly Site[] {
  const discriminator = own(schema, 'discriminator');
  const mapping = isObject(discriminator) ? own(discriminator, 'mapping') : undefined;
  if (!isObject(mapping)) return [];
  return Object.values(mapping).flatMap((to) => {
    if (typeof to !== 'string') return [];
    return target(to.startsWith('#') ? to : `#/components/schemas/${to}`) ?? [];
  });
}

/** Whether there is room for members that nothing names, by what schemas say of such, or since none says anything of members. */
function isOpen(schemas: readonly Schema[]): boolean {
  if (schemas.some(takesAnyName)) return true;
  return !schemas.some(({ value }) => Object.hasOwn(value, 'properties')) && schemas.some(isSilent);
}

function takesAnyName({ value }: Schema): boolean {
  if (Object.hasOwn(value, 'patternProperties') || Object.hasOwn(value, '$dynamicRef')) return true;
  return ANY_NAME.some((keyword) => own(value, keyword) === true || isObject(own(value, keyword)));
}

/** Keywords by which a schema without a type says something. */
const SAYING = [...SAME, ...ELEMENTS, '$ref', 'enum', 'const', 'not'];

function isSilent({ value }: Schema): boolean {
  const type = own(value, 'type');
  const mayBeObject = type === undefined || type === 'object' || (Array.isArray(type) && type.includes('object'));
  if (!mayBeObject || own(value, 'additionalProperties') === false) return false;
  return type !== undefined || !SAYING.some((keyword) => Object.hasOwn(value, keyword));
}

function propertyNames(schema: PlainObject): readonly string[] {
  const properties = own(schema, 'properties');
  return isObject(properties) ? Object.keys(properties) : [];
}
