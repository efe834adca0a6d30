/**
 * What validators cost without the gateway around them, CPU µs for each value: ours from the bytes to the verdict, and
 * Ajv on data that is parsed already, and from the bytes. Prints one line of JSON, `load → who → µs`, of all
 * loads or of those that the arguments name.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { type BodyLimits, DEFAULT_BODY_LIMITS, parseBody, parseMediaType } from '../../src/body/index.ts';
import {
  compileBody,
  compileParameters,
  compileReplies,
  compileValidator,
  describeApi,
} from '../../src/openapi/index.ts';
import { valueOf } from '../system/value-of.ts';
import { type Course, leastCost } from './least-cost.ts';
import { INNER_LOADS, type InnerLoad, PAGE_BODY, queryOf, requestOf, VALIDATE_DESCRIPTION } from './validate-loads.ts';
import { xmlJudges } from './validate-xml.ts';

/** Judges the value of this number, and says whether it holds. */
type Judge = (at: number) => boolean;

/** Who judges a load. `parsed` is Ajv on data that is parsed, `bytes` Ajv behind `JSON.parse`. */
interface Judges {
  readonly ours: Judge;
  readonly ajv_parsed: Judge;
  readonly ajv_bytes: Judge;
}

const VALUES = 16;
/** Other schemas that judge in between: the code that all share is not to fit one of them. */
const OTHER_SCHEMAS = 200;

const document = parse(VALIDATE_DESCRIPTION) as object;
const source = { document, specification: '3.1' } as const;
const ajv = createAjv();

/** A validator of Ajv. */
type AjvValidator = (value: unknown) => boolean;

function createAjv(): { compile: (schema: object) => AjvValidator } {
  const made = new Ajv2020({ strict: false, allErrors: false });
  addFormats.default(made);
  return made;
}

/** The schema of a component, with what it refers to: Ajv resolves within one schema. */
function ajvOf(name: string): AjvValidator {
  return ajv.compile({ $ref: `#/components/schemas/${name}`, ...document });
}

function operationOf(id: string) {
  const found = valueOf(describeApi(document, () => null)).operations.find((operation) => operation.id === id);
  if (found === undefined) throw new Error(`no operation ${id}`);
  return found;
}

function bodyJudges(load: 'body_1kb' | 'body_100kb', id: string): Judges {
  const judge = valueOf(compileBody(source, operationOf(id).requestBody, () => undefined));
  const mediaType = parseMediaType('application/json');
  const texts = Array.from({ length: VALUES }, (_, at) => requestOf(load, at).body);
  return {
    ...ajvJudges(ajvOf('Order'), texts),
    ours: bytesJudge(texts, (body) => judge.whole(body, mediaType.ok ? mediaType.value : null) === null),
  };
}

/** Ours: the parser and the judge of replies, as `validate: strict` asks them. */
function responseJudges(): Judges {
  const { responses } = operationOf('listCatalogue');
  const reply = valueOf(compileReplies(source, responses, () => undefined)).of(200);
  const mediaType = parseMediaType('application/json');
  const content = mediaType.ok ? (reply?.contentOf(mediaType.value) ?? null) : null;
  const texts = Array.from({ length: VALUES }, () => PAGE_BODY);
  return {
    ...ajvJudges(ajvOf('Page'), texts),
    ours: bytesJudge(texts, (body) => mediaType.ok && content?.judge(body, mediaType.value) === null),
  };
}

type Parsed = Extract<ReturnType<typeof parseBody>, { ok: true }>['value'];

function bytesJudge(
  texts: readonly string[],
  holds: (body: Parsed) => boolean,
  limits: BodyLimits = DEFAULT_BODY_LIMITS,
): Judge {
  const bodies = texts.map((text) => Buffer.from(text));
  return (at) => {
    const read = parseBody('application/json', bodies[at % VALUES] as Buffer, limits);
    return read.ok && holds(read.value);
  };
}

function ajvJudges(validate: AjvValidator, texts: readonly string[]): Omit<Judges, 'ours'> {
  const bodies = texts.map((text) => Buffer.from(text));
  const values = texts.map((text) => JSON.parse(text) as unknown);
  return {
    ajv_parsed: (at) => validate(values[at % VALUES]),
    ajv_bytes: (at) => validate(JSON.parse((bodies[at % VALUES] as Buffer).toString()) as unknown),
  };
}

/**
 * Ours reads the query and a path's part as they were sent. Ajv has an object of values that are split, decoded and
 * converted already; `bytes` splits them with URLSearchParams and converts by hand what the description says.
 */
function parameterJudges(): Judges {
  const { parameters } = operationOf('getOrder');
  const judge = valueOf(compileParameters({ source, parameters, credentials: [], readJson: () => undefined }));
  const queries = Array.from({ length: VALUES }, (_, at) => queryOf(at));
  const headers = { all: () => [], get: () => null };
  const properties = Object.fromEntries(
    parameters.map(({ name, schemaPointer }) => [name, { $ref: `#${schemaPointer}` }]),
  );
  const schema = { type: 'object', additionalProperties: false, required: ['orderId'], properties, ...document };
  const validate = ajv.compile(schema);
  const values = queries.map((query, at) => parametersOf(String(1000 + at), query));
  return {
    ours: (at) =>
      judge({ orderId: String(1000 + (at % VALUES)) }, { query: queries[at % VALUES] as string, headers }) === null,
    ajv_parsed: (at) => validate(values[at % VALUES]),
    ajv_bytes: (at) => validate(parametersOf(String(1000 + (at % VALUES)), queries[at % VALUES] as string)),
  };
}

function parametersOf(orderId: string, query: string): object {
  const { limit, express, status = '', ...others } = Object.fromEntries(new URLSearchParams(query));
  return {
    orderId: Number(orderId),
    limit: Number(limit),
    express: express === 'true',
    status: status.split(','),
    ...others,
  };
}

/** Judges values by many other schemas, as a gateway does that stands before many APIs. */
function judgeOthers(): void {
  for (let at = 0; at < OTHER_SCHEMAS; at++) {
    const properties = Object.fromEntries(
      Array.from({ length: 1 + (at % 12) }, (_, index) => [`${'abc'[index % 3]}${at}${index}`, otherOf(at + index)]),
    );
    const schema = { type: 'object', properties, required: Object.keys(properties), maxProperties: 20 };
    const other = { openapi: '3.1.0', components: { schemas: { Other: schema } } };
    const compiled = compileValidator({ document: other, specification: '3.1' }, '/components/schemas/Other', {
      closed: at % 2 === 0,
      direction: 'request',
    });
    const validate = valueOf(compiled);
    const theirs = ajv.compile(schema);
    const value = Object.fromEntries(Object.keys(properties).map((name, index) => [name, sampleOf(at + index)]));
    for (let times = 0; times < 200; times++) {
      if (validate(value) !== null || !theirs(value)) throw new Error(JSON.stringify({ schema, value }));
    }
  }
}

const OTHERS: readonly (readonly [schema: object, sample: unknown])[] = [
  [{ type: 'string', minLength: 1 }, 'text'],
  [{ type: 'integer', multipleOf: 3 }, 9],
  [{ type: 'array', uniqueItems: true, items: { type: 'number' } }, [1, 2.5]],
  [{ anyOf: [{ type: 'null' }, { const: 'x' }] }, 'x'],
  [{ type: 'object', additionalProperties: { type: 'boolean' } }, { yes: true }],
  [{ oneOf: [{ type: 'string', format: 'date' }, { type: 'number' }] }, '2026-02-03'],
  [{ allOf: [{ minimum: 1 }, { maximum: 7 }] }, 3],
];

function otherOf(at: number): object {
  return OTHERS[at % OTHERS.length]?.[0] ?? {};
}

function sampleOf(at: number): unknown {
  return OTHERS[at % OTHERS.length]?.[1];
}

/** All values once. */
function allOf(judge: Judge): Course {
  return () => {
    for (let at = 0; at < VALUES; at++) if (!judge(at)) throw new Error(`value ${at} is refused`);
    return VALUES;
  };
}

const LOADS: Readonly<Record<InnerLoad, () => Judges>> = {
  params: parameterJudges,
  body_1kb: () => bodyJudges('body_1kb', 'createOrder'),
  body_100kb: () => bodyJudges('body_100kb', 'importOrder'),
  response_10kb: responseJudges,
  xml: () => xmlJudges((schema) => ajv.compile(schema)),
};

judgeOthers();
const asked = process.argv.slice(2);
const figures: Partial<Record<InnerLoad, Record<keyof Judges, number>>> = {};
for (const load of INNER_LOADS.filter((each) => asked.length === 0 || asked.includes(each))) {
  const { ours, ajv_parsed, ajv_bytes } = LOADS[load]();
  figures[load] = {
    ours: await leastCost(allOf(ours)),
    ajv_parsed: await leastCost(allOf(ajv_parsed)),
    ajv_bytes: await leastCost(allOf(ajv_bytes)),
  };
}
process.stdout.write(`${JSON.stringify(figures)}\n`);
