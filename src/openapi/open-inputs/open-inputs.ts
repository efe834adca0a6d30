import type { ApiDescription, DescribedContent, DescribedOperation, ParameterPlace } from '../description.ts';
import { isObject, own, type PlainObject, siteAt, valueAt } from '../pointer.ts';
import { contentUse } from '../request/readable-content.ts';
import { isXmlType } from '../xml/xml-type.ts';
import { isJsonType } from '../request/json-text.ts';
import { referencesOf } from '../request/value-shape.ts';
import type { SchemaSource } from '../validate/validator.ts';
import { type Missing, noFacets } from './facets.ts';
import { proposalFor } from './proposal.ts';
import { createUnits, type Opening, type Unit, type Units } from './units.ts';

/** Where an input is sent: as a parameter, or in the body. */
export type InputPlace = ParameterPlace | 'body';

/** An input that the description leaves open, where its schema stands: to mend it there is to mend it everywhere. */
export interface OpenInput {
  readonly name: string;
  readonly place: InputPlace;
  /** A JSON Pointer to the schema, or to what should have one. */
  readonly pointer: string;
  readonly missing: readonly Missing[];
  /** Keywords that would close it: by its name and by the document's examples, to start from. */
  readonly proposal: PlainObject;
  /** How many operations take it, and the first of them. */
  readonly operations: number;
  readonly operation: string;
}

/** How many inputs an operation has, each schema counted once, and how many of them are open. */
export interface OperationInputs {
  readonly operation: string;
  readonly inputs: number;
  readonly open: number;
}

/** What the description of an API leaves open. */
export interface OpenInputs {
  readonly operations: readonly OperationInputs[];
  /** Those that most operations take come first. */
  readonly open: readonly OpenInput[];
}

/**
 * Finds every input of every operation without a type, or for which length, range, number or names are not bounded:
 * text without `maxLength`, a checked format, a whole pattern or a list of values; numbers without both ends; lists
 * without `maxItems`; objects with room for names that nothing describes. What is refused anyway (read-only properties,
 * bodies that nobody reads) is no input; bytes of a media type are bounded by the size of the body. Pure, and takes time
 * linear in the document and in the schemas that each operation comes to.
 */
export function findOpenInputs(
  document: unknown,
  { specification, operations }: Pick<ApiDescription, 'specification' | 'operations'>,
): OpenInputs {
  const source: SchemaSource = { document, specification };
  const units = createUnits(referencesOf(document), specification);
  const roots = new Map<string, Unit>();
  const taken = operations.map((operation) => ({
    operation: operation.id,
    roots: rootsOf(operation, { source, units, roots }),
  }));
  units.finish();
  const marks = new Map<Unit, Mark>();
  const counted = taken.map(({ operation, roots: own }) => countOperation(operation, own, marks));
  const open = [...marks].flatMap(([unit, mark]) =>
    Array.from(unit.openings.values(), (opening) => openInputOf(opening, mark)),
  );
  return { operations: counted, open: open.toSorted((one, other) => other.operations - one.operations) };
}

interface Survey {
  readonly source: SchemaSource;
  readonly units: Units;
  /** By the pointer of a parameter or a media type, which operations may share. */
  readonly roots: Map<string, Unit>;
}

interface Root {
  readonly unit: Unit;
  readonly place: InputPlace;
}

/** Which operations come to a unit. */
interface Mark {
  readonly place: InputPlace;
  readonly first: string;
  operations: number;
  last: string;
}

function rootsOf({ parameters, requestBody }: DescribedOperation, survey: Survey): readonly Root[] {
  const { source, roots } = survey;
  const found: Root[] = [];
  const add = (place: InputPlace, pointer: string, read: () => Unit): void => {
    const unit = roots.get(pointer) ?? read();
    roots.set(pointer, unit);
    found.push({ unit, place });
  };
  for (const { name, in: place, pointer, schemaPointer } of parameters) {
    add(place, pointer, () => {
      const examples = examplesOf(valueAt(source.document, pointer));
      return unitOf(survey, { name, pointer, schemaPointer, examples });
    });
  }
  for (const content of requestBody?.content ?? []) {
    const { pointer, schemaPointer } = content;
    if (!isInput(source, content)) continue;
    add('body', pointer, () => unitOf(survey, { name: 'body', pointer, schemaPointer, examples: [] }));
  }
  return found;
}

interface Described {
  readonly name: string;
  readonly pointer: string;
  readonly schemaPointer: string | null;
  readonly examples: readonly unknown[];
}

function unitOf({ source, units }: Survey, { name, pointer, schemaPointer, examples }: Described): Unit {
  const schema = siteAt(source.document, schemaPointer);
  if (schema !== null) return units.whole(schema, name, examples);
  const opening: Opening = { name, pointer, missing: ['type'], facets: noFacets(examples) };
  return { inputs: 1, openings: new Map([[pointer, opening]]), next: [] };
}

/** Whether a body is read, so that its schema bounds anything. */
function isInput(source: SchemaSource, content: DescribedContent): boolean {
  const { range, readable, takesBinary, takesAnyXml } = contentUse(source, content);
  if (isXmlType(`${range.type}/${range.subtype}`)) return readable && !takesAnyXml;
  const essence = `${range.type}/${range.subtype}`;
  const isRead = isJsonType(essence) || FORMS.has(essence) || range.type === 'text';
  return readable && (isRead || !takesBinary);
}

const FORMS: ReadonlySet<string> = new Set(['application/x-www-form-urlencoded', 'multipart/form-data']);

function countOperation(operation: string, roots: readonly Root[], marks: Map<Unit, Mark>): OperationInputs {
  let inputs = 0;
  let open = 0;
  const waiting = [...roots];
  for (let root = waiting.pop(); root !== undefined; root = waiting.pop()) {
    const { unit, place } = root;
    const mark = marks.get(unit);
    if (mark?.last === operation) continue;
    if (mark === undefined) marks.set(unit, { place, first: operation, operations: 1, last: operation });
    else {
      mark.operations += 1;
      mark.last = operation;
    }
    inputs += unit.inputs;
    open += unit.openings.size;
    for (const next of unit.next) if (marks.get(next)?.last !== operation) waiting.push({ unit: next, place });
  }
  return { operation, inputs, open };
}

function openInputOf({ name, pointer, missing, facets }: Opening, { place, first, operations }: Mark): OpenInput {
  const proposal = proposalFor(name, missing, facets);
  return { name, place, pointer, missing, proposal, operations, operation: first };
}

/** What a Parameter Object gives as examples, beside its schema. */
function examplesOf(parameter: unknown): readonly unknown[] {
  if (!isObject(parameter)) return [];
  const single = own(parameter, 'example');
  const named = own(parameter, 'examples');
  const values = isObject(named)
    ? Object.values(named).map((one) => (isObject(one) ? own(one, 'value') : undefined))
    : [];
  return [single, ...values].filter((value) => value !== undefined);
}
