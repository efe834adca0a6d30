import { domainToASCII, domainToUnicode } from 'node:url';

/** Letters, digits and marks, joiners, and the signs that are right beside certain others (RFC 5892 §2.1, §2.6). */
const LETTERS =
  /^[\p{Ll}\p{Lo}\p{Lm}\p{Nd}\p{M}\u{b7}\u{375}\u{5f3}\u{5f4}\u{6fd}\u{6fe}\u{f0b}\u{3007}\u{30fb}\u{200c}-\u{200d}-]+$/u;
/** Letters and marks by their class that are in no name all the same (RFC 5892 §2.6). */
const NEVER = /[\u{640}\u{7fa}\u{302e}\u{302f}\u{3031}-\u{3035}\u{303b}]/u;

/** Signs that are right beside certain others only (RFC 5892 A.3 to A.9). */
const MISPLACED: readonly RegExp[] = [
  /(?<!l)\u{b7}|\u{b7}(?!l)/u,
  /\u{375}(?!\p{Script=Greek})/u,
  /(?<!\p{Script=Hebrew})[\u{5f3}\u{5f4}]/u,
  /^(?=.*\u{30fb})[^\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]*$/u,
  /[\u{660}-\u{669}].*[\u{6f0}-\u{6f9}]|[\u{6f0}-\u{6f9}].*[\u{660}-\u{669}]/u,
];

/** Longer ones have no form of 63 characters in punycode; looking at them would be work for nothing. */
const LONGEST = 63;

/**
 * Whether a label of a host name is a word of some script, as it is written or in punycode (U-label and A-label,
 * RFC 5890 §2.3.2.1): its letters are those of names and go together, its direction is one, and both forms are the only
 * ones it has. What the platform's table of UTS 46 says of joiners and directions counts.
 */
export function isInternationalLabel(label: string): boolean {
  if (label.length > LONGEST) return false;
  const encoded = domainToASCII(label);
  if (!encoded.startsWith('xn--') || encoded.length > LONGEST) return false;
  const word = domainToUnicode(encoded);
  // A word that is mapped to another one, and punycode that is not the shortest, are no labels (RFC 5891 §4.2.1, §5.4).
  if (/^xn--/i.test(label) ? domainToASCII(word) !== label.toLowerCase() : word !== label) return false;
  if (!LETTERS.test(word) || NEVER.test(word) || /^[\p{M}-]|-$/u.test(word) || word.slice(2, 4) === '--') return false;
  return !MISPLACED.some((sign) => sign.test(word)) && joinersHold(word);
}

/** Whether a name has a label that is written from right to left; then no label may begin with a digit (RFC 5893 §2). */
export function mixesDirections(labels: readonly string[]): boolean {
  if (!labels.some((label) => /^[0-9]/.test(label))) return false;
  return labels.some((label) => RIGHT_TO_LEFT.test(/^xn--/i.test(label) ? domainToUnicode(label) : label));
}

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** Whether each joiner is right where it is (RFC 5892 A.1, A.2): the platform stops at the first one that is. */
function joinersHold(word: string): boolean {
  const parts = word.split(/([\u{200c}\u{200d}])/u);
  if (parts.length <= 3) return true;
  return parts.every(
    (part, index) =>
      index % 2 === 0 ||
      domainToASCII(
        `${parts.slice(0, index).filter(isNoJoiner).join('')}${part}${parts.slice(index).filter(isNoJoiner).join('')}`,
      ) !== '',
  );
}

function isNoJoiner(_part: string, index: number): boolean {
  return index % 2 === 0;
}
