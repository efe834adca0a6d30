import type { ParsedBody } from '../../body/index.ts';
import {
  compileBody,
  type OpenedHead,
  type ParameterSource,
  plainReader,
  apiKeyNames,
  outerName,
  readerOf,
  type SentValue,
  type ValueReader,
} from '../../openapi/index.ts';
import {
  type Declaration,
  groupOf,
  type Missing,
  type NamedValues,
  timestampOf,
  type Type,
  UNREADABLE,
} from '../../rules/index.ts';
import { readJsonText, readXmlPart, schemaSource } from '../description-source.ts';
import type { Exchange } from '../exchange.ts';
import { createMediaTypes } from '../media-types.ts';
import type { Operation } from '../operation.ts';
import type { AskedRequest } from './asked-request.ts';
import { CALLER } from './caller-declarations.ts';
import { CONNECTION } from './connection-declarations.ts';
import { type FormValue, multipartValue } from './multipart-value.ts';

type Declared = Declaration<AskedRequest>;

/**
 * What conditions of an operation may name. `document` is that of its API, null where there is none. `more` are the names
 * that only some of them have, such as `response`.
 */
export function declarationsOf(
  operation: Operation,
  document: unknown,
  values: ReadonlyMap<string, NamedValues>,
  more: Readonly<Record<string, Declared>> = {},
): Declared {
  const { described } = operation;
  const isGrpc = described?.grpc !== undefined;
  const text = (read: (asked: AskedRequest) => string | null): Declared =>
    valueOf('string', (asked) => read(asked) ?? undefined);
  const places = described === null || isGrpc ? undescribed(operation) : describedPlaces(operation, document);
  const body = bodyReader(judgedReader(operation, document));
  return groupOf<AskedRequest>({
    request: groupOf<AskedRequest>({
      method: text((asked) => asked.method),
      host: text(({ exchange }) => exchange.request.host),
      path: text(({ exchange }) => exchange.request.path),
      ...places,
      body: valueOf('any', (asked) => {
        if (!asked.hasBody) return UNREADABLE;
        return isGrpc ? asked.message : body(asked.exchange);
      }),
    }),
    // Rules on objects are mostly about them.
    params: places.params,
    ...CALLER,
    ...CONNECTION,
    now: valueOf('timestamp', ({ exchange }) => timestampOf(exchange.startedAtMs)),
    values: groupOf<AskedRequest>(
      Object.fromEntries([...values].map(([name, named]) => [name, { kind: 'named', values: named }])),
    ),
    ...more,
  });
}

function valueOf(type: Type, read: (asked: AskedRequest) => unknown): Declared {
  return { kind: 'value', type, read };
}

/**
 * XML has a value only by a description, which says what is a list, a number, or nothing at all: that of a whole body, or of a
 * form with such parts. Undefined where it has none.
 */
type JudgedReader = (body: ParsedBody, exchange: Exchange) => unknown;

/** Reads bodies as they are held against their description, which the first compiles: most have no XML in them. */
function judgedReader({ described }: Operation, document: unknown): JudgedReader | null {
  if (described === null) return null;
  const mediaTypes = createMediaTypes();
  let judge: ReturnType<typeof compileBody> | null = null;
  return (body, { request: { headers } }) => {
    judge ??= compileBody(schemaSource(document), described.requestBody, readJsonText, readXmlPart);
    return judge.ok ? judge.value.valueOf(body, mediaTypes.read(headers.get('content-type'))) : undefined;
  };
}

/** Reads a body once, however often it is asked for: for each element of a list it may be. */
function bodyReader(judged: JudgedReader | null): (exchange: Exchange) => unknown {
  const known = new WeakMap<ParsedBody, { readonly value: unknown }>();
  return (exchange) => {
    const parsed: ParsedBody = exchange.body('parsed');
    if (parsed.kind !== 'form' && parsed.kind !== 'multipart' && parsed.kind !== 'xml')
      return bodyOf(parsed, exchange, judged);
    const before = known.get(parsed);
    if (before !== undefined) return before.value;
    const value = bodyOf(parsed, exchange, judged);
    known.set(parsed, { value });
    return value;
  };
}

/**
 * A body as conditions read it. A form has texts, one of parts files too; one in which a name stands twice has no single
 * reading, and what nobody here reads has none either. Nor has a field that is sent in parts (`role[]`).
 */
function bodyOf(parsed: ParsedBody, exchange: Exchange, judged: JudgedReader | null): unknown {
  switch (parsed.kind) {
    case 'empty':
      return undefined;
    case 'json':
      return parsed.value;
    case 'text':
      return parsed.text;
    case 'form': {
      const fields: Record<string, string> = Object.create(null) as Record<string, string>;
      for (const [name, [value, ...others]] of parsed.fields) {
        if (value === undefined || others.length > 0) return UNREADABLE;
        fields[name] = value;
      }
      return withoutParts(fields);
    }
    case 'multipart': {
      const form = multipartValue(parsed.parts, judged && (() => judged(parsed, exchange) as FormValue | undefined));
      return form === null ? UNREADABLE : withoutParts(form);
    }
    case 'xml': {
      const value = judged?.(parsed, exchange);
      return value === undefined ? UNREADABLE : value;
    }
    case 'opaque':
      return UNREADABLE;
  }
}

/** Servers make one field of what is sent in parts: it is there, and nobody can tell what it is. */
function withoutParts(form: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const parts = Object.keys(form).filter((name) => outerName(name) !== name);
  if (parts.length === 0) return form;
  const read = Object.assign(Object.create(null) as Record<string, unknown>, form);
  for (const name of parts) read[outerName(name)] = UNREADABLE;
  return read;
}

type Place = 'path' | 'query' | 'header' | 'cookie';
type Places = Readonly<Record<'params' | 'query' | 'headers' | 'cookies', Declared>>;

const KEYS = [
  ['params', 'path'],
  ['query', 'query'],
  ['headers', 'header'],
  ['cookies', 'cookie'],
] as const satisfies readonly (readonly [keyof Places, Place])[];

const TYPES = { string: 'string', boolean: 'bool', any: 'any' } as const;

function declaredBy({ type, read }: ValueReader): Declared {
  return valueOf(TYPES[type], (asked) => plain(read(asked.head)));
}

/** The same, looked for once a head: a query and cookies are gone through whole, and a rule may ask for each of many elements. */
function declaredOnce({ type, read }: ValueReader): Declared {
  const known = new WeakMap<OpenedHead, { readonly value: unknown }>();
  return valueOf(TYPES[type], ({ head }) => {
    const before = known.get(head);
    if (before !== undefined) return before.value;
    const value = plain(read(head));
    known.set(head, { value });
    return value;
  });
}

/** What of a head costs more to find the more of it there is. */
const LOOKED_THROUGH: ReadonlySet<Place> = new Set(['query', 'cookie']);

function declaredAt(place: Place, reader: ValueReader): Declared {
  return LOOKED_THROUGH.has(place) ? declaredOnce(reader) : declaredBy(reader);
}

/**
 * In a path a number is the name of something, and servers read its text, some only as far as its digits go: one that is not
 * written as it is counted, such as `70e-1` for 7, has no single reading.
 */
function asWritten(described: ValueReader, name: string): ValueReader {
  const written = plainReader('path', name);
  return {
    type: described.type,
    read(head) {
      const sent = described.read(head);
      if (sent.kind !== 'value' || typeof sent.value !== 'number') return sent;
      const text = String(sent.value);
      const raw = written.read(head);
      const isPlain = raw.kind === 'value' && [text, `.${text}`, `;${name}=${text}`].includes(String(raw.value));
      return isPlain ? sent : { kind: 'unreadable' };
    },
  };
}

function plain(sent: SentValue): unknown {
  if (sent.kind === 'value') return sent.value;
  return sent.kind === 'missing' ? undefined : UNREADABLE;
}

/** Of a route written by hand nothing is known but the parameters of its path: all else is text, sent once. */
function undescribed({ template }: Operation): Places {
  const inPath = [...template.matchAll(/\{([^}.]+)(?:\.\.\.)?\}/g)].map(([, name]) => name as string);
  return placesOf(
    (place, name) => {
      if (place === 'path' && !inPath.includes(name)) return missing('the path has no parameter of this name');
      return declaredAt(place, plainReader(place, name));
    },
    (place) => (place === 'path' ? inPath : []),
  );
}

/** Header fields that are not described are texts; other parameters must be described to be named. */
function describedPlaces({ described }: Operation, document: unknown): Places {
  const parameters = described?.parameters ?? [];
  const source = schemaSource(document);
  const credentials = apiKeyNames(document, described?.security ?? null, 'query');
  const made: ParameterSource = { source, parameters, credentials, readJson: readJsonText };
  const same = (place: Place, name: string, other: string): boolean =>
    place === 'header' ? name.toLowerCase() === other.toLowerCase() : name === other;
  return placesOf(
    (place, name) => {
      const parameter = parameters.find((each) => each.in === place && same(place, name, each.name));
      if (parameter === undefined)
        return place === 'header'
          ? declaredBy(plainReader(place, name))
          : missing('the description has no such parameter');
      const reader = readerOf(parameter, made);
      if (!reader.ok) return missing('the description of it can’t be used');
      return declaredAt(place, place === 'path' ? asWritten(reader.value, name) : reader.value);
    },
    (place) => parameters.filter((each) => each.in === place).map(({ name }) => name),
  );
}

function placesOf(
  find: (place: Place, name: string) => Declared | Missing,
  names: (place: Place) => readonly string[],
): Places {
  const group = (place: Place): Declared => ({ kind: 'group', names: names(place), find: (name) => find(place, name) });
  return Object.fromEntries(KEYS.map(([key, place]) => [key, group(place)])) as unknown as Places;
}

function missing(message: string): Missing {
  return { kind: 'missing', message, fix: null };
}
