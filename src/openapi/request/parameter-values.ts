import { type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedParameter, ParameterPlace } from '../description.ts';
import { siteAt } from '../pointer.ts';
import { hidesCookie, splitCookies } from './cookies.ts';
import { createOwnership } from './field-names.ts';
import { isFiledAs } from './outer-name.ts';
import { compileReader, type OpenedRequest, queryField } from './parameter.ts';
import type { ParameterSource, SentHead } from './parameter-judge.ts';
import { decodePercent, type Fields, splitQuery } from './query.ts';
import { shapeOf } from './value-shape.ts';

/** A parameter as it was sent: its value, nothing where it was not, or that nobody can tell what was sent. */
export type SentValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable' };

/** The head of a request, split once for all who read parameters of it, and only if somebody does. */
export interface OpenedHead {
  /** Null where a part of it can't be split. */
  readonly opened: OpenedRequest | null;
}

/** Opens a head. Parameters of the path are given by name, decoded once. */
export function openHead(params: Readonly<Record<string, string>>, { query, headers }: SentHead): OpenedHead {
  const fields = splitQuery(query);
  if (!fields.ok) return { opened: null };
  return { opened: { params, headers, fields: fields.value, cookies: splitCookies(headers.get('cookie')) } };
}

/** What reads one parameter, and whether its values are known to be texts, or truth values. */
export interface ValueReader {
  readonly type: 'string' | 'boolean' | 'any';
  readonly read: (head: OpenedHead) => SentValue;
}

const MISSING: SentValue = { kind: 'missing' };
const UNREADABLE: SentValue = { kind: 'unreadable' };

/**
 * Reads a described parameter exactly as it is judged: of several readings the first that is valid counts, and what has
 * none is unreadable. So is one of the query of which parts are sent that nothing describes, where those may pass.
 */
export function readerOf(parameter: DescribedParameter, made: ParameterSource): Result<ValueReader, readonly Issue[]> {
  const inQuery = made.parameters.flatMap((each) => (each.in === 'query' ? [queryField(made.source, each)] : []));
  const isOwned = createOwnership(inQuery, made.credentials);
  const reader = compileReader(parameter, { source: made.source, readJson: made.readJson, isOwned });
  if (!reader.ok) return reader;
  const hides = parameter.in === 'cookie';
  const isSentInParts = ({ fields }: OpenedRequest): boolean =>
    parameter.in === 'query' &&
    isFiledAs(
      parameter.name,
      [...fields.values.keys()].filter((name) => !isOwned(name)),
    );
  return ok({
    type: typeOf(parameter, made),
    read({ opened }) {
      if (opened === null) return UNREADABLE;
      if (hides && hidesCookie(opened.headers.get('cookie') ?? '', parameter.name)) return UNREADABLE;
      if (isSentInParts(opened)) return UNREADABLE;
      const value = reader.value(opened);
      if (value === null) return UNREADABLE;
      return value.value === undefined ? MISSING : { kind: 'value', value: value.value };
    },
  });
}

function typeOf(
  { schemaPointer, contentMediaType }: DescribedParameter,
  { source }: ParameterSource,
): ValueReader['type'] {
  const shape = contentMediaType === null ? shapeOf(source, siteAt(source.document, schemaPointer)?.value) : null;
  if (contentMediaType !== null) return 'any';
  if (shape === null) return 'string';
  const [only, ...others] = shape.scalars;
  const isAlone = others.length === 0 && shape.array === null && shape.object === null;
  return isAlone && (only === 'string' || only === 'boolean') ? only : 'any';
}

/** Reads a parameter that nothing describes, as text: one that was sent several times, or in parts, is unreadable. */
export function plainReader(place: Exclude<ParameterPlace, 'querystring'>, name: string): ValueReader {
  return { type: 'string', read: ({ opened }) => (opened === null ? UNREADABLE : PLAIN[place](opened, name)) };
}

const PLAIN = {
  path: ({ params }, name) => (Object.hasOwn(params, name) ? { kind: 'value', value: params[name] } : MISSING),
  query: ({ fields }, name) => (isFiledAs(name, fields.values.keys()) ? UNREADABLE : onlyOne(fields, name)),
  header: ({ headers }, name) => {
    const sent = headers.all(name.toLowerCase());
    if (sent.length === 0) return MISSING;
    return sent.length === 1 ? { kind: 'value', value: (sent[0] as string).trim() } : UNREADABLE;
  },
  cookie: ({ cookies, headers }, name) =>
    hidesCookie(headers.get('cookie') ?? '', name)
      ? UNREADABLE
      : onlyOne({ values: cookies, encoded: true, decode: decodePercent }, name),
} as const satisfies Record<Exclude<ParameterPlace, 'querystring'>, (opened: OpenedRequest, name: string) => SentValue>;

function onlyOne({ values, decode }: Fields, name: string): SentValue {
  const sent = values.get(name);
  if (sent === undefined) return MISSING;
  const value = sent.length === 1 ? decode(sent[0] as string) : null;
  return value === null ? UNREADABLE : { kind: 'value', value };
}
