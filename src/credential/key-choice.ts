import { err, ok, type Result } from '../base/index.ts';
import type { KeyRow } from './key-row.ts';
import type { SignatureAlgorithm } from './token-profile.ts';

/** Keys of one name and one algorithm that are tried, each at the price of a signature check. */
const TRIES = 4;

/** What a token says of its key. */
export interface WantedKey {
  readonly kid: string | null;
  readonly algorithm: SignatureAlgorithm;
  /** Of an issuer with many tenants: the names of it that a key may be meant for; else null. */
  readonly issuers: readonly string[] | null;
}

/**
 * The keys of an issuer that a token may mean (RFC 7515 §4.1.4, RFC 8725 §3.1). By name: those of that name which are
 * for this algorithm. Without a name: the only one for this algorithm, since trying all would let a token choose.
 * `unknown-key` means that newer keys may have it, `key-choice` that they would not help.
 */
export function chooseKeys(
  rows: ReadonlyMap<string, KeyRow>,
  { kid, algorithm, issuers }: WantedKey,
): Result<readonly KeyRow[], 'unknown-key' | 'key-choice'> {
  const fitting: KeyRow[] = [];
  let named = 0;
  for (const row of rows.values()) {
    if (kid !== null && row.kid !== kid) continue;
    if (issuers !== null && row.issuer !== undefined && !issuers.includes(row.issuer)) continue;
    named++;
    if (row.algorithms.includes(algorithm)) fitting.push(row);
  }
  if (named === 0) return err('unknown-key');
  const most = kid === null ? 1 : TRIES;
  return fitting.length === 0 || fitting.length > most ? err('key-choice') : ok(fitting);
}
