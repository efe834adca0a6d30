import { parseJson } from '../../../body/index.ts';
import { namedList, type NamedValues } from '../../../rules/index.ts';
import type { Sources } from '../../kind.ts';
import type { ValuesSource } from './config.ts';

/** What lists were made ready before, by what they are made of: that stays the same as long as a configuration does. */
const lists = new WeakMap<object, NamedValues>();

/** The values of an API by their names, ready for looking up. */
export function namedValues(
  sources: Readonly<Record<string, ValuesSource>>,
  got: Pick<Sources, 'file'>,
): ReadonlyMap<string, NamedValues> {
  return new Map(Object.entries(sources).map(([name, source]) => [name, namedBy(source, got)]));
}

function namedBy(source: ValuesSource, got: Pick<Sources, 'file'>): NamedValues {
  if (source.kind === 'range') return source;
  const made = source.kind === 'list' ? source.list : got.file(source.file);
  const known = lists.get(made) ?? namedList(made instanceof Uint8Array ? listIn(made) : made);
  lists.set(made, known);
  return known;
}

const LIMITS = { depth: 1, keys: 0, elements: 1_000_000, numberBytes: 1_000 };

/** What was gathered is the JSON text of a list of texts and numbers: whoever gathered it has seen to that. */
function listIn(bytes: Uint8Array): readonly (string | number)[] {
  const read = parseJson(Buffer.from(bytes), LIMITS);
  if (!read.ok || !Array.isArray(read.value)) throw new Error('a list of values was not gathered as one');
  return read.value as readonly (string | number)[];
}
