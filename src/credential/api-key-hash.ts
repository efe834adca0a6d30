import { hash } from 'node:crypto';

/** Hashes the text of an API key: base64 of its HMAC-SHA-256. */
export type ApiKeyHash = (text: string) => string;

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** What is longer is no key, and is hashed as far as a key could reach: whoever sends it learns no more by the time it takes. */
const TEXT_LIMIT_CHARACTERS = 128;

/**
 * HMAC-SHA-256 (RFC 2104) of short texts of ASCII, under a key of at most 64 bytes. Each hash is two calls of the
 * system's SHA-256, which takes half the time of an HMAC object, and every request with an API key needs one.
 */
export function createApiKeyHash(key: Uint8Array): ApiKeyHash {
  if (key.byteLength < DIGEST_BYTES || key.byteLength > BLOCK_BYTES) {
    throw new RangeError(`a key of ${key.byteLength} bytes for the hash of API keys`);
  }
  const inner = Buffer.alloc(BLOCK_BYTES + TEXT_LIMIT_CHARACTERS);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  for (let at = 0; at < BLOCK_BYTES; at++) {
    inner[at] = (key[at] ?? 0) ^ 0x36;
    outer[at] = (key[at] ?? 0) ^ 0x5c;
  }
  return (text) => {
    const written = inner.write(text, BLOCK_BYTES, TEXT_LIMIT_CHARACTERS, 'latin1');
    outer.write(hash('sha256', inner.subarray(0, BLOCK_BYTES + written), 'latin1'), BLOCK_BYTES, 'latin1');
    // No key stays in memory behind its request.
    inner.fill(0, BLOCK_BYTES);
    return hash('sha256', outer, 'base64');
  };
}
