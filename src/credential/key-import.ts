import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyRow } from './key-row.ts';
import { rsaFault } from './key-set-rsa.ts';

// Rows are replaced with their table, so what is made of them lives as long as they do.
const imported = new WeakMap<KeyRow, KeyObject | null>();

/**
 * The key of a row, made once for each row, or null for one that must not be trusted: RSA that is too short, too long
 * or otherwise broken, a point that is not on its curve, any other type. Rows come out of `readKeySet`, which skips
 * such keys already; a signature is not to hold because of what happened on the way from there.
 */
export function importKey(row: KeyRow): KeyObject | null {
  const known = imported.get(row);
  if (known !== undefined) return known;
  const key = soundKeyOf(row);
  imported.set(row, key);
  return key;
}

function soundKeyOf({ jwk }: KeyRow): KeyObject | null {
  const key = publicKeyOf(jwk);
  if (key === null) return null;
  if (key.asymmetricKeyType === 'rsa') return rsaFault(octetsOf(jwk['n']), octetsOf(jwk['e'])) === null ? key : null;
  return key.asymmetricKeyType === 'ec' || key.asymmetricKeyType === 'ed25519' ? key : null;
}

/** Node throws for what is no key, points off their curve among it. */
function publicKeyOf(jwk: KeyRow['jwk']): KeyObject | null {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    return null;
  }
}

function octetsOf(member: string | undefined): Uint8Array {
  return Buffer.from(member ?? '', 'base64url');
}
