import { isIP } from 'node:net';
import { err, ok, type Result } from '../base/index.ts';

// The ways to reach a gateway on one's own machine.
const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];

// OpenSSL's clients take at most 100 KiB of certificates in a handshake: 500 names of usual length stay far below.
const NAME_LIMIT = 500;
const NAMES_LIMIT_BYTES = 48 * 1024;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * The one spelling of a host name or address that names are compared in: lower case, no trailing dot, IPv6 as RFC 5952
 * writes it. A wildcard may stand for the whole leftmost label only (RFC 9525 §6.3). The error says what is wrong.
 */
export function canonicalName(text: string): Result<string, string> {
  const version = isIP(text);
  if (version === 4) return ok(text);
  if (version === 6 && !text.includes('%')) return ok(new URL(`http://[${text}]`).hostname.slice(1, -1));
  // Only ASCII is folded: toLowerCase would turn the Kelvin sign into a k, and so one name into another.
  if (/[^\x21-\x7e]/.test(text)) return err(`the name ${JSON.stringify(text)} is not ASCII: write it in its xn-- form`);
  const name = text.toLowerCase().replace(/\.$/, '');
  const labels = (name.startsWith('*.') ? name.slice(2) : name).split('.');
  // A last label of digits only would be read as an IPv4 address by some clients (WHATWG URL, "ends in a number").
  const valid =
    name.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^[0-9]+$/.test(labels.at(-1) ?? '');
  return valid ? ok(name) : err(`${JSON.stringify(text)} is neither a host name nor an IP address`);
}

/** The names of a local certificate: localhost, 127.0.0.1 and ::1, then the given ones, canonical, each once. */
export function localNames(given: readonly string[]): Result<readonly string[], string> {
  const names = new Set(LOOPBACK_NAMES);
  for (const text of given) {
    const name = canonicalName(text);
    if (!name.ok) return name;
    names.add(name.value);
  }
  const bytes = [...names].reduce((sum, name) => sum + name.length, 0);
  if (names.size > NAME_LIMIT || bytes > NAMES_LIMIT_BYTES) {
    return err(
      `${names.size} names are too many for one certificate (${NAME_LIMIT} names of ${NAMES_LIMIT_BYTES} bytes in all)`,
    );
  }
  return ok([...names]);
}

/** Whether two lists hold the same names, in any order. Both must hold each name once. */
export function sameNames(one: readonly string[], other: readonly string[]): boolean {
  const names = new Set(other);
  return one.length === other.length && one.every((name) => names.has(name));
}

/** Whether a canonical name is an IP address: these are compared exactly, never by wildcard (RFC 9525 §6.5). */
export function isAddress(name: string): boolean {
  return isIP(name) !== 0;
}
