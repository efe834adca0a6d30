import { checked, gatherFile, type Work } from './gather-work.ts';
import { PEM_LIMIT_BYTES, readCertificates } from './tls-material.ts';

/** Reads the CAs that vouch for Vault, which are then watched as all files are. */
export async function gatherVault(work: Work): Promise<void> {
  const caFile = work.parsed.config.secrets.vault?.source.caFile ?? null;
  if (caFile === null) return;
  const path = 'secrets.vault.ca';
  const bytes = await gatherFile(work, path, caFile, PEM_LIMIT_BYTES);
  if (bytes !== null) checked(work, path, readCertificates(bytes));
}
