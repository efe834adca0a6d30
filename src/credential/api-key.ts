import { crc32 } from 'node:zlib';
import { err, ok, type Result } from '../base/index.ts';

/** What every API key begins with, so that whoever looks for lost ones finds them. */
export const API_KEY_START = 'pcl_';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_CHARACTERS = 16;
/** So many digits of base 62 hold more than 256 bits. */
const SECRET_CHARACTERS = 43;
/** So many digits of base 62 hold the 32 bits of a CRC. */
const CHECKSUM_CHARACTERS = 6;
const ENVIRONMENT = /^[a-z][a-z0-9]{0,15}$/;
const ID = /^[0-9a-z]{16}$/;
const KEY = /^pcl_([a-z][a-z0-9]{0,15})_([0-9a-z]{16})_[0-9A-Za-z]{49}$/;

/** No more than 90 characters are looked at from each place where it could begin. */
const WITHIN = /pcl_[a-z][a-z0-9]{0,15}_[0-9a-z]{16}_[0-9A-Za-z]{49}/;

/** The longest key there is. */
export const API_KEY_LIMIT_CHARACTERS =
  API_KEY_START.length + 16 + 1 + ID_CHARACTERS + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS;

/** What an API key says of itself. Neither is secret. */
export interface ApiKeyParts {
  readonly environment: string;
  readonly id: string;
}

/** Why a text is no API key: it has another form, or its checksum belongs to another text. */
export type ApiKeyFault = 'form' | 'checksum';

/** Fills bytes with randomness fit for keys. */
type Fill = (bytes: Uint8Array) => void;

/**
 * A new key: `pcl_ENVIRONMENT_ID_SECRETCHECKSUM`. ENVIRONMENT is a letter and up to 15 letters and digits, in lower
 * case; ID is 16 digits and lower-case letters; SECRET 43 digits of base 62 (0–9, A–Z, a–z), which is 256 bits;
 * CHECKSUM the CRC-32 (IEEE 802.3) of the ASCII text before it, as a number in base 62, its highest digit first, with
 * zeros up to six digits.
 */
export function makeApiKey(environment: string, fill: Fill): { readonly id: string; readonly text: string } {
  if (!isApiKeyEnvironment(environment)) throw new RangeError('no environment of API keys is called so');
  const id = randomDigits(ID_CHARACTERS, 36, fill).toLowerCase();
  const body = `${API_KEY_START}${environment}_${id}_${randomDigits(SECRET_CHARACTERS, 62, fill)}`;
  return { id, text: body + apiKeyChecksum(body) };
}

/** Reads a key of exactly this form; case counts. Nobody learns from that whether there is such a key. */
export function readApiKey(text: string): Result<ApiKeyParts, ApiKeyFault> {
  const found = text.length > API_KEY_LIMIT_CHARACTERS ? null : KEY.exec(text);
  if (found === null) return err('form');
  const body = text.length - CHECKSUM_CHARACTERS;
  if (apiKeyChecksum(text.slice(0, body)) !== text.slice(body)) return err('checksum');
  return ok({ environment: found[1] as string, id: found[2] as string });
}

/** The first text in another that has the form of a key, or null. It takes time in proportion to the text. */
export function apiKeyWithin(text: string): string | null {
  return text.includes(API_KEY_START) ? (WITHIN.exec(text)?.[0] ?? null) : null;
}

/** The checksum of what stands before it. */
export function apiKeyChecksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let at = 0; at < CHECKSUM_CHARACTERS; at++) {
    text = `${DIGITS.charAt(rest % DIGITS.length)}${text}`;
    rest = Math.floor(rest / DIGITS.length);
  }
  return text;
}

/** Whether keys may be of an environment of this name. */
export function isApiKeyEnvironment(text: string): boolean {
  return ENVIRONMENT.test(text);
}

/** Whether a text may be the id of a key. */
export function isApiKeyId(text: string): boolean {
  return ID.test(text);
}

/** Digits of the base, each as likely as any other: bytes that would favour some are left out. */
function randomDigits(count: number, base: number, fill: Fill): string {
  const fair = 256 - (256 % base);
  const bytes = new Uint8Array(count);
  let text = '';
  while (text.length < count) {
    fill(bytes);
    for (const byte of bytes) if (byte < fair && text.length < count) text += DIGITS.charAt(byte % base);
  }
  bytes.fill(0);
  return text;
}
