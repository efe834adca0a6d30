import { Buffer, isAscii } from 'node:buffer';
import { beginsWord, isDigit, LETTERS_AND_DIGITS } from './characters.ts';
import { widthAt } from './printed-series.ts';

/** How long the numbers of each country are, from the registry of ISO 13616. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((word) => [word.slice(0, 2), Number(word.slice(2))] as const),
);

/** The shortest, of Norway. */
const LEAST_CHARACTERS = 15;
const SPACE = 0x20;
const GROUP = 4;

const isUpper = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x41 && byte <= 0x5a;

/** What numbers of accounts are made of: capitals, digits, and spaces between groups of four. */
const IN_RUN = Uint8Array.from({ length: 256 }, (_, byte) =>
  isUpper(byte) || isDigit(byte) || byte === SPACE ? 1 : 0,
);

/** Tells of each International Bank Account Number (ISO 13616-1) with sound check digits, as one word or in groups of four. */
export function eachIban(bytes: Uint8Array, found: (from: number, to: number) => void): void {
  let done = 0;
  for (let at = LEAST_CHARACTERS - 1; at < bytes.length; at += LEAST_CHARACTERS) {
    if (IN_RUN[bytes[at] as number] === 0) continue;
    let from = at;
    while (from > done && IN_RUN[bytes[from - 1] as number] === 1) from--;
    let to = at + 1;
    while (to < bytes.length && IN_RUN[bytes[to] as number] === 1) to++;
    for (let start = from; to - start >= LEAST_CHARACTERS; ) {
      const end = endOf(bytes, start);
      if (end > 0) found(start, end);
      start = end > 0 ? end : start + 1;
    }
    done = to;
    at = Math.max(at, to - 1);
  }
  if (!isAscii(bytes)) eachPrinted(bytes, found);
}

/** Those whose groups have one character beyond ASCII between them, such as a space that does not break. */
function eachPrinted(bytes: Uint8Array, found: (from: number, to: number) => void): void {
  for (let at = GROUP; at < bytes.length; at++) {
    const end = (bytes[at] as number) < 0x80 || !isDigit(bytes[at - 1]) ? 0 : endOf(bytes, at - GROUP);
    if (end === 0) continue;
    found(at - GROUP, end);
    at = end;
  }
}

/** Where the number that begins here ends; 0 where none does. */
function endOf(bytes: Uint8Array, start: number): number {
  if (!isUpper(bytes[start]) || !isUpper(bytes[start + 1]) || !isDigit(bytes[start + 2]) || !isDigit(bytes[start + 3]))
    return 0;
  if (!beginsWord(bytes, start)) return 0;
  const length = LENGTHS.get(String.fromCharCode(bytes[start] as number, bytes[start + 1] as number));
  if (length === undefined) return 0;
  let text = '';
  let at = start;
  const separator = separatorAt(bytes, start + GROUP);
  while (text.length < length) {
    if (separator !== null && text.length > 0 && text.length % GROUP === 0) {
      if (!separator.equals(bytes.subarray(at, at + separator.length))) return 0;
      at += separator.length;
    }
    const byte = bytes[at];
    if (!isUpper(byte) && !isDigit(byte)) return 0;
    text += String.fromCharCode(byte as number);
    at++;
  }
  const after = bytes[at];
  if (after !== undefined && LETTERS_AND_DIGITS[after] === 1) return 0;
  return hasCheckDigits(text) ? at : 0;
}

/** What stands between groups; null where the next one is joined. */
function separatorAt(bytes: Uint8Array, at: number): Buffer | null {
  const byte = bytes[at];
  if (byte === undefined || (byte !== SPACE && byte < 0x80)) return null;
  return Buffer.from(bytes.subarray(at, at + widthAt(bytes, at)));
}

/** ISO/IEC 7064, MOD 97-10: what comes of it for a sound number, behind its first four characters. */
function hasCheckDigits(text: string): boolean {
  let rest = 0;
  for (const character of text.slice(GROUP) + text.slice(0, GROUP)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
