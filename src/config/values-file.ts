import { err, ok, type Place, type Result } from '../base/index.ts';
import type { ValuesSource } from '../policy/index.ts';
import { utf8Text } from './utf8-text.ts';
import { isExact } from './values.ts';
import { readYaml } from './yaml-document.ts';

/** A hundred thousand texts of a line each fit. */
export const VALUES_LIMIT_BYTES = 16 * 1024 * 1024;
const VALUE_LIMIT = 500_000;
const LENGTH_LIMIT = 4_096;

/** Why a file is no list of values, and where in it. */
export interface ValuesFault {
  readonly message: string;
  readonly place: Place | null;
}

type Values = readonly (string | number)[];

/**
 * The values of a file: by the end of its name a list in JSON or YAML, else a value a line, with spaces around it and
 * comments that begin with `#`. It is taken whole or not at all: a value that is none, or stands twice, makes it none.
 */
export function readValuesFile(
  bytes: Uint8Array,
  { file, of }: Omit<Extract<ValuesSource, { readonly kind: 'file' }>, 'kind'>,
): Result<Values, ValuesFault> {
  const text = utf8Text(bytes);
  if (text === null) return err({ message: `${file} is not UTF-8`, place: null });
  const read = /\.(?:json|ya?ml)$/i.test(file) ? readDocument(text, file) : ok(linesOf(text));
  if (!read.ok) return read;
  const seen = new Set<unknown>();
  for (const [index, { value, place }] of read.value.entries()) {
    if (index === VALUE_LIMIT) return err({ message: `${file} has more than ${VALUE_LIMIT} values`, place: null });
    const at = place === null ? null : { file, ...place };
    const fault = faultOf(value, of) ?? (seen.has(typed(value, of)) ? 'stands in it twice' : null);
    if (fault !== null) return err({ message: `value ${index + 1} of ${file} ${fault}`, place: at });
    seen.add(typed(value, of));
  }
  if (seen.size === 0) return err({ message: `${file} has no value: nothing would be on the list`, place: null });
  return ok([...seen] as Values);
}

interface Written {
  readonly value: unknown;
  readonly place: Pick<Place, 'line' | 'column'> | null;
}

function linesOf(text: string): readonly Written[] {
  return text.split(/\r\n?|\n/).flatMap((line, index) => {
    const value = line
      .trim()
      .replace(/(?:^|\s)#.*$/, '')
      .trim();
    return value === '' ? [] : [{ value, place: { line: index + 1, column: 1 } }];
  });
}

const RULES = { forConfiguration: false, depthLimit: 2, nodeLimit: VALUE_LIMIT + 10, aliasLimit: 0 };

function readDocument(text: string, file: string): Result<readonly Written[], ValuesFault> {
  const { document, issues } = readYaml(text, file, RULES);
  const [first] = issues;
  if (first !== undefined || document === null)
    return err({ message: `${file} can't be read: ${first?.message ?? 'it is empty'}`, place: first?.place ?? null });
  const { value: list } = document;
  if (!Array.isArray(list)) return err({ message: `${file} is no list`, place: null });
  return ok(
    (list as readonly unknown[]).map((value, index) => ({ value, place: document.locate([index])?.value ?? null })),
  );
}

const NUMBER = /^-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,15})?$/;

function faultOf(value: unknown, of: 'texts' | 'numbers'): string | null {
  if (typeof value === 'number') return isExact(value) ? null : 'is no number that can be used';
  if (typeof value !== 'string') return 'is neither text nor a number';
  if (value.length > LENGTH_LIMIT) return `is longer than ${LENGTH_LIMIT} characters`;
  if (of === 'texts') return null;
  if (!NUMBER.test(value)) return 'is no number';
  return isExact(Number(value)) ? null : 'is no number that can be used';
}

function typed(value: unknown, of: 'texts' | 'numbers'): unknown {
  return of === 'numbers' ? Number(value) : value;
}
