// The library's container looks for Reflect.getMetadata while it loads, so this import must stay the first.
import 'reflect-metadata';
import { AuthorityKeyIdentifierExtension, X509Certificate as EncodedCertificate } from '@peculiar/x509';
import type { X509Certificate } from 'node:crypto';
import { err, ok, type Result } from '../../base/index.ts';
import type { Random } from '../../ports/index.ts';
import { fraction } from '../schedule.ts';
import { type AcmeFault, fault } from './fault.ts';
import { member, readJson, textOf } from './reply-values.ts';
import type { AcmeSession } from './session.ts';

const SOONEST_MS = 60_000;
const LATEST_MS = 86_400_000;
const STANDARD_MS = 6 * 3_600_000;

/** When the CA wants a certificate to be renewed (RFC 9773 §4.2), wall time in milliseconds. */
export interface RenewalAdvice {
  readonly startMs: number;
  readonly endMs: number;
  /** How long until it is worth asking again: a minute to a day. */
  readonly askAgainMs: number;
}

/** By what a CA knows one of its certificates (RFC 9773 §4.1): key identifier of its issuer, and serial number; or null. */
export function certificateId(certificate: X509Certificate): string | null {
  try {
    const encoded = new EncodedCertificate(certificate.raw);
    const issuer = encoded.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
    if (issuer === undefined) return null;
    const serial = Buffer.from(
      encoded.serialNumber.length % 2 === 0 ? encoded.serialNumber : `0${encoded.serialNumber}`,
      'hex',
    );
    // As DER has it: a zero octet before a set top bit, so that the number stays positive.
    const octets = (serial[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), serial]) : serial;
    return `${Buffer.from(issuer, 'hex').toString('base64url')}.${octets.toString('base64url')}`;
  } catch {
    return null;
  }
}

/** Asks the CA; null where it gives no such advice. */
export async function renewalAdvice(
  session: AcmeSession,
  id: string,
): Promise<Result<RenewalAdvice | null, AcmeFault>> {
  const directory = await session.directory();
  if (!directory.ok) return directory;
  if (directory.value.renewalInfo === null) return ok(null);
  const reply = await session.get(`${directory.value.renewalInfo.replace(/\/$/, '')}/${id}`);
  if (!reply.ok) return reply;
  const window = member(readJson(reply.value.body), 'suggestedWindow');
  const [startMs, endMs] = ['start', 'end'].map((name) => Date.parse(textOf(member(window, name)) ?? ''));
  if (startMs === undefined || endMs === undefined || !(startMs < endMs)) {
    return err(fault('malformedReply', 'the CA suggests no window of time in which to renew'));
  }
  const askAgainMs = Math.min(Math.max(reply.value.retryAfterMs ?? STANDARD_MS, SOONEST_MS), LATEST_MS);
  return ok({ startMs, endMs, askAgainMs });
}

/** A moment in the window, by chance, so that not all come at once (RFC 9773 §4.2). */
export function chosenMoment({ startMs, endMs }: RenewalAdvice, random: Random): number {
  return startMs + fraction(random) * (endMs - startMs);
}
