import { isDeepStrictEqual } from 'node:util';
import type { DescribedContent, DescribedOperation, DescribedParameter } from '../../src/openapi/index.ts';
import { type Chance } from '../sim/chance.ts';
import { contentsToMake, type WrongBody, wrongBodies, writeBody } from './bodies.ts';
import { factsOf, type Home, isObject, schemaAt, Unbuildable } from './facts.ts';
import type { Call, CallBody } from './judged.ts';
import { mutantsOf, UNDESCRIBED } from './mutations.ts';
import { type Made, makeValue, type Measure } from './values.ts';
import { createHead, type Head, writeParameter } from './written.ts';

/** A call that an operation describes, and what it was made of. */
export interface MadeCall extends Call {
  readonly parts: readonly MadePart[];
  readonly content: DescribedContent | null;
}

/** A value of a call and where it came from; a parameter of null is the body. */
export interface MadePart {
  readonly parameter: DescribedParameter | null;
  readonly schemaPointer: string;
  readonly made: Made;
}

/** A call that was made wrong in one way. */
export interface MutatedCall extends Call {
  readonly what:
    | WrongBody['what']
    | 'missing parameter'
    | 'undescribed parameter'
    | 'parameter twice'
    | 'missing body'
    | 'undescribed body'
    | 'other media type';
  readonly where: string;
}

/** What calls of an operation are made of. */
export interface CallSource {
  readonly operation: DescribedOperation;
  readonly home: Home;
  readonly chance: Chance;
  /** Whether the gateway reads bodies of a type. */
  readonly takes: (mediaType: string) => boolean;
}

/** The contents that calls of an operation are made with, the usual one first; null where there is none. */
export function contentsOf({ operation, takes }: CallSource): readonly (DescribedContent | null)[] {
  const contents = contentsToMake(operation.requestBody?.content ?? [], takes);
  return contents.length === 0 ? [null] : contents;
}

/** Makes a call as the document describes it, its body of this content; throws `Unbuildable` where none is found. */
export function makeCall(source: CallSource, measure: Measure, content: DescribedContent | null): MadeCall {
  const head = createHead();
  const parts: MadePart[] = [];
  for (const parameter of source.operation.parameters) {
    if (!parameter.required && measure === 'least') continue;
    const part = parameterPart(source, parameter, measure);
    if (part === null) continue;
    const trial = createHead();
    try {
      writeParameter(trial, parameter, part.made.value);
    } catch (error) {
      if (parameter.required || !(error instanceof Unbuildable)) throw error;
      continue;
    }
    addHead(head, trial);
    parts.push(part);
  }
  const { requestBody } = source.operation;
  if (requestBody === null || (!requestBody.required && measure === 'least'))
    return { ...head, body: null, parts, content: null };
  if (content === null) throw new Unbuildable('no body of the operation is read');
  const part = bodyPart(source, content, measure);
  if (part !== null) parts.push(part);
  const body = writeBody(source.home, content, part?.made ?? null);
  if (body.text === '') throw new Unbuildable('a body has no bytes');
  return { ...head, body, parts, content };
}

function addHead(head: Head, more: Head): void {
  Object.assign(head.params, more.params);
  head.query.push(...more.query);
  head.headers.push(...more.headers);
  head.cookies.push(...more.cookies);
}

function parameterPart({ home, chance }: CallSource, parameter: DescribedParameter, measure: Measure): MadePart | null {
  const { schemaPointer } = parameter;
  if (schemaPointer === null) return { parameter, schemaPointer: '', made: { value: 'text', sites: [] } };
  try {
    const made = makeValue(schemaAt(home, schemaPointer), home, chance, measure);
    return { parameter, schemaPointer, made };
  } catch (error) {
    if (parameter.required || !(error instanceof Unbuildable)) throw error;
    return null;
  }
}

function bodyPart(
  { home, chance }: CallSource,
  { schemaPointer }: DescribedContent,
  measure: Measure,
): MadePart | null {
  if (schemaPointer === null) return null;
  return { parameter: null, schemaPointer, made: makeValue(schemaAt(home, schemaPointer), home, chance, measure) };
}

/** Makes a call wrong, once in each way that it allows. */
export function mutateCall(source: CallSource, call: MadeCall): readonly MutatedCall[] {
  const mutants = call.parts.flatMap((part) =>
    part.parameter === null ? callsWithWrongBodies(source, call, part) : wrongParameters(source, call, part),
  );
  return [...mutants, ...wrongCalls(source, call)];
}

function callsWithWrongBodies(
  { home, chance }: CallSource,
  call: MadeCall,
  { made }: MadePart,
): readonly MutatedCall[] {
  if (call.content === null || call.body === null) return [];
  return [...wrongBodies(home, call.content, made, chance)].map((wrong) => ({ ...call, ...wrong }));
}

/** Texts have no types of their own, so only those are wrong that no type of the parameter reads. */
function wrongParameters(source: CallSource, call: MadeCall, { parameter, made }: MadePart): readonly MutatedCall[] {
  if (parameter === null || parameter.contentMediaType !== null) return [];
  const { types = null, values = null } = made.sites[0]?.facts ?? {};
  const wrong = mutantsOf(made, source.chance).flatMap(({ what, path, value }) => {
    if (path.length > 0 || what === 'null' || what === 'wrong type' || what === 'undescribed property') return [];
    if (what === 'missing property' || value === '' || (types ?? []).length !== 1) return [];
    return [{ what, value }];
  });
  const [type] = types ?? [];
  const untyped =
    types?.length === 1 && ['integer', 'number', 'boolean'].includes(type ?? '') && made.sites[0]?.chosen === false;
  const all =
    untyped && values === null ? [...wrong, { what: 'wrong type' as const, value: `1${UNDESCRIBED}` }] : wrong;
  return all.flatMap(({ what, value }) => {
    const head = rewritten(call, parameter, value);
    return head === null ? [] : [{ ...call, ...head, what, where: `${parameter.in} ${parameter.name}` }];
  });
}

/** The head of a call with another value of one parameter, or without it; null where that can't be written. */
function rewritten(call: MadeCall, changed: DescribedParameter, value: unknown): Head | null {
  const head = createHead();
  try {
    for (const { parameter, made } of call.parts) {
      if (parameter === null) continue;
      if (parameter !== changed) writeParameter(head, parameter, made.value);
      else if (value !== undefined) writeParameter(head, parameter, value);
    }
  } catch (error) {
    if (error instanceof Unbuildable) return null;
    throw error;
  }
  return isDeepStrictEqual(head, pickHead(call)) ? null : head;
}

function pickHead({ params, query, headers, cookies }: Head): Head {
  return { params, query, headers, cookies };
}

/** What is wrong with a call as a whole. */
function* wrongCalls(source: CallSource, call: MadeCall): Generator<MutatedCall> {
  const { operation, takes } = source;
  for (const { parameter, made } of call.parts) {
    if (parameter === null || parameter.in === 'path' || !parameter.required) continue;
    const text = isObject(made.value) || Array.isArray(made.value);
    const head = rewritten(call, parameter, undefined);
    if (head !== null && !text) yield { ...call, ...head, what: 'missing parameter', where: parameter.name };
  }
  if (operation.parameters.every((parameter) => hasOneName(source, parameter))) {
    yield { ...call, query: [...call.query, `${UNDESCRIBED}=1`], what: 'undescribed parameter', where: '' };
    const plain = call.parts.find(({ parameter, made }) => parameter?.in === 'query' && typeof made.value === 'number');
    const field =
      plain === undefined ? undefined : call.query.find((text) => text.startsWith(`${plain.parameter?.name}=`));
    if (field !== undefined) yield { ...call, query: [...call.query, field], what: 'parameter twice', where: field };
  }
  const body: CallBody = { mediaType: 'application/json', text: '{}' };
  if (operation.requestBody === null) yield { ...call, body, what: 'undescribed body', where: '' };
  if (call.body === null) return;
  if (operation.requestBody?.required === true) yield { ...call, body: null, what: 'missing body', where: '' };
  const other = 'application/vnd.undescribed';
  if (!takes(other)) yield { ...call, body: { ...call.body, mediaType: other }, what: 'other media type', where: '' };
}

/** Whether a parameter goes by its own name alone: one that may be an object, or that says nothing of its value, may take others. */
function hasOneName(
  { home, chance }: CallSource,
  { in: place, schemaPointer, contentMediaType }: DescribedParameter,
): boolean {
  if (place === 'querystring') return false;
  if (place !== 'query' || contentMediaType !== null) return true;
  const { types } = factsOf(schemaPointer === null ? [] : [schemaAt(home, schemaPointer)], home, chance);
  return types !== null && !types.includes('object');
}
