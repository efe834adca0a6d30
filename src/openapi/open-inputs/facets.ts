import { isObject, own, type PlainObject } from '../pointer.ts';
import { formatOf } from '../validate/format.ts';

/** What a value is left open in. `names`: an object takes names that nothing describes. */
export type Missing = 'type' | 'length' | 'range' | 'count' | 'items' | 'names';

/** What schemas that judge the same value say of it together, as far as that bounds it. */
export interface Facets {
  /** Null where none names a type. */
  types: ReadonlySet<string> | null;
  /** Whether all its values are listed. */
  listed: boolean;
  textBound: boolean;
  minimum: number | null;
  maximum: number | null;
  countBound: boolean;
  itemsDescribed: boolean;
  /** How an object says what else it takes; `unsaid` where no schema says. */
  additional: 'unsaid' | 'closed' | 'described' | 'open';
  namesDescribed: boolean;
  propertiesBound: boolean;
  /** Values that the document gives as examples; at most `EXAMPLES_LIMIT`. */
  examples: readonly unknown[];
}

const EXAMPLES_LIMIT = 20;

/** Of what nothing is said. */
export function noFacets(examples: readonly unknown[] = []): Facets {
  return {
    types: null,
    listed: false,
    textBound: false,
    minimum: null,
    maximum: null,
    countBound: false,
    itemsDescribed: false,
    additional: 'unsaid',
    namesDescribed: false,
    propertiesBound: false,
    examples: examples.slice(0, EXAMPLES_LIMIT),
  };
}

/** Whether facets bound nothing, so that what else is said decides alone. */
export function isEmpty(facets: Facets): boolean {
  const { types, listed, textBound, minimum, maximum, countBound, itemsDescribed } = facets;
  const { additional, namesDescribed, propertiesBound } = facets;
  return (
    types === null &&
    ![listed, textBound, countBound, itemsDescribed, namesDescribed, propertiesBound].includes(true) &&
    minimum === null &&
    maximum === null &&
    additional === 'unsaid'
  );
}

/** Adds to facets what one schema says by itself, without the schemas inside it that judge the same value. */
export function addFacets(facets: Facets, schema: PlainObject): void {
  addTypes(facets, own(schema, 'type'));
  facets.listed ||= own(schema, 'enum') !== undefined || own(schema, 'const') !== undefined;
  addText(facets, schema);
  addRange(facets, schema);
  facets.countBound ||= isNumber(own(schema, 'maxItems'));
  facets.propertiesBound ||= isNumber(own(schema, 'maxProperties'));
  facets.itemsDescribed ||= ['items', 'prefixItems', 'unevaluatedItems'].some((name) =>
    saysSomething(own(schema, name)),
  );
  facets.namesDescribed ||= isObject(own(schema, 'properties')) || isObject(own(schema, 'patternProperties'));
  addAdditional(facets, schema);
  addExamples(facets, schema);
}

/** What of a value stays open. */
export function missingOf(facets: Facets): readonly Missing[] {
  const { types, listed, textBound, minimum, maximum } = facets;
  if (listed) return [];
  if (types === null) return ['type'];
  const missing: Missing[] = [];
  if (types.has('string') && !textBound) missing.push('length');
  if ((types.has('integer') || types.has('number')) && (minimum === null || maximum === null)) missing.push('range');
  if (types.has('array')) {
    if (!facets.countBound) missing.push('count');
    if (!facets.itemsDescribed) missing.push('items');
  }
  if (types.has('object')) missing.push(...missingOfObject(facets));
  return missing;
}

function missingOfObject({ additional, namesDescribed, propertiesBound }: Facets): readonly Missing[] {
  if (additional === 'closed') return [];
  if (additional === 'open' || (additional === 'unsaid' && !namesDescribed)) return ['names'];
  return additional === 'described' && !propertiesBound ? ['count'] : [];
}

function addTypes(facets: Facets, written: unknown): void {
  const names = (Array.isArray(written) ? written : [written]).filter((name) => typeof name === 'string');
  if (names.length === 0) return;
  const { types } = facets;
  facets.types = new Set(types === null ? names : names.flatMap((name) => commonTypes(types, name)));
}

/** Of `number` and `integer` together the second one counts. */
function commonTypes(types: ReadonlySet<string>, name: string): readonly string[] {
  if (types.has(name)) return [name];
  return types.has(NARROWER_OR_WIDER.get(name) ?? '') ? ['integer'] : [];
}

const NARROWER_OR_WIDER: ReadonlyMap<string, string> = new Map([
  ['integer', 'number'],
  ['number', 'integer'],
]);

/** Texts of these may be as long as anybody likes. */
const UNBOUNDED_FORMATS: ReadonlySet<string> = new Set([
  'byte',
  'base64url',
  'regex',
  'json-pointer',
  'relative-json-pointer',
  'sf-binary',
  'sf-string',
  'sf-token',
  'uri-template',
  'media-range',
]);

function addText(facets: Facets, schema: PlainObject): void {
  const pattern = own(schema, 'pattern');
  const format = own(schema, 'format');
  const checked = typeof format === 'string' && formatOf(format)?.kind === 'string' && !UNBOUNDED_FORMATS.has(format);
  // What matches anywhere in a text leaves the rest of it open.
  const whole = typeof pattern === 'string' && pattern.startsWith('^') && pattern.endsWith('$');
  facets.textBound ||= checked || whole || isNumber(own(schema, 'maxLength'));
}

function addRange(facets: Facets, schema: PlainObject): void {
  const [minimum, maximum] = [own(schema, 'minimum'), own(schema, 'maximum')];
  const [above, below] = [own(schema, 'exclusiveMinimum'), own(schema, 'exclusiveMaximum')];
  facets.minimum ??= numberOf(minimum) ?? numberOf(above);
  facets.maximum ??= numberOf(maximum) ?? numberOf(below);
  const format = own(schema, 'format');
  if (typeof format !== 'string' || !/^u?int(?:8|16|32|64)$|^double-int$|^sf-(?:integer|decimal)$/.test(format)) return;
  facets.minimum ??= -Infinity;
  facets.maximum ??= Infinity;
}

/** One schema that closes an object is enough; one that opens it decides where none closes it. */
function addAdditional(facets: Facets, schema: PlainObject): void {
  for (const name of ['additionalProperties', 'unevaluatedProperties']) {
    const written = own(schema, name);
    if (written === undefined) continue;
    const said = written === false ? 'closed' : saysSomething(written) ? 'described' : 'open';
    if (STRENGTH[said] > STRENGTH[facets.additional]) facets.additional = said;
  }
}

const STRENGTH = { unsaid: 0, open: 1, described: 2, closed: 3 } as const;

/** Whether what stands in a schema's place judges anything. */
function saysSomething(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.length > 0;
  return schema === false || (isObject(schema) && Object.keys(schema).length > 0);
}

function addExamples(facets: Facets, schema: PlainObject): void {
  const listed = own(schema, 'examples');
  const all = [own(schema, 'example'), own(schema, 'default'), ...(Array.isArray(listed) ? (listed as unknown[]) : [])];
  const found = all.filter((value) => value !== undefined);
  if (found.length > 0) facets.examples = [...facets.examples, ...found].slice(0, EXAMPLES_LIMIT);
}

function numberOf(value: unknown): number | null {
  return isNumber(value) ? value : null;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
