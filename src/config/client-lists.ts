import type { Config } from './config.ts';
import { readClientAuthorities } from './client-authorities.ts';
import { clientTrusts } from './client-trust.ts';
import { splitWords } from './words.ts';

/** A file of revoked certificates: when the first list of it ends, or in words why it can't be used. */
export interface ClientList {
  readonly file: string;
  readonly found: { readonly endsAtMs: number } | { readonly fault: string };
}

/** Looks at the lists of revoked certificates that a configuration names; `read` gives null for what can't be read. */
export async function lookAtLists(
  config: Config,
  read: (file: string) => Promise<Uint8Array | null>,
  nowMs: number,
): Promise<readonly ClientList[]> {
  const lists: ClientList[] = [];
  for (const { caFile, crlFile } of clientTrusts(config)) {
    if (crlFile === null || lists.some(({ file }) => file === crlFile)) continue;
    const [authorities, bytes] = [await read(caFile), await read(crlFile)];
    const unread = authorities === null ? caFile : crlFile;
    const found =
      authorities === null || bytes === null
        ? { fault: `${unread} can't be read` }
        : await judge(authorities, bytes, nowMs);
    lists.push({ file: crlFile, found });
  }
  return lists;
}

async function judge(authorities: Uint8Array, lists: Uint8Array, nowMs: number): Promise<ClientList['found']> {
  const known = readClientAuthorities(authorities, nowMs);
  if (!known.ok) return { fault: `its CAs: ${splitWords(known.error).message}` };
  const { readRevocationLists } = await import('./revocation-lists.ts');
  const read = await readRevocationLists(lists, known.value.certificates, nowMs);
  return read.ok ? { endsAtMs: read.value.endsAtMs } : { fault: splitWords(read.error).message };
}
