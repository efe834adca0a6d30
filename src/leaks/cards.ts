import type { DigitGroup } from './digit-runs.ts';

/** A range of issuers: the first digits, from and to, and how many digits their numbers have. */
interface IssuerRange {
  readonly form: string;
  readonly from: string;
  readonly to: string;
  readonly lengths: readonly number[];
}

const range = (form: string, from: string, to: string, ...lengths: readonly number[]): IssuerRange => ({
  form,
  from,
  to,
  lengths,
});

/**
 * Ranges of issuers (ISO/IEC 7812-1) as the networks publish them, with the lengths that are given out: where a network
 * keeps all from 14 to 19 for itself, most numbers of those are counters and times. UATP, whose numbers begin with a 1, is
 * not among them for that reason.
 */
const ISSUERS: readonly IssuerRange[] = [
  range('visa', '4', '4', 13, 16, 19),
  range('mastercard', '51', '55', 16),
  range('mastercard', '2221', '2720', 16),
  range('american-express', '34', '34', 15),
  range('american-express', '37', '37', 15),
  range('diners-club', '300', '305', 14, 16),
  range('diners-club', '3095', '3095', 14, 16),
  range('diners-club', '36', '36', 14, 16),
  range('diners-club', '38', '39', 14, 16),
  range('jcb', '3528', '3589', 16, 19),
  range('discover', '6011', '6011', 16, 19),
  range('discover', '644', '649', 16, 19),
  range('discover', '65', '65', 16, 19),
  range('unionpay', '62', '62', 16, 19),
  range('unionpay', '81', '81', 16, 19),
  range('maestro', '5018', '5018', 13, 14, 15, 16, 17, 18, 19),
  range('maestro', '5020', '5020', 13, 14, 15, 16, 17, 18, 19),
  range('maestro', '5038', '5038', 13, 14, 15, 16, 17, 18, 19),
  range('maestro', '5893', '5893', 13, 14, 15, 16, 17, 18, 19),
  range('maestro', '6304', '6304', 13, 14, 15, 16, 17, 18, 19),
  range('maestro', '6759', '6759', 13, 14, 15, 16, 17, 18, 19),
  range('maestro', '6761', '6763', 13, 14, 15, 16, 17, 18, 19),
  range('dankort', '5019', '5019', 16),
  range('verve', '506099', '506198', 16, 18, 19),
  range('rupay', '508500', '508999', 16),
  range('rupay', '606985', '607984', 16),
  range('rupay', '608001', '608500', 16),
  range('rupay', '82', '82', 16),
  range('mir', '2200', '2204', 16, 19),
  range('borica', '2205', '2205', 16),
  range('hipercard', '606282', '606282', 16),
  range('interpayment', '636', '636', 16),
  range('elo', '509000', '509999', 16),
  range('elo', '636297', '636297', 16),
  range('troy', '979200', '979289', 16),
  range('uzcard', '8600', '8600', 16),
  range('humo', '9860', '9860', 16),
  range('napas', '9704', '9704', 16, 19),
];

/** The names of the networks. */
export const CARD_FORMS: readonly string[] = [...new Set(ISSUERS.map(({ form }) => form))];

/** The same, by the first digit: most numbers begin with one that no issuer has. */
const BY_FIRST_DIGIT: readonly (readonly IssuerRange[])[] = Array.from({ length: 10 }, (_, digit) =>
  ISSUERS.filter(({ from, to }) => Number(from[0]) <= digit && digit <= Number(to[0])),
);

/** How numbers of cards are printed: digits of each group, by those of the first. */
const PRINTED: ReadonlyMap<number, readonly (readonly number[])[]> = new Map([
  [
    4,
    [
      [4, 4, 4, 4, 3],
      [4, 4, 4, 4],
      [4, 4, 4, 1],
      [4, 6, 5],
      [4, 6, 4],
      [4, 5, 6],
      [4, 4, 5],
    ],
  ],
  [
    6,
    [
      [6, 13],
      [6, 10],
    ],
  ],
  [
    8,
    [
      [8, 11],
      [8, 8],
    ],
  ],
]);
const NOT_PRINTED: readonly (readonly number[])[] = [];

/** A number of a card: whose, and where. */
export interface FoundCard {
  readonly form: string;
  readonly from: number;
  readonly to: number;
}

/** The numbers of cards among groups of digits: each in one group, or in groups as they are printed. */
export function cardsIn(bytes: Uint8Array, groups: readonly DigitGroup[]): readonly FoundCard[] {
  const found: FoundCard[] = [];
  for (let first = 0; first < groups.length; ) {
    const card = cardAt(bytes, groups, first);
    if (card !== null) found.push(card.found);
    first += card?.groups ?? 1;
  }
  return found;
}

function cardAt(
  bytes: Uint8Array,
  groups: readonly DigitGroup[],
  first: number,
): { readonly found: FoundCard; readonly groups: number } | null {
  const one = groups[first] as DigitGroup;
  if ((BY_FIRST_DIGIT[(bytes[one.from] as number) - ZERO] as readonly IssuerRange[]).length === 0) return null;
  const length = one.to - one.from;
  const single = length < LEAST_DIGITS ? null : formOf(digitsOf(bytes, one));
  if (single !== null) return { found: { form: single, from: one.from, to: one.to }, groups: 1 };
  return printedCardAt(bytes, groups, first);
}

/** The number of a card that begins with this group and goes on in those behind it, as it is printed. */
export function printedCardAt(
  bytes: Uint8Array,
  groups: readonly DigitGroup[],
  first: number,
): { readonly found: FoundCard; readonly groups: number } | null {
  const one = groups[first] as DigitGroup;
  for (const printed of PRINTED.get(one.to - one.from) ?? NOT_PRINTED) {
    if (!isPrinted(groups, first, printed)) continue;
    const part = groups.slice(first, first + printed.length);
    const form = formOf(part.map((group) => digitsOf(bytes, group)).join(''));
    const last = part[part.length - 1] as DigitGroup;
    if (form !== null) return { found: { form, from: one.from, to: last.to }, groups: part.length };
  }
  return null;
}

function isPrinted(groups: readonly DigitGroup[], first: number, printed: readonly number[]): boolean {
  for (let at = printed.length - 1; at > 0; at--) {
    const group = groups[first + at];
    if (group === undefined || group.to - group.from !== printed[at]) return false;
  }
  return true;
}

const ZERO = 0x30;
const MOST_DIGITS = 19;
const LEAST_DIGITS = 13;

function digitsOf(bytes: Uint8Array, { from, to }: DigitGroup): string {
  if (to - from > MOST_DIGITS) return '';
  let text = '';
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}

/** The network whose number this is, by its range, its length and its check digit; null where it is none. */
function formOf(digits: string): string | null {
  if (digits.length < LEAST_DIGITS || digits.length > MOST_DIGITS) return null;
  const issuer = BY_FIRST_DIGIT[digits.charCodeAt(0) - ZERO]?.find(({ from, to, lengths }) => {
    if (!lengths.includes(digits.length)) return false;
    const start = digits.slice(0, from.length);
    return start >= from && start <= to;
  });
  return issuer !== undefined && hasCheckDigit(digits) && !isRepeated(digits) ? issuer.form : null;
}

/** ISO/IEC 7812-1, annex B (Luhn). */
function hasCheckDigit(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - ZERO;
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** All digits the same: nobody's number. */
function isRepeated(digits: string): boolean {
  return digits === (digits[0] as string).repeat(digits.length);
}
