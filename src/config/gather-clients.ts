import type { X509Certificate } from 'node:crypto';
import { errorIssue, judgeNode } from '../base/index.ts';
import { clientTrusts } from './client-trust.ts';
import { callerTrusts } from './clients.ts';
import type { ClientTrustConfig } from './config.ts';
import { readClientAuthorities } from './client-authorities.ts';
import { checked, complain, gatherFile, placeOf, type Work } from './gather-work.ts';
import { type ReadTrust, tellOfNamesakes } from './namesake-authorities.ts';
import { PEM_LIMIT_BYTES } from './tls-material.ts';
import { words } from './words.ts';

const DAY_MS = 86_400_000;

/** Some 20,000 revoked certificates: they take a second to read. */
const LISTS_LIMIT_BYTES = 1024 * 1024;

/**
 * Reads the CAs that vouch for clients, and what these have revoked, and puts of both what counts into the table of
 * files. Without the time, or Node's version, nobody can be judged, and that is an issue.
 */
export async function gatherClients(work: Work): Promise<void> {
  const trusts = clientTrusts(work.parsed.config);
  const [first] = trusts;
  if (first === undefined) return;
  const { machine } = work;
  if (machine === undefined) {
    complain(work, `${first.path}.clientCa`, 'certificates of clients can not be judged here');
    return;
  }
  const { below, words: standing } = judgeNode(machine.nodeVersion);
  if (below && !work.parsed.config.server.https.acceptNodeBelowFloor) {
    const fix = 'use a newer Node, or write acceptNodeBelowFloor: true';
    complain(work, `${first.path}.clientCa`, words(`${standing}, in the judging of clients too`, fix));
  }
  const authorityFiles = new Set(trusts.map(({ caFile }) => caFile));
  const calling = callerTrusts(work.parsed.config);
  const read: ReadTrust[] = [];
  for (const trust of trusts) {
    if (trust.crlFile !== null && authorityFiles.has(trust.crlFile)) {
      const fix = 'keep lists in a file of their own';
      complain(work, `${trust.path}.clientCrl`, words('this file is a `clientCa`', fix));
      continue;
    }
    const certificates = await gatherTrust(work, trust, machine.now());
    if (calling.has(trust.path)) read.push({ trust, certificates });
  }
  tellOfNamesakes(work, read);
}

/** Gives the CAs; none where they could not be read, which has been told. */
async function gatherTrust(
  work: Work,
  { caFile, crlFile, path }: ClientTrustConfig,
  nowMs: number,
): Promise<readonly X509Certificate[]> {
  const bytes = await gatherFile(work, `${path}.clientCa`, caFile, PEM_LIMIT_BYTES);
  const authorities = bytes === null ? null : checked(work, `${path}.clientCa`, readClientAuthorities(bytes, nowMs));
  const lists = crlFile === null ? null : await gatherFile(work, `${path}.clientCrl`, crlFile, LISTS_LIMIT_BYTES);
  if (authorities === null) return [];
  const { certificates, pem } = authorities;
  work.gatheredFiles.set(caFile, new TextEncoder().encode(pem));
  if (crlFile === null || lists === null) return certificates;
  // The library that reads lists is loaded by those who have one.
  const { readRevocationLists } = await import('./revocation-lists.ts');
  const at = `${path}.clientCrl`;
  const read = checked(work, at, await readRevocationLists(lists, certificates, nowMs));
  if (read === null) return certificates;
  work.gatheredFiles.set(crlFile, new TextEncoder().encode(read.pem));
  if (read.endsAtMs - nowMs <= DAY_MS) warnOfEnd(work, at, read.endsAtMs > nowMs, read.endsAtMs);
  return certificates;
}

function warnOfEnd(work: Work, at: string, isAhead: boolean, endsAtMs: number): void {
  const ended = new Date(endsAtMs).toISOString();
  const message = isAhead
    ? `a list of this file ends at ${ended}: no client comes in behind that`
    : `a list of this file ended at ${ended}: no client of its CA comes in`;
  const issue = errorIssue(at, message, { place: placeOf(work, at), fix: 'fetch a newer one' });
  work.warnings.push({ ...issue, severity: 'warning' });
}
