/**
 * The adapters of the threads beside the main one: the narrow door of this room. Nothing behind it loads a database or
 * a library for schemas, so that a thread starts sooner and takes less memory.
 */
export { createIcapScanner } from './embedded/icap-scanner.ts';
export { createLedgerSegments } from './embedded/ledger-segments.ts';
export type { LimiterMemory } from './embedded/limiter-memory.ts';
export { createMemoryTables } from './embedded/memory-tables.ts';
export { createSharedLeases } from './embedded/shared-leases.ts';
export { createSharedLimiter } from './embedded/shared-limiter.ts';
export { createReplayMemory, createSharedReplays, type ReplayMemory } from './embedded/shared-replays.ts';
export { createSharedMeter, type MeterSeries } from './embedded/shared-meter.ts';
export { createSystemClock } from './embedded/system-clock.ts';
export { createSystemRandom } from './embedded/system-random.ts';
export { yieldToOtherThreads } from './embedded/thread-niceness.ts';
export { createUnrecordedLedger } from './embedded/unrecorded-ledger.ts';
