import { createHmac } from 'node:crypto';
import { createReplayMemory, createSharedReplays, type ReplayMemory } from '../adapters/threads.ts';
import { DpopNonces } from '../credential/index.ts';
import type { KindPorts } from '../policy/index.ts';
import type { Meter } from '../ports/index.ts';

/** What gateway threads judge proofs of possession with: what was used, and the key of their nonces. */
export interface ProofMemory {
  readonly replays: ReplayMemory;
  /** 32 bytes, secret, and another for each run: whoever holds an older nonce proves nothing to this one. */
  readonly nonceKey: Uint8Array;
}

/** How many bytes such a key has. */
const NONCE_KEY_BYTES = 32;

/** Makes them for a run. */
export function createProofMemory(fillRandom: (bytes: Uint8Array) => void, nowMs: number): ProofMemory {
  const nonceKey = new Uint8Array(NONCE_KEY_BYTES);
  fillRandom(nonceKey);
  return { replays: createReplayMemory({ fillRandom, nowMs }), nonceKey };
}

/** The same in one thread. */
export function openProofs({ replays, nonceKey }: ProofMemory, meter: Meter): KindPorts['proofs'] {
  return { replays: createSharedReplays(replays, meter), nonces: new DpopNonces(nonceKey) };
}

/** The key of entity tags in all threads, by which no nonce can be told. */
export function tagKeyOf({ nonceKey }: ProofMemory): Uint8Array {
  return createHmac('sha256', nonceKey).update('entity tags').digest();
}

/** For whoever only builds configurations or rehearses requests: nothing is used, and nobody knows its nonces. */
export function unusedProofs(): KindPorts['proofs'] {
  return {
    replays: { sinceMs: 0, use: () => 'first' },
    nonces: { newest: () => 'rehearsed', madeAtMs: () => null },
  };
}
