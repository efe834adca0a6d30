export { Discovery, type DiscoveryOptions, type HeldTargets, type WantedSource } from './discovery.ts';
export type { SourceStatus } from './keeper.ts';
