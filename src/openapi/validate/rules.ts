import type { PlainObject } from '../pointer.ts';
import { multipleTest } from './decimal.ts';
import { areUnique, equals } from './equality.ts';
import { encodingOf, formatOf } from './format.ts';
import { ANY_KIND, KIND, TYPE_KINDS } from './kind.ts';
import { GROUP } from './keyword-groups.ts';
import type { KeywordReader } from './keyword-reader.ts';
import type { Matcher } from './pattern.ts';

/** Something that values of one kind must be like. */
export interface Rule<T> {
  readonly holds: (value: T) => boolean;
  readonly message: string;
}

/** What a schema itself asks of a value, without the schemas inside it. */
export interface Rules {
  /** The kinds that are allowed, and what to say of others. */
  readonly kinds: number;
  readonly kindMessage: string;
  readonly any: readonly Rule<unknown>[];
  readonly number: readonly Rule<number>[];
  readonly string: readonly Rule<string>[];
  /** What a string must match, once all other rules hold: its length is bounded by then. */
  readonly pattern: Matcher | null;
  readonly array: readonly Rule<readonly unknown[]>[];
  readonly object: readonly Rule<PlainObject>[];
  /** What must be there, unless the direction excuses it. */
  readonly required: readonly string[];
  /** How many items `contains` asks for. */
  readonly leastContained: number;
  readonly mostContained: number | null;
}

/**
 * Reads the keywords of JSON Schema 2020-12 §6 (validation) and §7 (format) from one schema; `groups` are those of the
 * keywords that stand in it.
 */
export function readRules(reader: KeywordReader, groups: number): Rules {
  const { kinds, message } = readKinds(reader);
  const contained = (groups & GROUP.contained) !== 0;
  return {
    kinds,
    kindMessage: message,
    any: (groups & GROUP.any) === 0 ? NONE : readValues(reader),
    number: (groups & GROUP.number) === 0 ? NONE : readNumber(reader),
    string: (groups & GROUP.string) === 0 ? NONE : readString(reader),
    pattern: readPattern(reader),
    array: (groups & GROUP.array) === 0 ? NONE : readArray(reader),
    object: (groups & GROUP.object) === 0 ? NONE : readObject(reader),
    required: reader.names('required'),
    leastContained: contained ? (reader.count('minContains') ?? 1) : 1,
    mostContained: contained ? reader.count('maxContains') : null,
  };
}

const NONE: readonly never[] = [];

const KIND_NAMES: ReadonlyMap<string, string> = new Map([
  ['null', 'null'],
  ['boolean', 'true or false'],
  ['integer', 'a whole number'],
  ['number', 'a number'],
  ['string', 'a string'],
  ['array', 'an array'],
  ['object', 'an object'],
]);

/** The kinds that a `type` names, and what is said of others. */
interface Kinds {
  readonly kinds: number;
  readonly message: string;
}

const ANY: Kinds = { kinds: ANY_KIND, message: '' };

/** Of each type, where it is the only one. */
const SINGLE_KINDS: ReadonlyMap<string, Kinds> = new Map(
  [...TYPE_KINDS].map(([name, kinds]) => [name, { kinds, message: `must be ${KIND_NAMES.get(name) ?? ''}` }]),
);

function readKinds(reader: KeywordReader): Kinds {
  const written = reader.value('type');
  if (written === undefined) return ANY;
  const single = typeof written === 'string' && reader.dialect !== '3.0' ? SINGLE_KINDS.get(written) : undefined;
  if (single !== undefined) return single;
  const names: readonly unknown[] = Array.isArray(written) ? written : [written];
  let kinds = 0;
  for (const name of names) {
    const kind = typeof name === 'string' ? TYPE_KINDS.get(name) : undefined;
    if (kind === undefined) reader.fault('type', 'names no type', `use ${[...TYPE_KINDS.keys()].join(', ')}`);
    kinds |= kind ?? 0;
  }
  if (names.length === 0) reader.fault('type', 'names no type');
  const nullable = reader.dialect === '3.0' && reader.flag('nullable');
  const listed = names.flatMap((name) => (typeof name === 'string' ? (KIND_NAMES.get(name) ?? []) : []));
  if (nullable && (kinds & KIND.null) === 0) listed.push('null');
  return { kinds: nullable ? kinds | KIND.null : kinds, message: `must be ${listed.join(' or ')}` };
}

function readValues(reader: KeywordReader): Rule<unknown>[] {
  const rules: Rule<unknown>[] = [];
  const listed = reader.value('enum');
  if (Array.isArray(listed)) {
    const scalars = new Set<unknown>(listed.filter((value) => typeof value !== 'object' || value === null));
    const others = listed.filter((value: unknown) => typeof value === 'object' && value !== null);
    const holds = (value: unknown): boolean => scalars.has(value) || others.some((other) => equals(other, value));
    rules.push({ holds, message: 'must be one of the values described' });
  } else if (listed !== undefined) reader.fault('enum', 'must be an array');
  const only = reader.value('const');
  if (only !== undefined) rules.push({ holds: (value) => equals(only, value), message: 'must be the value described' });
  return rules;
}

function readNumber(reader: KeywordReader): Rule<number>[] {
  const rules: Rule<number>[] = [];
  const minimum = reader.number('minimum');
  const maximum = reader.number('maximum');
  const above = readExclusive(reader, 'exclusiveMinimum', minimum);
  const below = readExclusive(reader, 'exclusiveMaximum', maximum);
  if (minimum !== null) rules.push({ holds: (value) => value >= minimum, message: `must be at least ${minimum}` });
  if (maximum !== null) rules.push({ holds: (value) => value <= maximum, message: `must be at most ${maximum}` });
  if (above !== null) rules.push({ holds: (value) => value > above, message: `must be more than ${above}` });
  if (below !== null) rules.push({ holds: (value) => value < below, message: `must be less than ${below}` });
  const divisor = reader.number('multipleOf');
  if (divisor !== null && divisor <= 0) reader.fault('multipleOf', 'must be above zero');
  else if (divisor !== null) rules.push({ holds: multipleTest(divisor), message: `must be a multiple of ${divisor}` });
  const format = readFormat(reader);
  if (format?.kind === 'number') rules.push(format);
  return rules;
}

/** In 3.0 it is true or false and says how `minimum` or `maximum` is meant; a number means the same in every version. */
function readExclusive(reader: KeywordReader, name: string, bound: number | null): number | null {
  if (reader.dialect === '3.0' && typeof reader.value(name) === 'boolean') return reader.flag(name) ? bound : null;
  return reader.number(name);
}

function readString(reader: KeywordReader): Rule<string>[] {
  const rules: Rule<string>[] = [];
  const least = reader.count('minLength');
  const most = reader.count('maxLength');
  if (least !== null) {
    rules.push({ holds: (value) => hasAtLeast(value, least), message: `must have at least ${least} characters` });
  }
  if (most !== null) {
    rules.push({ holds: (value) => !hasAtLeast(value, most + 1), message: `must have at most ${most} characters` });
  }
  const format = readFormat(reader);
  if (format?.kind === 'string') rules.push(format);
  const encoding = readEncoding(reader);
  if (encoding?.kind === 'string') rules.push(encoding);
  return rules;
}

/** In 3.0 it is no keyword: `format: byte` says the same there. */
function readEncoding(reader: KeywordReader): ReturnType<typeof encodingOf> {
  const name = reader.dialect === '3.0' ? undefined : reader.value('contentEncoding');
  if (typeof name === 'string') return encodingOf(name);
  if (name !== undefined) reader.fault('contentEncoding', 'must be text');
  return null;
}

function readPattern(reader: KeywordReader): Matcher | null {
  const pattern = reader.value('pattern');
  return pattern === undefined ? null : reader.matcher('pattern', pattern);
}

/** Whether a text has this many code points; it is walked only where its length in UTF-16 leaves that open. */
function hasAtLeast(text: string, count: number): boolean {
  if (text.length < count) return false;
  if (text.length >= 2 * count) return true;
  let found = 0;
  for (let index = 0; index < text.length; index += 1) {
    found += 1;
    if ((text.codePointAt(index) ?? 0) > 0xffff) index += 1;
  }
  return found >= count;
}

function readFormat(reader: KeywordReader): ReturnType<typeof formatOf> {
  const name = reader.value('format');
  if (typeof name === 'string') return formatOf(name);
  if (name !== undefined) reader.fault('format', 'must be text');
  return null;
}

function readArray(reader: KeywordReader): Rule<readonly unknown[]>[] {
  const rules: Rule<readonly unknown[]>[] = [];
  const least = reader.count('minItems');
  const most = reader.count('maxItems');
  if (least !== null) {
    rules.push({ holds: ({ length }) => length >= least, message: `must have at least ${least} items` });
  }
  if (most !== null) rules.push({ holds: ({ length }) => length <= most, message: `must have at most ${most} items` });
  if (reader.flag('uniqueItems')) rules.push({ holds: areUnique, message: 'must not have the same item twice' });
  return rules;
}

function readObject(reader: KeywordReader): Rule<PlainObject>[] {
  const rules: Rule<PlainObject>[] = [];
  const least = reader.count('minProperties');
  const most = reader.count('maxProperties');
  if (least !== null) {
    const message = `must have at least ${least} properties`;
    rules.push({ holds: (value) => Object.keys(value).length >= least, message });
  }
  if (most !== null) {
    const message = `must have at most ${most} properties`;
    rules.push({ holds: (value) => Object.keys(value).length <= most, message });
  }
  for (const [name, needed] of reader.dependentNames()) {
    const holds = (value: PlainObject): boolean =>
      !Object.hasOwn(value, name) || needed.every((other) => Object.hasOwn(value, other));
    rules.push({ holds, message: 'lacks a property that another one needs' });
  }
  return rules;
}
