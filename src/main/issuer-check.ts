import { err, ok, type Result } from '../base/index.ts';
import type { IssuerKeysFound } from '../cli/index.ts';
import type { Config } from '../config/index.ts';
import { fetchIssuerKeys, KEY_SET_LIMIT_BYTES, readKeySet } from '../credential/index.ts';
import type { HostPorts } from './host-ports.ts';

/** The keys of an issuer, fetched or read as the gateway does it; the error says why there are none. */
export async function findIssuerKeys(
  { egress, files }: Pick<HostPorts, 'egress' | 'files'>,
  { name, issuer, caFile, keys: origin }: Config['issuers'][number],
): Promise<Result<IssuerKeysFound, string>> {
  if (origin.kind !== 'file') {
    const authority = caFile === undefined ? null : await files.read(caFile, KEY_SET_LIMIT_BYTES);
    if (authority !== null && !authority.ok) return err(authority.error.detail);
    const ca = authority === null ? {} : { ca: Buffer.from(authority.value).toString('latin1') };
    const fetched = await fetchIssuerKeys({ name, issuer, origin, ...ca }, egress);
    if (!fetched.ok) return fetched;
    const { url, rows, skipped, dateMs } = fetched.value;
    return ok({ place: url, usable: rows.length, skipped, dateMs });
  }
  const read = await files.read(origin.path, KEY_SET_LIMIT_BYTES);
  if (!read.ok) return err(read.error.detail);
  const set = readKeySet(read.value);
  if (!set.ok) return err(`${origin.path} can't be used as a key set: ${set.error}`);
  return ok({ place: origin.path, usable: set.value.rows.length, skipped: set.value.skipped, dateMs: null });
}
