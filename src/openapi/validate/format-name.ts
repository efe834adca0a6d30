import { isIPv4, isIPv6 } from 'node:net';
import { isInternationalLabel, mixesDirections } from './format-label.ts';

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}$/;
const QUOTED_INTERNATIONAL = /^"(?:[^\p{C}"\\]|\\[\x20-\x7e]){0,62}"$/u;
const QUOTED_LOCAL = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e]){0,62}"$/;

/** A dotted-quad address without leading zeros (RFC 2673 §3.2). */
export function isAddress4(text: string): boolean {
  return isIPv4(text);
}

/** An IPv6 address (RFC 4291 §2.2), without a zone. */
export function isAddress6(text: string): boolean {
  return text.length <= 45 && !text.includes('%') && isIPv6(text);
}

/** A host name of letters, digits and hyphens (RFC 1123 §2.1, RFC 5890 §2.3.2.1); labels in punycode must be of words. */
export function isHostname(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split('.');
  return labels.every(isHostLabel) && (!/xn--/i.test(text) || !mixesDirections(labels));
}

/** A host name that may have other letters too (RFC 5890 §2.3.2.3). */
export function isInternationalHostname(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split(/[.\u3002\uff0e\uff61]/);
  const holds = labels.every((label) =>
    /^[\0-\x7f]*$/.test(label) ? isHostLabel(label) : isInternationalLabel(label),
  );
  return holds && !mixesDirections(labels);
}

/** A mailbox (RFC 5321 §4.1.2). */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  if (at < 1 || text.length > 320) return false;
  const local = text.slice(0, at);
  if (local.length > 64) return false;
  return (
    (local.split('.').every((atom) => ATOMS.test(atom)) || QUOTED_LOCAL.test(local)) && isMailHost(text.slice(at + 1))
  );
}

/** A mailbox with letters of any script (RFC 6531 §3.3). There are no controls and, but for quotes, no spaces in it. */
export function isInternationalEmail(text: string): boolean {
  if (isEmail(text)) return true;
  const at = text.lastIndexOf('@');
  if (at < 1 || text.length > 320) return false;
  const local = text.slice(0, at);
  const isLocal = QUOTED_INTERNATIONAL.test(local) || !/[\p{C}\p{Z}"<>(),:;@[\]\\]/u.test(local);
  // The grammar of mail does not ask for one form of a letter, names do.
  return isLocal && isInternationalHostname(text.slice(at + 1).normalize('NFC'));
}

/** Hyphens in third and fourth place are kept for names in punycode (RFC 5891 §4.2.3.1). */
function isHostLabel(label: string): boolean {
  if (!LABEL.test(label)) return false;
  return label.slice(2, 4) !== '--' || isInternationalLabel(label);
}

function isMailHost(host: string): boolean {
  if (!host.startsWith('[')) return isHostname(host);
  if (!host.endsWith(']')) return false;
  const literal = host.slice(1, -1);
  return /^IPv6:/i.test(literal) ? isAddress6(literal.slice(5)) : isAddress4(literal);
}
