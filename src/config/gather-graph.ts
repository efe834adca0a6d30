import { gatherSecret, type Work } from './gather-work.ts';

/** Reads the secrets that Microsoft Graph is asked with. */
export async function gatherGraph(work: Work): Promise<void> {
  for (const { path, claims } of work.parsed.config.issuers) {
    const overage = claims.groups?.overage ?? 'refuse';
    if (overage !== 'refuse') await gatherSecret(work, `${path}.claims.groups.overage.graph.secret`, overage.secret);
  }
}
