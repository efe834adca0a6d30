import { secretLine } from '../base/index.ts';
import { isAsked } from '../policy/index.ts';
import { gatherChain } from './gather-certificates.ts';
import { checked, complain, gatherFile, gatherSecret, type Work } from './gather-work.ts';
import { checkKey, PEM_LIMIT_BYTES, readCertificates } from './tls-material.ts';
import { checkShown } from './upstream-tls.ts';

/** Reads what the gateway shows to issuers that it asks about tokens, and by what they are verified. */
export async function gatherIntrospection(work: Work): Promise<void> {
  for (const { introspection, caFile: shared } of work.parsed.config.issuers.filter(isAsked)) {
    const { client, caFile, path } = introspection;
    // What holds of the whole issuer was read with it.
    const isOwn = caFile !== null && caFile !== shared;
    const ca = !isOwn ? null : await gatherFile(work, `${path}.ca`, caFile, PEM_LIMIT_BYTES);
    if (ca !== null) checked(work, `${path}.ca`, readCertificates(ca));
    if (client.kind === 'secret') await gatherClientSecret(work, `${path}.client.secret`, client.secret);
    else await gatherClientKey(work, `${path}.client`, client);
  }
}

async function gatherClientSecret(work: Work, path: string, reference: string): Promise<void> {
  const bytes = await gatherSecret(work, path, reference);
  // RFC 6749 §A.2: visible characters of ASCII, and spaces.
  if (bytes !== null && !/^[\x20-\x7e]{1,1024}$/.test(secretLine(bytes))) {
    complain(work, path, 'this secret is not one line of plain ASCII');
  }
}

async function gatherClientKey(
  work: Work,
  path: string,
  client: { readonly key: string; readonly certificate?: string },
): Promise<void> {
  const { certificate, key: reference } = client;
  const certificates = certificate === undefined ? null : await gatherChain(work, `${path}.cert`, certificate);
  const leaf = certificates?.[0];
  if (leaf !== undefined) checked(work, `${path}.cert`, checkShown(leaf, work.machine?.now() ?? null));
  const key = await gatherSecret(work, `${path}.key`, reference);
  if (key !== null) checked(work, `${path}.key`, checkKey(key, certificates));
}
