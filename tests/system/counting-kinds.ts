import { createMemoryLimiter, createSystemClock, createSystemRandom } from '../../src/adapters/index.ts';
import type { KindTable } from '../../src/gateway/index.ts';
import { createKinds } from '../../src/main/kinds.ts';
import { unusedProofs } from '../../src/main/proof-memory.ts';
import { EMPTY_DESK, type KindPorts } from '../../src/policy/index.ts';

/** The kinds as they run in a gateway thread, with a limiter that has counted nothing yet; no keys come, nothing is kept. */
export function countingKinds(more: Partial<KindPorts> = {}): KindTable {
  return createKinds({
    clock: createSystemClock(),
    limiter: createMemoryLimiter(),
    keys: { want: () => null },
    desk: EMPTY_DESK,
    proofs: unusedProofs(),
    tagKey: new Uint8Array(32),
    random: createSystemRandom(),
    originals: { keep: () => null },
    log: { write() {} },
    scanner: { scan: async () => await Promise.resolve({ kind: 'clean' }) },
    alerts() {},
    ...more,
  });
}
