/** What keywords are about, as bits. `inner`: schemas inside the schema, or what it refers to. */
export const GROUP = { any: 1, number: 2, string: 4, array: 8, object: 16, contained: 32, inner: 64 } as const;

const { any, number, string, array, object, contained, inner } = GROUP;

const GROUPS: ReadonlyMap<string, number> = new Map<string, number>([
  ...named(any, 'enum', 'const'),
  ...named(number, 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'),
  ...named(number | string, 'format'),
  ...named(string, 'minLength', 'maxLength', 'contentEncoding'),
  ...named(array, 'minItems', 'maxItems', 'uniqueItems'),
  ...named(object, 'minProperties', 'maxProperties', 'dependentRequired'),
  ...named(object | inner, 'dependencies'),
  ...named(contained, 'minContains', 'maxContains'),
  ...named(inner, '$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'),
  ...named(inner, 'properties', 'patternProperties', 'additionalProperties', 'unevaluatedProperties', 'propertyNames'),
  ...named(inner, 'prefixItems', 'items', 'additionalItems', 'contains', 'unevaluatedItems', 'discriminator'),
]);

/**
 * The groups of all keywords that stand in a schema. A document has tens of thousands of schemas with two or three
 * keywords each: what none of them is about need not be looked for.
 */
export function groupsOf(schema: object): number {
  let groups = 0;
  for (const name of Object.keys(schema)) groups |= GROUPS.get(name) ?? 0;
  return groups;
}

function named(groups: number, ...names: readonly string[]): (readonly [string, number])[] {
  return names.map((name) => [name, groups] as const);
}
