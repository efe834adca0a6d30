import { randomFillSync } from 'node:crypto';
import type { Random } from '../../ports/index.ts';

/** The operating system's randomness, by way of OpenSSL's generator. */
export function createSystemRandom(): Random {
  return {
    fill(bytes) {
      randomFillSync(bytes);
    },
  };
}
