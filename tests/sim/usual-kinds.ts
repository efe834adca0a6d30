import {
  createFilesKind,
  createOutputEncodingKind,
  createUpstreamErrorsKind,
  type PolicyKind,
} from '../../src/policy/index.ts';

const NO_SCANS = { verdict: () => Promise.reject(new Error('nothing is scanned here')) };

/** The kinds that stand for every API of which nothing is said. */
export function usualKinds(): readonly PolicyKind<unknown>[] {
  return [
    createUpstreamErrorsKind({ originals: { keep: () => null } }) as PolicyKind<unknown>,
    createOutputEncodingKind() as PolicyKind<unknown>,
    createFilesKind({ clock: { monotonic: () => 0 }, scans: NO_SCANS }) as PolicyKind<unknown>,
  ];
}
