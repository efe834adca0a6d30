import { children, isObject, member, type ObjectSite, own, parsePointer, pointerTo, type Site } from '../pointer.ts';
import { isReference, type References } from '../reference.ts';
import { HEIGHT_LIMIT } from '../validate/limits.ts';
import { addFacets, type Facets, isEmpty, type Missing, missingOf, noFacets } from './facets.ts';

/** An input that its schema leaves open, where that schema stands. */
export interface Opening {
  /** `limit`, or where the value stands in it: `Order.lines[].sku`. */
  readonly name: string;
  readonly pointer: string;
  readonly missing: readonly Missing[];
  readonly facets: Facets;
}

/**
 * A part of a document that is looked at once and counts in every operation that comes to it: what a schema says of a
 * value, or of what is inside that value. `next` are the units it comes to in its turn.
 */
export interface Unit {
  inputs: number;
  /** By their pointers: alternatives of several schemas may come to one. */
  readonly openings: Map<string, Opening>;
  readonly next: Unit[];
}

/** Makes the units of a document. They are whole once `finish` was called. */
export interface Units {
  /** The value at a site, of a name; `examples` are given outside of its schema. */
  whole(site: Site, name: string, examples?: readonly unknown[]): Unit;
  finish(): void;
}

/** What a schema says of a value as it stands and by `$ref` and `allOf`, or may say by one of its alternatives. */
interface Said {
  readonly facets: Facets;
  /** The schemas that are written here, without those that are referred to. */
  readonly written: readonly ObjectSite[];
  readonly referred: readonly ObjectSite[];
  /** Of all of them, and of those that are written here. */
  readonly alternatives: readonly (readonly Site[])[];
  readonly ownAlternatives: readonly Site[];
}

/** Alternatives of alternatives are looked at no further than this, in all of a document; they count as open then. */
const ALTERNATIVES_LIMIT = 20_000;

/** Of schemas that say something of one value, further ones are not looked at: no validator takes as many inside one another. */
const JOINED_LIMIT = 200;

/** What the reading of one document has come to. */
interface Reader {
  readonly references: References;
  readonly specification: '3.0' | '3.1' | '3.2';
  readonly values: Map<object, Unit>;
  readonly insides: Map<object, Unit>;
  /** Units that somebody has and nobody has read: schemas may go round in circles. */
  readonly waiting: (() => void)[];
  looked: number;
}

/** Reads units as they are asked for, without recursion over references. */
export function createUnits(references: References, specification: '3.0' | '3.1' | '3.2'): Units {
  const waiting: (() => void)[] = [];
  const reader: Reader = { references, specification, values: new Map(), insides: new Map(), waiting, looked: 0 };
  return {
    whole(site, name, examples = []) {
      const unit = createUnit();
      take(reader, unit, { site, name, examples });
      return unit;
    },
    finish() {
      for (let read = waiting.pop(); read !== undefined; read = waiting.pop()) read();
    },
  };
}

/** A value that is asked for: its schema, what it is called, and the examples that are given outside of the schema. */
interface Asked {
  readonly site: Site;
  readonly name: string;
  readonly examples?: readonly unknown[];
}

function take(reader: Reader, unit: Unit, { site, name, examples = [] }: Asked): void {
  if (isReadOnly(site, reader)) return;
  judgeValue(reader, unit, { site, name, around: examples.length > 0 ? noFacets(examples) : null, depth: 0 });
  if (isPlainReference(site.value, reader)) {
    const target = targetOf(reader, site as ObjectSite);
    if (target !== null) unit.next.push(insideOf(reader, target));
  } else readInside(reader, unit, site, name);
}

/** A value to be judged; `around` is what is known of it from schemas around this one. */
interface Judged {
  readonly site: Site;
  readonly name: string;
  readonly around: Facets | null;
  /** How many alternatives it stands in. */
  readonly depth: number;
}

function judgeValue(reader: Reader, unit: Unit, { site, name, around, depth }: Judged): void {
  if (site.value === false) return;
  if ((around === null || isEmpty(around)) && isPlainReference(site.value, reader)) {
    const target = targetOf(reader, site as ObjectSite);
    if (target !== null) unit.next.push(valueOf(reader, target));
    return;
  }
  const { facets, alternatives } = gather(reader, site, around === null ? noFacets() : { ...around });
  const missing = missingOf(facets);
  const [first] = alternatives;
  const looksOn = depth < HEIGHT_LIMIT && reader.looked < ALTERNATIVES_LIMIT;
  if (first !== undefined && missing.length > 0 && looksOn) {
    // Of several lists each one must hold; that it is the first that closes a value is most often so.
    reader.looked += first.length;
    for (const alternative of first)
      judgeValue(reader, unit, { site: alternative, name, around: facets, depth: depth + 1 });
    return;
  }
  unit.inputs += 1;
  const { pointer } = site;
  if (missing.length > 0) unit.openings.set(pointer, { name, pointer, missing, facets });
}

function readInside(reader: Reader, unit: Unit, site: Site, name: string): void {
  const { written, referred, ownAlternatives } = gather(reader, site, noFacets());
  for (const target of referred) unit.next.push(insideOf(reader, target));
  for (const schema of written) {
    readParts(schema, (part, path) => take(reader, unit, { site: part, name: name + path }));
  }
  const names = new Set(written.flatMap(({ value }) => Object.keys(objectOf(own(value, 'properties')))));
  for (const conditional of written.flatMap(conditionals)) {
    // What is described there in addition; what is described before is judged there.
    readParts(conditional, (part, path, property) => {
      if (property === null || !names.has(property)) take(reader, unit, { site: part, name: name + path });
    });
  }
  for (const alternative of ownAlternatives) readInside(reader, unit, alternative, name);
}

function conditionals(schema: ObjectSite): readonly ObjectSite[] {
  const sites = [member(schema, 'then'), member(schema, 'else'), ...children(member(schema, 'dependentSchemas'))];
  return sites.flatMap(({ value, pointer }) => (isObject(value) ? [{ value, pointer }] : []));
}

function valueOf(reader: Reader, target: ObjectSite): Unit {
  return shared(reader, reader.values, target, (unit, name) =>
    judgeValue(reader, unit, { site: target, name, around: null, depth: 0 }),
  );
}

function insideOf(reader: Reader, target: ObjectSite): Unit {
  return shared(reader, reader.insides, target, (unit, name) => readInside(reader, unit, target, name));
}

function shared(
  { waiting }: Reader,
  table: Map<object, Unit>,
  target: ObjectSite,
  read: (unit: Unit, name: string) => void,
): Unit {
  const known = table.get(target.value);
  if (known !== undefined) return known;
  const unit = createUnit();
  table.set(target.value, unit);
  waiting.push(() => read(unit, nameOf(target)));
  return unit;
}

/** What is said of the value at a site; `facets` are added to. */
function gather(reader: Reader, site: Site, facets: Facets): Said {
  const said: Gathering = { facets, written: [], referred: [], alternatives: [], ownAlternatives: [] };
  visit(reader, site, { said, seen: new Set(), isWritten: true });
  return said;
}

interface Gathering extends Said {
  readonly written: ObjectSite[];
  readonly referred: ObjectSite[];
  readonly alternatives: (readonly Site[])[];
  readonly ownAlternatives: Site[];
}

interface Visit {
  readonly said: Gathering;
  readonly seen: Set<object>;
  readonly isWritten: boolean;
}

function visit(reader: Reader, { value, pointer }: Site, at: Visit): void {
  const { said, seen, isWritten } = at;
  if (!isObject(value) || seen.has(value) || seen.size >= JOINED_LIMIT) return;
  const schema = { value, pointer };
  seen.add(value);
  if (isReference(value)) {
    const target = targetOf(reader, schema);
    if (target !== null && isWritten) said.referred.push(target);
    if (target !== null) visit(reader, target, { ...at, isWritten: false });
    if (reader.specification === '3.0') return;
  }
  if (isWritten) said.written.push(schema);
  addFacets(said.facets, value);
  for (const part of children(member(schema, 'allOf'))) visit(reader, part, at);
  for (const keyword of ['oneOf', 'anyOf']) {
    const list = children(member(schema, keyword));
    if (list.length === 0) continue;
    said.alternatives.push(list);
    if (isWritten) said.ownAlternatives.push(...list);
  }
}

/** The object that a reference ends at; null where it stands for true or false. */
function targetOf({ references }: Reader, site: ObjectSite): ObjectSite | null {
  const end = references.follow(site, () => {});
  return end !== null && isObject(end.value) ? { value: end.value, pointer: end.pointer } : null;
}

function createUnit(): Unit {
  return { inputs: 0, openings: new Map(), next: [] };
}

/** Calls `take` with each schema that judges a part of the value; `property` is the name where it is a property's. */
function readParts(schema: ObjectSite, take: (part: Site, path: string, property: string | null) => void): void {
  for (const [name, value] of Object.entries(objectOf(own(schema.value, 'properties')))) {
    take({ value, pointer: pointerTo(pointerTo(schema.pointer, 'properties'), name) }, `.${name}`, name);
  }
  for (const part of children(member(schema, 'patternProperties'))) take(part, '.*', null);
  for (const name of ['additionalProperties', 'unevaluatedProperties']) {
    const part = member(schema, name);
    if (isObject(part.value) && Object.keys(part.value).length > 0) take(part, '.*', null);
  }
  for (const part of children(member(schema, 'prefixItems'))) take(part, '[]', null);
  for (const name of ['items', 'unevaluatedItems']) {
    const part = member(schema, name);
    if (Array.isArray(part.value)) for (const item of children(part)) take(item, '[]', null);
    else if (isObject(part.value) && Object.keys(part.value).length > 0) take(part, '[]', null);
  }
}

/** Words that bound nothing; a reference with no others beside it says what its target says. */
const NOTES: ReadonlySet<string> = new Set([
  '$ref',
  '$comment',
  'deprecated',
  'description',
  'externalDocs',
  'summary',
  'title',
  'writeOnly',
  'xml',
]);

function isPlainReference(value: unknown, { specification }: Reader): boolean {
  if (!isReference(value)) return false;
  return specification === '3.0' || Object.keys(value).every((name) => NOTES.has(name) || name.startsWith('x-'));
}

/** What is read-only is refused in requests, so it is no input. */
function isReadOnly(site: Site, reader: Reader): boolean {
  if (!isObject(site.value)) return false;
  if (own(site.value, 'readOnly') === true) return true;
  const target = isReference(site.value) ? targetOf(reader, { value: site.value, pointer: site.pointer }) : null;
  return target !== null && own(target.value, 'readOnly') === true;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

/** What is referred to is called by the name it has where it stands. */
function nameOf({ pointer }: ObjectSite): string {
  const tokens = parsePointer(pointer);
  return (tokens.ok ? tokens.value.at(-1) : undefined) ?? '';
}
