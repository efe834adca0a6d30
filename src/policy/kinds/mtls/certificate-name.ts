import type { ClientCertificate } from '../../../wire/index.ts';
import type { CertificateSubject } from './config.ts';

/** A longer name is none. */
const NAME_LIMIT = 1_024;

/**
 * Whom a certificate is of, by one part of it: the only name of a kind in its subjectAltName, the only common name, or the
 * whole subject. Null where there is none, or more than one: then it would be left open who calls. A SPIFFE id is the only
 * URI of its certificate by its own rules (SPIFFE X.509-SVID §2).
 */
export function certificateSubject(
  { subject, names }: Pick<ClientCertificate, 'subject' | 'names'>,
  part: CertificateSubject,
): string | null {
  const found =
    part === 'dn'
      ? [subject]
      : part === 'cn'
        ? commonNames(subject)
        : names.filter((name) => name.startsWith(`${part}:`)).map((name) => name.slice(part.length + 1));
  const [name] = found;
  if (name === undefined || found.length > 1 || name === '' || name.length > NAME_LIMIT) return null;
  // A pattern names many.
  if (part === 'dns' && name.includes('*')) return null;
  return /[\x00-\x1f\x7f]/.test(name) || !name.isWellFormed() ? null : name;
}

/** The common names of a subject as it is written (RFC 4514 §2), without the escapes; none where one can not be read. */
function commonNames(subject: string): readonly string[] {
  const names: string[] = [];
  for (const part of partsOf(subject)) {
    const equals = part.indexOf('=');
    if (equals < 0 || !/^(?:CN|2\.5\.4\.3)$/i.test(part.slice(0, equals).trim())) continue;
    const name = unescaped(part.slice(equals + 1));
    if (name === null) return [];
    names.push(name);
  }
  return names;
}

/** What stands between commas and plus signs that are not escaped. */
function partsOf(subject: string): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < subject.length; at++) {
    const character = subject[at];
    if (character === '\\') at++;
    else if (character === ',' || character === '+') {
      parts.push(subject.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(subject.slice(from));
  return parts;
}

/** RFC 4514 §2.4: a backslash before a character, or before two digits of a byte. A value in hexadecimal is no text. */
function unescaped(value: string): string | null {
  if (value.startsWith('#')) return null;
  const bytes: number[] = [];
  const text = Buffer.from(value);
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== BACKSLASH) {
      bytes.push(text[at] as number);
      continue;
    }
    const digits = text.toString('latin1', at + 1, at + 3);
    if (/^[0-9A-Fa-f]{2}$/.test(digits)) bytes.push(Number.parseInt(digits, 16));
    else if (at + 1 < text.length) bytes.push(text[at + 1] as number);
    else return null;
    at += /^[0-9A-Fa-f]{2}$/.test(digits) ? 2 : 1;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return null;
  }
}

const BACKSLASH = 0x5c;
