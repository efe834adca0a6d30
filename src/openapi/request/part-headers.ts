import { err, type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedParameter } from '../description.ts';
import { children, isObject, own, parsePointer, type PlainObject, pointerTo, type Site } from '../pointer.ts';
import type { SchemaSource, ValidatorOptions } from '../validate/validator.ts';
import { NO_COOKIES } from './cookies.ts';
import type { JsonReader } from './json-text.ts';
import { compileParameter, type ParameterCheck } from './parameter.ts';
import { OTHER_HEADER, Unreadable } from './unreadable.ts';
import type { Fields } from './query.ts';
import { referencesOf } from './value-shape.ts';

/** Says what is wrong with the header fields of a part; null where they hold. */
export type PartHeaderJudge = (headers: ReadonlyMap<string, string>) => Unreadable | null;

/** Where nothing is described, no header field passes but those of MIME, which are judged by themselves. */
export const NO_PART_HEADERS: PartHeaderJudge = ({ size }) => (size === 0 ? null : OTHER_HEADER);

/** What the header fields of parts are compiled with. */
export interface PartHeaderContext {
  readonly source: SchemaSource;
  readonly readJson: JsonReader;
  readonly validation: ValidatorOptions;
}

/**
 * Compiles the `headers` of an Encoding Object (OpenAPI 3.2 §4.15.1): those that are required must be there, what is
 * there must be as described, and no others are. Those of MIME (`Content-Disposition`) are judged as parts are read.
 */
export function compilePartHeaders(
  encoding: Site,
  context: PartHeaderContext,
): Result<PartHeaderJudge, readonly Issue[]> {
  const headers = isObject(encoding.value) ? own(encoding.value, 'headers') : undefined;
  if (!isObject(headers)) return ok(NO_PART_HEADERS);
  const issues: Issue[] = [];
  const checks = new Map<string, ParameterCheck>();
  for (const site of children({ value: headers, pointer: pointerTo(encoding.pointer, 'headers') })) {
    const name = nameAt(site).toLowerCase();
    const parameter = name.startsWith('content-') ? null : describeHeader(name, site, context.source);
    if (parameter === null) continue;
    const made = compileParameter(parameter, { ...context, isOwned: () => false });
    if (made.ok) checks.set(name, made.value.check);
    else issues.push(...made.error);
  }
  return issues.length > 0 ? err(issues) : ok(judgeOf(checks));
}

function judgeOf(checks: ReadonlyMap<string, ParameterCheck>): PartHeaderJudge {
  return (headers) => {
    for (const name of headers.keys()) if (!checks.has(name)) return OTHER_HEADER;
    const sent = {
      get: (name: string): string | null => headers.get(name) ?? null,
      all: (name: string): readonly string[] => (headers.has(name) ? [headers.get(name) as string] : []),
    };
    for (const check of checks.values()) {
      const details = check({ params: {}, fields: NO_FIELDS, cookies: NO_COOKIES, headers: sent });
      if (details !== null) return new Unreadable(`has a header field that ${details[0] ?? 'does not hold'}`);
    }
    return null;
  };
}

const NO_FIELDS: Fields = { values: new Map(), encoded: true, decode: () => null };

function nameAt({ pointer }: Site): string {
  const tokens = parsePointer(pointer);
  return (tokens.ok ? tokens.value.at(-1) : undefined) ?? '';
}

/** A Header Object as a parameter; null where the site holds none. */
function describeHeader(name: string, site: Site, { document }: SchemaSource): DescribedParameter | null {
  const found = referencesOf(document).follow(site, () => {});
  if (found === null || !isObject(found.value)) return null;
  const { value: header, pointer } = found;
  const content = contentOf(header);
  const place = content === null ? pointer : pointerTo(pointerTo(pointer, 'content'), content.mediaType);
  const described = content === null ? header : content.described;
  return {
    name,
    in: 'header',
    pointer,
    required: own(header, 'required') === true,
    deprecated: false,
    style: 'simple',
    explode: own(header, 'explode') === true,
    allowReserved: false,
    allowEmptyValue: false,
    schemaPointer: own(described, 'schema') === undefined ? null : pointerTo(place, 'schema'),
    contentMediaType: content?.mediaType ?? null,
  };
}

function contentOf(header: PlainObject): { readonly mediaType: string; readonly described: PlainObject } | null {
  const content = own(header, 'content');
  const [mediaType] = isObject(content) ? Object.keys(content) : [];
  if (!isObject(content) || mediaType === undefined) return null;
  const described = own(content, mediaType);
  return { mediaType, described: isObject(described) ? described : {} };
}
