import { createHmac, createSecretKey } from 'node:crypto';

/** Whom a pseudonym stands for. */
export interface Pseudonymous {
  readonly issuer: string;
  readonly subject: string;
}

const LENGTH_BYTES = 16;

/**
 * Gives everybody a name for the ledger that says nothing of who it is, and is the same for the same issuer and
 * subject for as long as the key is: the first 128 bits of HMAC-SHA-256 under it, in base64url. The key is that of the
 * keyring for this purpose, at least 32 bytes.
 */
export function createPseudonyms(key: Uint8Array): (whom: Pseudonymous) => string {
  if (key.length < 32) throw new RangeError(`a key of ${key.length} bytes`);
  // Made once: the key as bytes would be taken in anew for each name, which costs as much as the name itself.
  const own = createSecretKey(key);
  return ({ issuer, subject }) => {
    // As JSON no issuer and subject read like another pair, and halves of surrogate pairs stay apart.
    const text = JSON.stringify([issuer, subject]);
    return createHmac('sha256', own).update(text).digest().subarray(0, LENGTH_BYTES).toString('base64url');
  };
}
