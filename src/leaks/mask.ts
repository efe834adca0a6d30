import { Buffer } from 'node:buffer';
import { type Escaping, PlainView } from './escapes.ts';

const LAST_FOUR = 4;
const LAST_TWO = 2;

/** What of a class stays readable. */
const SHOWN: Readonly<Record<string, number>> = { cards: LAST_FOUR, iban: LAST_FOUR, ssn: LAST_FOUR, phones: LAST_TWO };

/** The mask of what stands in these bytes of a text: as long as what it says, and written so that the text stays what it is. */
export function maskOf(bytes: Uint8Array, kind: string, escaping: Escaping): string {
  const said = Buffer.from(new PlainView(bytes, escaping).bytes).toString('latin1');
  const masked = maskText(said, kind);
  return escaping === 'percent' || escaping === 'form' ? encodeURIComponent(masked).replaceAll('%20', '+') : masked;
}

function maskText(said: string, kind: string): string {
  if (kind === 'emails')
    return said.replace(/^[^@]*/, (local) => '*'.repeat(local.length)).replace(/[^\x20-\x7e]/g, '*');
  const shown = SHOWN[kind];
  if (shown === undefined) return '*'.repeat(said.length);
  const characters = said.replace(/[^A-Za-z0-9]/g, '').length;
  let hidden = Math.max(0, characters - shown);
  // One character beyond ASCII between groups is several bytes.
  return said.replace(/[\x80-\xff]{1,3}/g, ' ').replace(/[^]/g, (character) => {
    if (!/[A-Za-z0-9]/.test(character)) return /[ ().+-]/.test(character) ? character : '*';
    return hidden-- > 0 ? '*' : character;
  });
}

/**
 * The mask of digits in a number of JSON: it stays a number, as long as it was. Ones begin no number of an issuer that is
 * known here, and sixteen of them are exact in a double, as nines are not.
 */
export function maskDigits(text: string): string {
  const shown = Math.max(0, text.length - LAST_FOUR);
  return text.slice(0, shown).replace(/[0-9]/g, '1') + text.slice(shown);
}
