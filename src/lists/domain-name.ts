import { domainToASCII } from 'node:url';
import { err, ok, type Result } from '../base/index.ts';

const LONGEST_NAME = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const ADDRESS_LIKE = /^[0-9.]+$/;

/**
 * A domain name in the one spelling that lists know: lower case, without the dot of the root, and in its ASCII form
 * (RFC 5890 §2.3.2.1). Null for what is no name, such as an address.
 */
export function canonicalName(text: string): string | null {
  if (text.length > 4 * LONGEST_NAME) return null;
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  // What is ASCII already is no matter of encoding, and the ones that others hand us may hold underscores.
  const ascii = /^[\x21-\x7e]*$/.test(bare) ? bare.toLowerCase() : domainToASCII(bare);
  if (ascii.length === 0 || ascii.length > LONGEST_NAME || ADDRESS_LIKE.test(ascii)) return null;
  return ascii.split('.').every((label) => LABEL.test(label)) ? ascii : null;
}

/** An entry of a list of names: a name, or `*.` and a name for all that end in it, however many labels stand before. */
export function readNameEntry(text: string): Result<string, string> {
  const wild = text.startsWith('*.');
  const name = canonicalName(wild ? text.slice(2) : text);
  if (name === null) return err('expected a domain name such as example.com, or *.example.com for all below it');
  return ok(wild ? `*.${name}` : name);
}
