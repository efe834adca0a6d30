import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { canonicalAddress } from '../base/index.ts';
import type { ClientCertificate, TlsPeer } from './message.ts';
import type { VouchingAuthorities } from './vouching-authorities.ts';

type Judged = Pick<TlsPeer, 'client' | 'clientFault'>;

/** What is said of a client that was not asked for a certificate. */
export const NOT_ASKED: Judged = { client: null, clientFault: null };

/** More names than anybody's certificate has are those of one made to cost time. */
const NAME_LIMIT = 1_000;

/**
 * Judges the client of a session in which it was asked for a certificate, once the session stands. That OpenSSL names no
 * fault proves nothing by itself: a session that was resumed, or in which no certificate was shown, has none either.
 */
export function judgeClient(socket: TLSSocket, authorities: VouchingAuthorities): Judged {
  if (socket.isSessionReused()) return fault('SESSION_REUSED');
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return NOT_ASKED;
  const code = verifyFault(socket);
  if (code !== null) return fault(code);
  const vouched = authorities.of(certificate);
  if (vouched.fault !== null) return fault(vouched.fault);
  return { client: clientOf(certificate, vouched.subject), clientFault: null };
}

function fault(code: string): Judged {
  return { client: null, clientFault: code };
}

/** OpenSSL's code of what is wrong with the client's chain, or null. Node tells servers of its own making only, so it is asked below. */
function verifyFault(socket: TLSSocket): string | null {
  const handle = (socket as { ssl?: { verifyError?: () => NodeJS.ErrnoException | null | undefined } }).ssl;
  if (typeof handle?.verifyError !== 'function') return 'UNKNOWN';
  const found = handle.verifyError();
  return found === null || found === undefined ? null : (found.code ?? 'UNKNOWN');
}

function clientOf(certificate: X509Certificate, issuer: string): ClientCertificate {
  return {
    fingerprint256: certificate.fingerprint256,
    subject: subjectOf(certificate.subject ?? ''),
    issuer: subjectOf(issuer),
    names: readAlternativeNames(certificate.subjectAltName ?? ''),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

/** From Node's text: one part a line, or several with ` + ` between. In values line breaks, commas and plus signs are escaped. */
function subjectOf(text: string): string {
  return text.split('\n').join(',').replaceAll(' + ', '+');
}

/** One name as Node writes it: a value with a character that could end it is quoted as JSON does. */
const NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/**
 * Reads the names of a subjectAltName (RFC 5280 §4.2.1.6) from Node's text of it. Kinds other than the four are left
 * out; where the text is anything else than a list of names, there are none.
 */
export function readAlternativeNames(text: string): readonly string[] {
  const names: string[] = [];
  NAME.lastIndex = 0;
  for (let count = 0; NAME.lastIndex < text.length; count++) {
    const found = count < NAME_LIMIT ? NAME.exec(text) : null;
    if (found === null) return [];
    const value = unquoted(found[2] ?? '');
    if (value === null) return [];
    const name = nameOf(found[1] ?? '', value);
    if (name !== null) names.push(name);
  }
  return names;
}

function unquoted(value: string): string | null {
  if (!value.startsWith('"')) return value;
  try {
    const text: unknown = JSON.parse(value);
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}

function nameOf(kind: string, value: string): string | null {
  switch (kind) {
    case 'DNS':
      // Only ASCII is folded: whatever else would become one name out of another.
      return `dns:${value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())}`;
    case 'URI':
      return `uri:${value}`;
    case 'email':
      return `email:${value}`;
    case 'IP Address': {
      const address = canonicalAddress(value);
      return address === null ? null : `ip:${address}`;
    }
    default:
      return null;
  }
}
