import type { Limiter, Meter } from '../../ports/index.ts';
import { createLimiterMemory } from './limiter-memory.ts';
import { createSharedLimiter } from './shared-limiter.ts';
import { createSystemRandom } from './system-random.ts';

/** The shared limiter with memory of its own, for whoever has one thread; it takes times as they come. */
export function createMemoryLimiter(options: { readonly keyLimit?: number; readonly meter?: Meter } = {}): Limiter {
  const { keyLimit, meter } = options;
  const memory = createLimiterMemory({
    fillRandom: (bytes) => createSystemRandom().fill(bytes),
    ...(keyLimit === undefined ? {} : { keyLimit }),
  });
  return createSharedLimiter({ memory, offsetMs: 0, ...(meter === undefined ? {} : { meter }) });
}
