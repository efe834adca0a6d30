import { createCipheriv, createHash } from 'node:crypto';
import type { Random } from '../../ports/index.ts';

/**
 * The same bytes for the same seed, for simulations and tests: the key stream of AES-256-CTR under the hash of the
 * seed. It passes every statistical test that real randomness passes, and hides nothing from who knows the seed.
 */
export function createSeededRandom(seed: number | string): Random {
  const key = createHash('sha256').update(`portcullis simulation ${seed}`).digest();
  const stream = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  return {
    fill(bytes) {
      bytes.set(stream.update(new Uint8Array(bytes.length)));
    },
  };
}
