// No tests here: fields as a decoder gives them. Kept apart from the product by its name.
import { fieldNumber } from '../field-names.ts';
import { type HpackField, type HpackFieldFault, PSEUDO } from './hpack-field.ts';

const PSEUDO_NUMBERS: Readonly<Record<string, number>> = {
  ':method': PSEUDO.method,
  ':scheme': PSEUDO.scheme,
  ':authority': PSEUDO.authority,
  ':path': PSEUDO.path,
  ':status': PSEUDO.status,
  ':protocol': PSEUDO.protocol,
};

/** Name and value, and the fault that a decoder would have found. */
export type Pair = readonly [name: string, value: string, fault?: HpackFieldFault];

/** A field as it stands in a decoder's table. */
export function entry([name, value, fault]: Pair): HpackField {
  const pseudo = name.startsWith(':');
  const octets = Buffer.from(name, 'latin1');
  return {
    name,
    value,
    line: pseudo || fault !== undefined ? '' : `${name}: ${value}\r\n`,
    number: pseudo ? (PSEUDO_NUMBERS[name] ?? PSEUDO.unknown) : fieldNumber(octets, 0, octets.length),
    fault: fault ?? null,
  };
}

/** What a decoder finds in fields. */
export const FAULTS = {
  underscore: { code: 'underscore-in-header', malformed: false },
  obsText: { code: 'malformed-header-value', malformed: false },
  lineBreak: { code: 'malformed-header-value', malformed: true },
  upperCase: { code: 'malformed-header', malformed: true },
  connection: { code: 'connection-specific-field', malformed: true },
} as const satisfies Readonly<Record<string, HpackFieldFault>>;

/** The pseudo fields of a GET. */
export const GET: readonly Pair[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.test'],
  [':path', '/c'],
];

/** The pseudo fields of a POST. */
export const POST: readonly Pair[] = [[':method', 'POST'], ...GET.slice(1)];

/** The pseudo fields of a GET with another value for one of them; null: without it. */
export function getWith(name: string, value: string | null): readonly Pair[] {
  return GET.flatMap((pair): readonly Pair[] => (pair[0] !== name ? [pair] : value === null ? [] : [[name, value]]));
}
