import { err, ok, type Result } from '../../base/index.ts';
import type { CertificateMaterial, Random } from '../../ports/index.ts';
import { checkPair } from '../certificate-pair.ts';
import { coversName } from '../choose.ts';
import type { Validity } from '../issue.ts';
import { parseChain } from '../pem.ts';
import { fraction } from '../schedule.ts';
import type { CertificateRecord } from './records.ts';
import { certificateId } from './renewal-info.ts';

/** A certificate that a CA gave and that may be served. */
export interface Issued extends Validity {
  readonly record: CertificateRecord;
  readonly material: CertificateMaterial;
  readonly fingerprint: string;
  /** By what the CA knows it; null where it has no such id. */
  readonly id: string | null;
  /** Two thirds of its life, a little earlier by chance: when it is renewed where the CA gives no advice. */
  readonly renewAtMs: number;
}

/**
 * Judges a certificate that is said to be for `name`, as one from a file would be judged, and whether it is for the name
 * and the key at all. What a CA gives is as foreign as any input. The error is in words for the operator.
 */
export function judgeIssued(
  name: string,
  record: CertificateRecord,
  at: { readonly nowMs: number; readonly random: Random },
): Result<Issued, string> {
  const encoder = new TextEncoder();
  const pair = checkPair(encoder.encode(record.chain), encoder.encode(record.key), at.nowMs);
  if (!pair.ok) return pair;
  const { material, fingerprint, notBeforeMs, notAfterMs } = pair.value;
  if (!coversName(material.names, name)) return err(`the certificate is for ${material.names.join(', ')}, not ${name}`);
  const chain = parseChain(material.chainPem);
  if (!chain.ok) return err(`the certificate ${chain.error}`);
  const lifeMs = notAfterMs - notBeforeMs;
  return ok({
    record,
    // For what we asked and nothing else: whatever more a CA may have put into it.
    material: { ...material, names: [name], origin: 'acme' },
    fingerprint,
    id: certificateId(chain.value[0]),
    renewAtMs: notBeforeMs + (lifeMs * 2) / 3 - (fraction(at.random) * lifeMs) / 20,
    notBeforeMs,
    notAfterMs,
  });
}
