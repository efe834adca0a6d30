import { checked, gatherFile, type Work } from './gather-work.ts';
import { PEM_LIMIT_BYTES, readCertificates } from './tls-material.ts';

/** Reads the CAs that vouch for issuers. */
export async function gatherIssuers(work: Work): Promise<void> {
  for (const { caFile, path } of work.parsed.config.issuers) {
    const at = `${path}.ca`;
    const bytes = caFile === undefined ? null : await gatherFile(work, at, caFile, PEM_LIMIT_BYTES);
    if (bytes !== null) checked(work, at, readCertificates(bytes));
  }
}
